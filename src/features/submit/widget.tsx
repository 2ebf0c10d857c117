import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
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
