import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';
import React from 'react';
import type { StudioClient } from '../../client';
import type { DiffPart } from '../../contract';
import { diffIcon } from '../../shared/icons';
import '../../../style/base.css';
import '../../../style/tabs.css';
import { DiffView } from './components/diffView';
import { DiffModel } from './diffModel';

/** The content of the tab. */
export class DiffContent extends ReactWidget {
  constructor(
    readonly model: DiffModel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-StudioDiffs');
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    return <DiffView model={this.model} trans={this._trans} />;
  }
}

export interface IDiffTabOptions {
  client: StudioClient;
  /** Two to four run ids. */
  runs: readonly string[];
  section?: DiffPart;
  trans: TranslationBundle;
}

/** Make the tab in which trials are held against each other. */
export function createDiffTab(
  options: IDiffTabOptions
): MainAreaWidget<DiffContent> {
  const { client, runs, section, trans } = options;
  const model = new DiffModel(client.trials, runs, section);
  const widget = new MainAreaWidget({
    content: new DiffContent(model, trans)
  });
  widget.toolbar.hide();
  widget.id = `studio-diffs-${UUID.uuid4()}`;
  widget.title.icon = diffIcon;
  widget.title.closable = true;
  const title = () => {
    const names = [model.first, model.second].map(run => model.name(run));
    widget.title.label = names.join(' ↔ ');
    widget.title.caption = trans.__('Differences of %1 and %2', ...names);
  };
  model.changed.connect(title);
  title();
  return widget;
}
