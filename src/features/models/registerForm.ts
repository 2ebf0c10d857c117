import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { asRequestError } from '../../client';
import type { RequestError } from '../../client';
import type { LoggedModel, RegisterModel } from '../../contract';
import type { ModelsModel } from '../../models/modelsModel';

/** What is written in the form. */
export interface IRegisterValues {
  path: string;
  name: string;
  alias: string;
  description: string;
}

/** A version that was made. */
export interface IMadeVersion {
  name: string;
  version: string;
}

/** The form with which a model of a trial is registered. */
export class RegisterForm {
  constructor(
    private readonly _models: ModelsModel,
    readonly run: string,
    private readonly _trans: TranslationBundle,
    private readonly _path = ''
  ) {}

  readonly changed = new Signal<this, void>(this);

  values: IRegisterValues = { path: '', name: '', alias: '', description: '' };

  /** Name of the trial. */
  get trial(): string {
    return this._trial;
  }

  /** What can be registered; null while it is asked for. */
  get choices(): readonly LoggedModel[] | null {
    return this._choices;
  }

  /** Names of the models that are there. */
  get names(): string[] {
    return (this._models.items ?? []).map(({ name }) => name);
  }

  /** Aliases to choose from: those of the model first. */
  get aliases(): string[] {
    const used = Object.keys(this._named?.aliases ?? {}).sort();
    return [...new Set([...used, ...USUAL])];
  }

  /** What went wrong; null: nothing did. */
  get error(): RequestError | null {
    return this._error;
  }

  /** Whether the server is at work on it. */
  get isBusy(): boolean {
    return this._isBusy;
  }

  /** Whether the trial has something to register. */
  get isPossible(): boolean {
    return (this._choices?.length ?? 0) > 0;
  }

  /** Whether all is written that has to be. */
  get isComplete(): boolean {
    const { path, name } = this.values;
    return this.isPossible && path !== '' && name.trim() !== '';
  }

  /** What comes of the name. */
  get nameNote(): string {
    const model = this._named;
    const name = this.values.name.trim();
    if (!name) {
      return '';
    }
    return model
      ? model.latest !== null
        ? this._trans.__('Becomes the version after %1.', model.latest)
        : this._trans.__('Becomes its first version.')
      : this._trans.__('Makes a new model.');
  }

  /** What happens to the present holder of the alias. */
  get aliasNote(): string {
    const alias = this.values.alias.trim();
    const holder = this._holder;
    if (!alias) {
      return '';
    }
    return holder
      ? this._trans.__(
          '%1 stands for version %2 now. It moves to the new version; version %2 stays.',
          alias,
          holder
        )
      : this._trans.__('No version has this alias yet.');
  }

  set(values: Partial<IRegisterValues>): void {
    if (this._isBusy) {
      return; // It would be lost with the dialog.
    }
    this.values = { ...this.values, ...values };
    if (this._error?.fields.some(({ field }) => field in values)) {
      // What was wrong is not there any more.
      this._error = null;
    }
    this.changed.emit();
  }

  /** Ask what there is. */
  async load(): Promise<void> {
    try {
      const { client, registry } = this._models;
      const [trial, { models, versions }] = await Promise.all([
        client.experiments.trial(this.run),
        registry.ofTrial(this.run),
        this._models.load()
      ]);
      this._trial = trial.name;
      this._choices = models;
      const wanted = models.find(
        ({ path, name }) => path === this._path || name === this._path
      );
      this.values = {
        ...this.values,
        path: (wanted ?? models[0])?.path ?? '',
        // A trial that was registered before most likely is once more so.
        name: versions[0]?.name ?? nameFrom(trial.experiment)
      };
      this._error = this._models.error;
    } catch (reason) {
      this._error = asRequestError(reason);
    }
    this.changed.emit();
  }

  /** The version that was made; null where none was. */
  async submit(): Promise<IMadeVersion | null> {
    const { path, name, alias, description } = this.values;
    const request: RegisterModel = {
      run_id: this.run,
      path,
      name: name.trim(),
      description
    };
    if (alias.trim()) {
      request.alias = alias.trim();
      request.held_by = this._holder;
    }
    this._isBusy = true;
    this.changed.emit();
    try {
      const made = await this._models.register(request);
      this._error = null;
      return { name: made.name, version: made.version };
    } catch (reason) {
      this._error = asRequestError(reason);
      // What the person decided by may have changed.
      await this._models.load();
      return null;
    } finally {
      this._isBusy = false;
      this.changed.emit();
    }
  }

  private get _named() {
    const name = this.values.name.trim();
    return this._models.items?.find(each => each.name === name);
  }

  /** Version that the alias stands for as far as is known here; empty: none. */
  private get _holder(): string {
    return this._named?.aliases[this.values.alias.trim()] ?? '';
  }

  private _choices: LoggedModel[] | null = null;
  private _error: RequestError | null = null;
  private _isBusy = false;
  private _trial = '';
}

const USUAL = ['champion', 'challenger'];

/** A name that models may have. */
function nameFrom(experiment: string): string {
  return experiment.replace(/[/:\\'"]+/g, '-').slice(0, 250);
}
