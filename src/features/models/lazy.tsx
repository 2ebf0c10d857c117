import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ModelsModel } from '../../models/modelsModel';
import '../../../style/tabs.css';
import { ModelList } from './components/modelList';

/** Everything of models that is not needed before somebody looks at one. */
export { ModelsModel } from '../../models/modelsModel';
export { createLineageTab } from './lineageTab';
export { createModelTab } from './modelTab';
export { registerModel } from './registerDialog';

/** Make the list of the section. */
export function createModelList(
  model: ModelsModel,
  commands: CommandRegistry,
  trans: TranslationBundle
): ReactWidget {
  return ReactWidget.create(
    <ModelList model={model} commands={commands} trans={trans} />
  );
}
