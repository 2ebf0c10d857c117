import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import { JobListModel } from '../../models/jobListModel';
import type { JobsModel } from '../../models/jobsModel';
import '../../../style/base.css';
import '../../../style/lists.css';
import { JobList } from './components/jobList';

/** Make the list of the section, and what it shows. */
export function createJobList(
  jobs: JobsModel,
  commands: CommandRegistry,
  trans: TranslationBundle
): { list: ReactWidget; model: JobListModel } {
  const model = new JobListModel(jobs);
  const list = ReactWidget.create(
    <JobList model={model} commands={commands} trans={trans} />
  );
  list.disposed.connect(() => model.dispose());
  return { list, model };
}
