import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import React from 'react';
import type { Job } from '../../contract';
import type { JobsModel } from '../../models/jobsModel';
import { jobIcon } from '../../shared/icons';
import { useSignal } from '../../shared/useSignal';
import { CommandIDs, DOMAIN, IJobsModel } from '../../tokens';
import { EndWatcher } from './endWatcher';
import { activityText, parametersText, reason, statusWord } from './words';

const PLUGIN_ID = 'studio_ext:job-notices';

/** Makes the rest of JupyterLab know about jobs. */
export const noticesPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Jobs in the running panel, the status bar and notifications.',
  autoStart: true,
  requires: [IJobsModel],
  optional: [
    ITranslator,
    IRunningSessionManagers,
    IStatusBar,
    ISettingRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    jobs: IJobsModel,
    translator: ITranslator | null,
    running: IRunningSessionManagers | null,
    statusBar: IStatusBar | null,
    registry: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    if (running) {
      addRunning(running, jobs, commands, trans);
    }
    if (statusBar) {
      addStatus(statusBar, jobs, commands, trans);
    }
    let notify = 'all';
    const watcher = new EndWatcher(jobs);
    watcher.ended.connect((_, job) => {
      if (
        notify === 'all' ||
        (notify === 'failed' && job.status === 'Failed')
      ) {
        announce(job, commands, trans);
      }
    });
    void registry?.load(PLUGIN_ID).then(settings => {
      const read = () => {
        notify = String(settings.composite['notify']);
      };
      read();
      settings.changed.connect(read);
    });
  }
};

function addRunning(
  running: IRunningSessionManagers,
  jobs: JobsModel,
  commands: CommandRegistry,
  trans: TranslationBundle
): void {
  const run = (id: string, job: Job) =>
    void commands.execute(id, { id: job.id });
  running.add({
    name: trans.__('Studio Jobs'),
    running: () =>
      jobs.active.map(job => ({
        icon: () => jobIcon,
        label: () => job.name,
        labelTitle: () =>
          [
            statusWord(job.status, job.secondary_status, trans),
            job.notebook,
            parametersText(job)
          ]
            .filter(Boolean)
            .join('\n'),
        detail: () =>
          job.status === 'InProgress'
            ? `${job.progress.done}/${job.progress.total}`
            : statusWord(job.status, job.secondary_status, trans),
        open: () => run(CommandIDs.openJob, job),
        shutdown: () => run(CommandIDs.stopJob, job)
      })),
    refreshRunning: () => void jobs.refresh(),
    runningChanged: jobs.jobsChanged,
    shutdownAll: () => {
      for (const job of jobs.active) {
        run(CommandIDs.stopJob, job);
      }
    },
    shutdownLabel: trans.__('Stop'),
    shutdownAllLabel: trans.__('Stop All'),
    shutdownAllConfirmationText: trans.__(
      'Are you sure you want to stop all jobs that have not ended?'
    )
  });
}

function addStatus(
  statusBar: IStatusBar,
  jobs: JobsModel,
  commands: CommandRegistry,
  trans: TranslationBundle
): void {
  const activeChanged = new Signal<JobsModel, void>(jobs);
  jobs.jobsChanged.connect(() => activeChanged.emit());
  statusBar.registerStatusItem('studio_ext:jobs', {
    item: ReactWidget.create(
      <JobsStatus jobs={jobs} commands={commands} trans={trans} />
    ),
    align: 'left',
    rank: 20,
    isActive: () => jobs.active.length > 0,
    activeStateChanged: activeChanged
  });
}

function JobsStatus(props: {
  jobs: JobsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element {
  const { jobs, commands, trans } = props;
  useSignal(jobs.jobsChanged);
  return (
    <button
      type="button"
      className="jp-StudioStatusItem"
      title={trans.__('Show jobs')}
      onClick={() => void commands.execute(CommandIDs.showPanel)}
    >
      <jobIcon.react tag="span" />
      {trans.__('Jobs: %1', activityText(jobs.active, trans))}
    </button>
  );
}

function announce(
  job: Job,
  commands: CommandRegistry,
  trans: TranslationBundle
): void {
  const run = (id: string) => void commands.execute(id, { id: job.id });
  const open = {
    label: trans.__('Open'),
    callback: () => run(CommandIDs.openJob)
  };
  if (job.status === 'Completed') {
    Notification.success(trans.__('%1 completed', job.name), {
      autoClose: 6000,
      actions: [open]
    });
  } else if (job.status === 'Failed') {
    Notification.error(trans.__('%1 failed: %2', job.name, reason(job)), {
      autoClose: 15_000,
      actions: [
        open,
        {
          label: trans.__('Show log'),
          callback: () => run(CommandIDs.showLog)
        }
      ]
    });
  } else {
    const word = statusWord(job.status, job.secondary_status, trans);
    Notification.info(trans.__('%1: %2', job.name, word), {
      autoClose: 6000,
      actions: [open]
    });
  }
}
