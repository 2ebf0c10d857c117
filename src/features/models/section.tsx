import type { TranslationBundle } from '@jupyterlab/translation';
import {
  PanelWithToolbar,
  ReactWidget,
  ToolbarButton,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ModelsModel } from '../../models/modelsModel';
import { CommandIDs } from '../../tokens';
import { ModelList } from './components/modelList';

/** The section Models of the side bar panel. */
export class ModelsSection extends PanelWithToolbar {
  constructor(options: {
    model: ModelsModel;
    commands: CommandRegistry;
    trans: TranslationBundle;
  }) {
    super();
    const { model, commands, trans } = options;
    this.id = 'studio-models-section';
    this.addClass('jp-StudioSection');
    this.title.label = trans.__('Models');
    this.toolbar.addItem(
      'refresh',
      new ToolbarButton({
        icon: refreshIcon,
        tooltip: trans.__('Look for models now'),
        onClick: () => void commands.execute(CommandIDs.refreshModels)
      })
    );
    const list = ReactWidget.create(
      <ModelList model={model} commands={commands} trans={trans} />
    );
    list.addClass('jp-StudioSection-body');
    this.addWidget(list);
  }
}
