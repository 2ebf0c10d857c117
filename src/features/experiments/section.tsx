import type { TranslationBundle } from '@jupyterlab/translation';
import {
  PanelWithToolbar,
  ReactWidget,
  ToolbarButton,
  addIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ExperimentsModel } from '../../models/experimentsModel';
import { CommandIDs } from '../../tokens';
import { ExperimentList } from './components/experimentList';

/** The section Experiments of the side bar panel. */
export class ExperimentsSection extends PanelWithToolbar {
  constructor(options: {
    model: ExperimentsModel;
    commands: CommandRegistry;
    trans: TranslationBundle;
  }) {
    super();
    const { model, commands, trans } = options;
    this.id = 'studio-experiments-section';
    this.addClass('jp-StudioSection');
    this.title.label = trans.__('Experiments');
    this.toolbar.addItem(
      'new',
      new ToolbarButton({
        icon: addIcon,
        tooltip: trans.__('New experiment'),
        onClick: () => void commands.execute(CommandIDs.newExperiment)
      })
    );
    const list = ReactWidget.create(
      <ExperimentList model={model} commands={commands} trans={trans} />
    );
    list.addClass('jp-StudioSection-body');
    this.addWidget(list);
  }
}
