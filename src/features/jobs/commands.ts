import type { JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  Dialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  copyIcon,
  deleteIcon,
  notebookIcon,
  redoIcon,
  refreshIcon,
  saveIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { asRequestError } from '../../client';
import type { JobsModel } from '../../models/jobsModel';
import { experimentIcon, jobIcon, logIcon } from '../../shared/icons';
import { CommandIDs } from '../../tokens';

/** Tabs of a job, in their order. */
export const JOB_TABS = [
  'overview',
  'log',
  'notebook',
  'metrics',
  'resources',
  'files'
] as const;

export type JobTabName = (typeof JOB_TABS)[number];

export interface IJobCommandsOptions {
  app: JupyterFrontEnd;
  documents: IDocumentManager;
  jobs: JobsModel;
  trans: TranslationBundle;
  /** Show a job's tab. */
  open: (id: string, tab?: JobTabName) => Promise<unknown>;
  /** Id of the job whose tab is in front. */
  current: () => string | null;
  /** Ask again for the list of jobs. */
  reload: () => Promise<void>;
}

/** Every deed that concerns one job is a command with its id as `id`. */
export function addJobCommands(options: IJobCommandsOptions): void {
  const { app, documents, jobs, trans, open } = options;
  const { commands } = app;
  const { client } = jobs;

  /** The job meant: given, the one that was right-clicked, or in front. */
  function jobOf(args: ReadonlyPartialJSONObject): string | null {
    if (typeof args['id'] === 'string') {
      return args['id'];
    }
    // Elsewhere it would be what was right-clicked some time ago.
    const row =
      args['fromMenu'] === true
        ? app.contextMenuHitTest(node => node.dataset['jobId'] !== undefined)
        : undefined;
    return row?.dataset['jobId'] ?? options.current();
  }

  function add(
    id: string,
    label: string | ((job: string | null) => string),
    icon: LabIcon,
    execute: (job: string, args: ReadonlyPartialJSONObject) => unknown
  ): void {
    commands.addCommand(id, {
      label: args => (typeof label === 'string' ? label : label(jobOf(args))),
      icon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            id: { type: 'string', description: trans.__('Id of the job') },
            tab: {
              type: 'string',
              description: trans.__('Tab of the job to show')
            },
            fromMenu: {
              type: 'boolean',
              description: trans.__(
                'Whether to take the row that was right-clicked'
              )
            }
          }
        }
      },
      isEnabled: args => jobOf(args) !== null,
      execute: async args => {
        const job = jobOf(args);
        return job === null
          ? undefined
          : guarded(() => execute(job, args), trans);
      }
    });
  }

  add(CommandIDs.openJob, trans.__('Open Job'), jobIcon, (id, args) =>
    open(id, toTab(args['tab']))
  );
  add(CommandIDs.showLog, trans.__('Show Log'), logIcon, id => open(id, 'log'));
  add(
    CommandIDs.stopJob,
    id =>
      jobs.active.find(job => job.id === id)?.stop_requested
        ? trans.__('Kill Job Now')
        : trans.__('Stop Job'),
    stopIcon,
    async id => jobs.take(await client.jobs.stop(id))
  );
  add(CommandIDs.runAgain, trans.__('Run Again…'), redoIcon, async id => {
    const job = await client.jobs.get(id);
    return commands.execute(CommandIDs.runAsJob, {
      path: job.notebook,
      job: id
    });
  });
  add(
    CommandIDs.openOutput,
    trans.__('Open Output Notebook'),
    notebookIcon,
    async id => {
      const { openOutput } = await import('./outputs');
      return openOutput(await client.jobs.get(id), documents, trans);
    }
  );
  add(
    CommandIDs.saveCopy,
    trans.__('Save a Copy of the Output Notebook'),
    saveIcon,
    async id => {
      const { saveCopy } = await import('./outputs');
      const job = await client.jobs.get(id);
      const path = await saveCopy(job, app.serviceManager.contents, trans);
      Notification.success(trans.__('Saved %1', path), {
        autoClose: 8000,
        actions: [
          {
            label: trans.__('Open'),
            callback: () => void documents.openOrReveal(path)
          }
        ]
      });
    }
  );
  add(CommandIDs.copyId, trans.__('Copy Job ID'), copyIcon, id => {
    Clipboard.copyToSystem(id);
  });
  add(
    CommandIDs.openJobTrial,
    trans.__('Show Trials of Its Experiment'),
    experimentIcon,
    async id => {
      const { trial } = await client.jobs.get(id);
      return commands.execute(CommandIDs.openExperiment, {
        name: trial.experiment
      });
    }
  );
  add(CommandIDs.deleteJob, trans.__('Delete Job…'), deleteIcon, id =>
    deleteJob(id, jobs, trans)
  );
  commands.addCommand(CommandIDs.refreshJobs, {
    label: trans.__('Refresh Jobs'),
    icon: refreshIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      await Promise.all([jobs.refresh(), options.reload()]);
    }
  });
}

/** Ask, delete, and offer to undo. */
async function deleteJob(
  id: string,
  jobs: JobsModel,
  trans: TranslationBundle
): Promise<void> {
  const { client } = jobs;
  const job = await client.jobs.get(id);
  const { button, isChecked } = await showDialog({
    title: trans.__('Delete %1?', job.name),
    body: trans.__('Its log, files and output notebook go with it.'),
    checkbox: job.trial.run_id
      ? {
          label: trans.__('Delete its trial too'),
          caption: trans.__('The trial in %1', job.trial.experiment),
          checked: false
        }
      : null,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ]
  });
  if (!button.accept) {
    return;
  }
  await client.jobs.delete(id, isChecked === true);
  jobs.drop(id);
  Notification.info(trans.__('Deleted %1', job.name), {
    autoClose: 10_000,
    actions: [
      {
        label: trans.__('Undo'),
        callback: () =>
          void guarded(
            async () => jobs.take(await client.jobs.restore(id)),
            trans
          )
      }
    ]
  });
}

/** Do something; what goes wrong is said, not thrown. */
export async function guarded(
  work: () => unknown,
  trans: TranslationBundle
): Promise<unknown> {
  try {
    return await work();
  } catch (reason) {
    const { message, hint } = asRequestError(reason);
    Notification.error(hint ? trans.__('%1 %2', message, hint) : message, {
      autoClose: 15_000
    });
    return undefined;
  }
}

function toTab(value: unknown): JobTabName | undefined {
  return JOB_TABS.find(name => name === value);
}
