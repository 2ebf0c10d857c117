import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError } from '../../client';
import type { RequestError, StudioClient } from '../../client';
import type {
  JobDetail,
  NotebookInspection,
  SubmitOptions
} from '../../contract';
import { initialState, placeErrors, toRequest, validate } from './form';
import type { FieldErrors, IFormState } from './form';
import { addedField } from './parameters';
import type { IParameterField } from './parameters';
import type { IPreferences } from './place';

/** Tag of jobs that ran a document which is in no file. */
const CELLS_TAG = 'studio.cells';

/** The Run as job form: what it shows, what is wrong, and sending it. */
export class SubmitModel implements IDisposable {
  constructor(private readonly _options: SubmitModel.IOptions) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with the jobs when all of them were committed. */
  get submitted(): ISignal<this, readonly JobDetail[]> {
    return this._submitted;
  }

  /** Paths of the notebooks, with their drive. */
  get notebooks(): readonly string[] {
    return this._options.notebooks;
  }

  /** What the server found in the (first) notebook. */
  get inspection(): NotebookInspection | null {
    return this._inspections[0] ?? null;
  }

  /** What is odd about the notebooks, with their names when there are several. */
  get warnings(): readonly string[] {
    const several = this._inspections.length > 1;
    const found = this._inspections.flatMap(({ notebook, warnings }) =>
      warnings.map(text => (several ? `${notebook}: ${text}` : text))
    );
    const { trans } = this._options;
    return this._cellsOf
      ? [trans.__('The cells that the job ran are run, not the notebook.')]
      : found;
  }

  get choices(): SubmitOptions | null {
    return this._choices;
  }

  get state(): IFormState | null {
    return this._state;
  }

  /** What is wrong with fields that were left, tried or refused. */
  get errors(): FieldErrors {
    const { _state: state, _choices: choices, _refused: refused } = this;
    if (!state || !choices) {
      return {};
    }
    const local = validate(state, choices, this._options.trans);
    const shown: Record<string, string> = { ...refused };
    for (const [field, message] of Object.entries(local)) {
      if (this._tried || this._left.has(field)) {
        shown[field] = message;
      }
    }
    return shown;
  }

  /** What went wrong beside the fields. */
  get failure(): Pick<RequestError, 'message' | 'hint'> | null {
    return this._failure;
  }

  /** How often sending was tried and came to an end. */
  get tries(): number {
    return this._tries;
  }

  get isSending(): boolean {
    return this._sending !== null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
    }
  }

  /** Save the notebooks and look into them. */
  async load(): Promise<void> {
    const { client, notebooks, prepare, jobId, preferences } = this._options;
    this._failure = null;
    this._emit();
    try {
      const [choices, job, wish, ...inspections] = await Promise.all([
        client.notebooks.options(),
        jobId ? client.jobs.get(jobId) : null,
        preferences?.() ?? null,
        ...notebooks.map(async path =>
          client.notebooks.inspect(await prepare(path))
        )
      ]);
      this._choices = choices;
      this._inspections = inspections;
      this._cellsOf = job && CELLS_TAG in (job.tags ?? {}) ? job.id : null;
      this._state = initialState(inspections[0], choices, job, wish);
    } catch (reason) {
      this._failure = asRequestError(reason);
    }
    this._emit();
  }

  /** Ask again what there is to choose from; the form stays as it is. */
  async lookAgain(): Promise<void> {
    try {
      this._choices = await this._options.client.notebooks.options();
      this._failure = null;
    } catch (reason) {
      this._failure = asRequestError(reason);
    }
    this._emit();
  }

  /** Change some of the form. */
  update(change: Partial<IFormState>): void {
    if (this._state) {
      this._state = { ...this._state, ...change };
      const refused = { ...this._refused };
      for (const field of Object.keys(change)) {
        for (const name of FIELDS_OF[field] ?? [field]) {
          delete refused[name];
        }
      }
      this._refused = refused;
      // Another content is another request.
      this._key = UUID.uuid4();
      this._emit();
    }
  }

  /** Change one parameter. */
  updateParameter(index: number, change: Partial<IParameterField>): void {
    if (this._state) {
      const parameters = this._state.parameters.map((field, position) =>
        position === index ? { ...field, ...change } : field
      );
      this._refused = withoutParameters(this._refused);
      this.update({ parameters });
    }
  }

  addParameter(): void {
    if (this._state) {
      this.update({ parameters: [...this._state.parameters, addedField()] });
    }
  }

  removeParameter(index: number): void {
    if (this._state) {
      this._refused = withoutParameters(this._refused);
      this._left.clear();
      this.update({
        parameters: this._state.parameters.filter((_, i) => i !== index)
      });
    }
  }

  /** A field was left: from now on its mistakes show. */
  leave(field: string): void {
    if (!this._left.has(field)) {
      this._left.add(field);
      this._emit();
    }
  }

  /** Send the form; asked twice at once, it is sent once. */
  submit(): Promise<void> {
    return (this._sending ??= this._submit().finally(() => {
      this._sending = null;
      this._tries += 1;
      this._emit();
    }));
  }

  private async _submit(): Promise<void> {
    const { client, notebooks, prepare, trans } = this._options;
    const { _state: state, _choices: choices } = this;
    if (!state || !choices) {
      return;
    }
    this._tried = true;
    this._refused = {};
    this._failure = null;
    this._emit();
    if (Object.keys(validate(state, choices, trans)).length > 0) {
      return;
    }
    const jobs = this._jobs;
    try {
      // Jobs that an earlier try has made are not made again.
      for (let index = jobs.length; index < notebooks.length; index++) {
        const path = await prepare(notebooks[index]);
        const key = `${this._key}-${index}`;
        const form =
          index === 0 ? state : this._likeFirst(state, choices, index);
        const request = toRequest(form, choices, path, key, trans);
        const cells_of = this._cellsOf;
        jobs.push(
          await client.jobs.submit(
            cells_of ? { ...request, cells_of } : request
          )
        );
      }
    } catch (reason) {
      this._refuse(asRequestError(reason), state, choices);
      return;
    }
    if (!this._isDisposed) {
      this._submitted.emit(jobs);
    }
  }

  /** The form for a further notebook: its own name and parameters. */
  private _likeFirst(
    state: IFormState,
    choices: SubmitOptions,
    index: number
  ): IFormState {
    const own = initialState(this._inspections[index], choices);
    return { ...state, name: own.name, parameters: own.parameters };
  }

  private _refuse(
    error: RequestError,
    state: IFormState,
    choices: SubmitOptions
  ): void {
    const { fields, rest } = placeErrors(error.fields, state, choices);
    const placed = Object.keys(fields);
    if (placed.length === 0 || rest.length > 0) {
      this._failure = { message: error.message, hint: error.hint };
    } else if (placed.length === 1 && error.hint) {
      // What to do next stands where the mistake is.
      fields[placed[0]] += ` ${error.hint}`;
    }
    this._refused = fields;
    if ('image' in fields) {
      // Images may have come or gone since the form was opened.
      const { client } = this._options;
      void client.notebooks.options().then(
        found => {
          this._choices = found;
          this._emit();
        },
        () => undefined
      );
    }
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  /** The job whose cells are run, where it ran some cells of the notebook. */
  private _cellsOf: string | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _choices: SubmitOptions | null = null;
  private _failure: Pick<RequestError, 'message' | 'hint'> | null = null;
  private _inspections: NotebookInspection[] = [];
  private _isDisposed = false;
  private readonly _jobs: JobDetail[] = [];
  private _key = UUID.uuid4();
  private readonly _left = new Set<string>();
  private _refused: FieldErrors = {};
  private _sending: Promise<void> | null = null;
  private _state: IFormState | null = null;
  private readonly _submitted = new Signal<this, readonly JobDetail[]>(this);
  private _tried = false;
  private _tries = 0;
}

export namespace SubmitModel {
  export interface IOptions {
    client: StudioClient;
    notebooks: readonly string[];
    /**
     * Save a notebook that is open and changed; resolves with its path below
     * the server's root.
     */
    prepare: (path: string) => Promise<string>;
    /** The job whose values fill the form. */
    jobId?: string;
    /** What the person wants to be chosen first. */
    preferences?: () => Promise<IPreferences>;
    trans: TranslationBundle;
  }
}

/** The server's names of fields, where they differ from ours. */
const FIELDS_OF: Readonly<Record<string, readonly string[]>> = {
  cpus: ['resources.cpus'],
  memory: ['resources.memory_bytes'],
  gpus: ['resources.gpus'],
  timeLimit: ['resources.time_limit_seconds'],
  networkAccess: ['network_access'],
  // An image that is not there is no mistake once it may be fetched.
  pull: ['pull', 'image']
};

function withoutParameters(errors: FieldErrors): FieldErrors {
  return Object.fromEntries(
    Object.entries(errors).filter(([field]) => !field.startsWith('parameters.'))
  );
}
