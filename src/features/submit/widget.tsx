import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import React from 'react';
import { baseName } from '../../shared/format';
import { runAsJobIcon } from '../../shared/icons';
import { SubmitForm } from './components/submitForm';
import type { SubmitModel } from './submitModel';

/** The Run as job form as the content of a tab. */
class SubmitContent extends ReactWidget {
  constructor(
    private readonly _model: SubmitModel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-StudioSubmit');
  }

  override dispose(): void {
    this._model.dispose();
    super.dispose();
  }

  /**
   * Ctrl+Enter runs also before a field has the focus: a tab that comes to
   * the front gives the focus to this node, around the form.
   */
  handleEvent(event: KeyboardEvent): void {
    if (
      event.target === this.node &&
      event.key === 'Enter' &&
      (event.ctrlKey || event.metaKey) &&
      this._model.state
    ) {
      event.preventDefault();
      event.stopPropagation();
      void this._model.submit();
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.node.addEventListener('keydown', this);
  }

  protected override onBeforeDetach(message: Message): void {
    this.node.removeEventListener('keydown', this);
    super.onBeforeDetach(message);
  }

  protected override render(): JSX.Element {
    return (
      <SubmitForm
        model={this._model}
        trans={this._trans}
        onCancel={() => this.parent?.close()}
      />
    );
  }
}

/** Make the tab for a form. */
export function createSubmitTab(
  model: SubmitModel,
  trans: TranslationBundle
): MainAreaWidget<ReactWidget> {
  const content = new SubmitContent(model, trans);
  const widget = new MainAreaWidget<ReactWidget>({ content });
  widget.toolbar.hide();
  const { notebooks } = model;
  widget.title.icon = runAsJobIcon;
  widget.title.label =
    notebooks.length === 1
      ? trans.__('Run %1', baseName(notebooks[0]))
      : trans.__('Run %1 notebooks', notebooks.length);
  widget.title.caption = trans.__('Run as job: %1', notebooks.join(', '));
  widget.title.closable = true;
  return widget;
}
