import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { StudioClient } from '../../client';
import type { LineageNode } from '../../contract';
import { LineageModel } from '../../models/lineageModel';
import type { ILineageRef } from '../../models/lineageModel';
import { lineageIcon } from '../../shared/icons';
import { CommandIDs } from '../../tokens';
import { LineageView } from './components/lineageView';
import { openTrial } from './otherCommands';
import { versionOf } from './words';

export interface ILineageTabOptions {
  root: ILineageRef;
  client: StudioClient;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** What a thing came from and what came from it, as the content of a tab. */
export class LineageContent extends ReactWidget {
  constructor(private readonly _options: ILineageTabOptions) {
    super();
    this.addClass('jp-StudioLineage');
    this.model = new LineageModel(_options.client, _options.root);
    void this.model.load();
  }

  readonly model: LineageModel;

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    const { commands, trans } = this._options;
    return (
      <LineageView
        model={this.model}
        onOpen={node => void openNode(commands, node)}
        trans={trans}
      />
    );
  }
}

/** Show the thing that a node stands for. */
function openNode(
  commands: CommandRegistry,
  node: LineageNode
): Promise<unknown> {
  const { kind, id, experiment } = node;
  switch (kind) {
    case 'trial':
      return openTrial(commands, { experiment, run: id });
    case 'job':
      return commands.execute(CommandIDs.openJob, { id });
    case 'model':
      return commands.execute(CommandIDs.openModel, versionOf(node));
    case 'data':
      return commands.execute(CommandIDs.openLineage, { kind, id });
  }
}

/** Make the tab of a lineage. */
export function createLineageTab(
  options: ILineageTabOptions
): MainAreaWidget<LineageContent> {
  const content = new LineageContent(options);
  const { trans, root } = options;
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `studio-lineage-${root.kind}-${encodeURIComponent(root.id)}`;
  widget.title.icon = lineageIcon;
  widget.title.label = trans.__('Lineage');
  widget.title.closable = true;
  content.model.changed.connect(model => {
    const label = model.nodes[0]?.label;
    if (label !== undefined) {
      widget.title.label = trans.__('Lineage of %1', label);
    }
  });
  return widget;
}
