import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { asRequestError } from '../../client';
import type { TrialDetail } from '../../contract';
import type { TrialModel } from '../../models/trialModel';
import { CommandIDs } from '../../tokens';

/** Something that can be done, as a button. */
export interface IDeed {
  label: string;
  title?: string;
  execute: () => void;
}

export interface ITrialDeedsOptions {
  model: TrialModel;
  commands: CommandRegistry;
  documents: IDocumentManager;
  trans: TranslationBundle;
  /** Address of MLflow's pages that the settings name; empty: none. */
  mlflowUrl: () => string;
}

/** What people do with a trial. Nothing here rejects: what goes wrong is said. */
export class TrialDeeds {
  constructor(private readonly _options: ITrialDeedsOptions) {}

  /** What can be done with the trial as it is; nothing where it is gone. */
  available(detail: TrialDetail): IDeed[] {
    const { commands, model, trans } = this._options;
    if (model.isGone) {
      return [];
    }
    const { job, trial, models } = detail;
    const deeds: IDeed[] = [];
    const add = (label: string, execute: () => unknown, title?: string) =>
      deeds.push({ label, title, execute: () => void execute() });
    if (!detail.is_deleted) {
      if (commands.hasCommand(CommandIDs.openComparison)) {
        add(trans.__('Compare with…'), () => this.compare());
      }
      if (models.length > 0 && commands.hasCommand(CommandIDs.registerModel)) {
        add(trans.__('Register model…'), () =>
          this._do(() =>
            commands.execute(CommandIDs.registerModel, { run: trial.run_id })
          )
        );
      }
    }
    if (commands.hasCommand(CommandIDs.openLineage)) {
      add(trans.__('Lineage'), () =>
        this._do(() =>
          commands.execute(CommandIDs.openLineage, {
            kind: 'trial',
            id: trial.run_id
          })
        )
      );
    }
    if (detail.code.notebook.endsWith('.ipynb')) {
      add(
        trans.__('Open notebook'),
        () => this.openNotebook(),
        detail.code.notebook
      );
    }
    if (job?.is_there) {
      add(trans.__('Run again…'), () =>
        this._do(() => commands.execute(CommandIDs.runAgain, { id: job.id }))
      );
    }
    if (!detail.is_deleted) {
      add(trans.__('Rename…'), () => this.rename());
      if (trial.status !== 'RUNNING') {
        add(trans.__('Delete'), () => this.delete());
      }
    }
    return deeds;
  }

  /** Show the trial's row. */
  openExperiment(): void {
    const trial = this._options.model.detail?.trial;
    if (trial) {
      void this._options.commands.execute(CommandIDs.openExperiment, {
        name: trial.experiment,
        run: trial.run_id
      });
    }
  }

  /** Open another trial. */
  openTrial(run: string, experiment: string): void {
    const { commands } = this._options;
    void commands.execute(CommandIDs.showTrial, { run, experiment });
  }

  openJob(id: string): void {
    void this._options.commands.execute(CommandIDs.openJob, { id });
  }

  /** Show the files of its job, the copy of the code among them. */
  openJobFiles(id: string): void {
    const { commands } = this._options;
    void commands.execute(CommandIDs.openJob, { id, tab: 'files' });
  }

  /** Open a version of a registered model; nothing where that cannot be shown. */
  openModel(name: string, version: string): void {
    const { commands } = this._options;
    if (commands.hasCommand(CommandIDs.openModel)) {
      void commands.execute(CommandIDs.openModel, { name, version });
    }
  }

  openNotebook(): Promise<void> {
    const { model, documents, trans } = this._options;
    return this._do(async () => {
      const path = model.detail?.code.notebook ?? '';
      const { contents } = documents.services;
      const isHere =
        !path.startsWith('/') &&
        (await contents.get(path, { content: false }).then(
          () => true,
          () => false
        ));
      if (isHere) {
        documents.openOrReveal(path);
      } else {
        Notification.warning(
          trans.__('%1 is not below the folder of this server.', path)
        );
      }
    });
  }

  /** Ask for another trial of the experiment, and put both side by side. */
  compare(): Promise<void> {
    const { model, commands, trans } = this._options;
    return this._do(async () => {
      const trial = model.detail?.trial;
      if (!trial) {
        return;
      }
      const { chooseTrial } = await import('./trialChooser');
      const chosen = await chooseTrial({
        title: trans.__('Compare %1 with', shortened(trial.name)),
        client: model.jobs.client,
        experiment: trial.experiment,
        except: trial.run_id,
        trans
      });
      if (chosen) {
        await commands.execute(CommandIDs.openComparison, {
          experiment: trial.experiment,
          runs: [trial.run_id, chosen]
        });
      }
    });
  }

  rename(): Promise<void> {
    const { model, trans } = this._options;
    return this._do(async () => {
      const { button, value } = await InputDialog.getText({
        title: trans.__('Name of the trial'),
        text: model.detail?.trial.name ?? '',
        okLabel: trans.__('Rename')
      });
      const name = value?.trim();
      if (button.accept && name && name !== model.detail?.trial.name) {
        await model.update({ name });
      }
    });
  }

  /** Delete it; the notice takes it back, and so does the tab. */
  delete(): Promise<void> {
    const { model, trans } = this._options;
    return this._do(async () => {
      const name = shortened(model.detail?.trial.name ?? '');
      await model.delete();
      Notification.info(trans.__('Deleted %1.', name), {
        autoClose: 15_000,
        actions: [
          { label: trans.__('Undo'), callback: () => void this.restore() }
        ]
      });
    });
  }

  restore(): Promise<void> {
    return this._do(() => this._options.model.restore());
  }

  /** Set a tag; where another value is lost by that, a notice takes it back. */
  async setTag(name: string, value: string): Promise<boolean> {
    const before = await this._tag(name);
    const isDone = await this._change({ tags: { [name]: value } });
    if (isDone && before !== undefined && before !== value) {
      const { trans } = this._options;
      const [old, now] = [shortened(before), shortened(value)];
      const said = trans.__('%1 is %2 now, not %3.', shortened(name), now, old);
      this._offerUndo(said, name, before, value);
    }
    return isDone;
  }

  /** Take a tag away; a notice gives it back. */
  async removeTag(name: string): Promise<boolean> {
    const before = await this._tag(name);
    const isDone = await this._change({ removed_tags: [name] });
    if (isDone && before !== undefined) {
      const { trans } = this._options;
      const said = trans.__('Removed the tag %1.', shortened(name));
      this._offerUndo(said, name, before, undefined);
    }
    return isDone;
  }

  /** The trial's page in MLflow's user interface; empty where no address is known. */
  mlflowPage(detail: TrialDetail): string {
    const base = this._options.mlflowUrl().trim().replace(/\/+$/, '');
    return /^https?:\/\//.test(base)
      ? `${base}/#/experiments/${encodeURIComponent(detail.experiment_id)}/runs/${encodeURIComponent(detail.trial.run_id)}`
      : detail.mlflow_url;
  }

  /** What a tag says now; undefined: there is none. What is shown may be old. */
  private async _tag(name: string): Promise<string | undefined> {
    const { model } = this._options;
    const now = await model.client.detail().catch(() => model.detail);
    return tagOf(now, name);
  }

  /** Say what was done to a tag, and offer to set it to what it was, unless somebody changed it since. */
  private _offerUndo(
    said: string,
    name: string,
    before: string,
    after: string | undefined
  ): void {
    const { model, trans } = this._options;
    const undo = () =>
      this._do(async () => {
        if (tagOf(await model.client.detail(), name) === after) {
          await model.update({ tags: { [name]: before } });
        } else {
          Notification.warning(
            trans.__(
              'Somebody else changed the tag %1 since: it stays as it is.',
              shortened(name)
            ),
            { autoClose: 15_000 }
          );
        }
      });
    Notification.info(said, {
      autoClose: 15_000,
      actions: [{ label: trans.__('Undo'), callback: () => void undo() }]
    });
  }

  private async _change(
    change: Parameters<TrialModel['update']>[0]
  ): Promise<boolean> {
    let isDone = false;
    await this._do(async () => {
      await this._options.model.update(change);
      isDone = true;
    });
    return isDone;
  }

  private async _do(work: () => unknown): Promise<void> {
    try {
      await work();
    } catch (reason) {
      const { message, hint } = asRequestError(reason);
      Notification.error([message, hint].filter(Boolean).join(' '), {
        autoClose: 15_000
      });
    }
  }
}

function tagOf(detail: TrialDetail | null, name: string): string | undefined {
  const tags = detail?.trial.tags ?? {};
  return Object.keys(tags).includes(name) ? String(tags[name]) : undefined;
}

/** A name that fits into a sentence. */
function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 59)}…` : name;
}
