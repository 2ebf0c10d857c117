import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ModelsModel } from '../../models/modelsModel';
import { SeenWidget } from '../../shared/seenWidget';
import '../../../style/base.css';
import '../../../style/lists.css';
import '../../../style/tabs.css';
import { ModelList } from './components/modelList';

/** Everything of models that is not needed before somebody looks at one. */
export { ModelsModel } from '../../models/modelsModel';
export { createLineageTab } from './lineageTab';
export { createModelTab } from './modelTab';
export { registerModel } from './registerDialog';

/** The list of the section; while it is seen, the models are followed. */
class ModelListWidget extends SeenWidget {
  constructor(
    private readonly _model: ModelsModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    super();
  }

  protected override onSeen(isSeen: boolean): void {
    this._model.setSeen(this, isSeen);
  }

  protected override render(): JSX.Element {
    return (
      <ModelList
        model={this._model}
        commands={this._commands}
        trans={this._trans}
      />
    );
  }
}

/** Make the list of the section. */
export function createModelList(
  model: ModelsModel,
  commands: CommandRegistry,
  trans: TranslationBundle
): ReactWidget {
  return new ModelListWidget(model, commands, trans);
}
