import type { TranslationBundle } from '@jupyterlab/translation';
import {
  PanelWithToolbar,
  ReactWidget,
  ToolbarButton,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import { JobListModel } from '../../models/jobListModel';
import type { JobsModel } from '../../models/jobsModel';
import { useSignal } from '../../shared/useSignal';
import { CommandIDs } from '../../tokens';
import { JobList } from './components/jobList';
import { activityText } from './words';

/** The section Jobs of the side bar panel. */
export class JobsSection extends PanelWithToolbar {
  constructor(options: {
    jobs: JobsModel;
    commands: CommandRegistry;
    trans: TranslationBundle;
  }) {
    super();
    const { jobs, commands, trans } = options;
    this.id = 'studio-jobs-section';
    this.addClass('jp-StudioSection');
    this.title.label = trans.__('Jobs');
    this.model = new JobListModel(jobs);
    const count = ReactWidget.create(
      <RunningCount jobs={jobs} trans={trans} />
    );
    this.toolbar.addItem('count', count);
    this.toolbar.addItem(
      'refresh',
      new ToolbarButton({
        icon: refreshIcon,
        tooltip: trans.__('Look for changes now'),
        onClick: () => void commands.execute(CommandIDs.refreshJobs)
      })
    );
    const list = ReactWidget.create(
      <JobList model={this.model} commands={commands} trans={trans} />
    );
    list.addClass('jp-StudioSection-body');
    this.addWidget(list);
  }

  readonly model: JobListModel;

  override dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
      super.dispose();
    }
  }
}

function RunningCount(props: {
  jobs: JobsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { jobs, trans } = props;
  useSignal(jobs.jobsChanged);
  return (
    <span className="jp-StudioSection-count" aria-live="polite">
      {activityText(jobs.active, trans)}
    </span>
  );
}
