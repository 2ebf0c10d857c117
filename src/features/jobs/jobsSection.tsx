import type { TranslationBundle } from '@jupyterlab/translation';
import {
  ReactWidget,
  ToolbarButton,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { JobListModel } from '../../models/jobListModel';
import type { JobsModel } from '../../models/jobsModel';
import { LazySection } from '../../shared/lazySection';
import { useSignal } from '../../shared/useSignal';
import { CommandIDs } from '../../tokens';
import { activityText } from './words';

/** Make the section Jobs of the side bar panel, and what asks again for its list. */
export function createJobsSection(options: {
  jobs: JobsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): { section: LazySection; reload: () => Promise<void> } {
  const { jobs, commands, trans } = options;
  let shown: JobListModel | null = null;
  const section = new LazySection({
    id: 'studio-jobs-section',
    label: trans.__('Jobs'),
    makeBody: async () => {
      const { createJobList } = await import('./lazy');
      const { list, model } = createJobList(jobs, commands, trans);
      shown = model;
      return list;
    },
    trans
  });
  const count = ReactWidget.create(<RunningCount jobs={jobs} trans={trans} />);
  const refresh = new ToolbarButton({
    icon: refreshIcon,
    tooltip: trans.__('Look for changes now'),
    onClick: () => void commands.execute(CommandIDs.refreshJobs)
  });
  section.toolbar.addItem('count', count);
  section.toolbar.addItem('refresh', refresh);
  return { section, reload: async () => shown?.load() };
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
