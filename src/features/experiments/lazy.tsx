import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ExperimentsModel } from '../../models/experimentsModel';
import '../../../style/base.css';
import '../../../style/lists.css';
import { ExperimentList } from './components/experimentList';

/** What is not needed before somebody looks at experiments. */
export { ExperimentsModel } from '../../models/experimentsModel';

/** Make the list of the section. */
export function createExperimentList(
  model: ExperimentsModel,
  commands: CommandRegistry,
  trans: TranslationBundle
): ReactWidget {
  return ReactWidget.create(
    <ExperimentList model={model} commands={commands} trans={trans} />
  );
}
