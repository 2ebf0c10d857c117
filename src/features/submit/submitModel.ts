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
import {
  addedField,
  initialState,
  placeErrors,
  toRequest,
  validate
} from './form';
import type { FieldErrors, IFormState, IParameterField } from './form';

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
    return this._inspections.flatMap(({ notebook, warnings }) =>
      warnings.map(text => (several ? `${notebook}: ${text}` : text))
    );
  }

  get choices(): SubmitOptions | null {
    return this._choices;
  }

  get state(): IFormState | null {
    return this._state;
  }

  /** What is wrong with fields that were left, tried or refused. */
  get errors(): FieldErrors {
    const { _state: state, _refused: refused } = this;
    if (!state) {
      return {};
    }
    const local = validate(state, this._options.trans);
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
    const { client, notebooks, prepare, jobId } = this._options;
    this._failure = null;
    this._emit();
    try {
      const [choices, job, ...inspections] = await Promise.all([
        client.notebooks.options(),
        jobId ? client.jobs.get(jobId) : null,
        ...notebooks.map(async path =>
          client.notebooks.inspect(await prepare(path))
        )
      ]);
      this._choices = choices;
      this._inspections = inspections;
      this._state = initialState(inspections[0], choices, job);
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
        delete refused[FIELD_OF[field] ?? field];
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
    const state = this._state;
    if (!state) {
      return;
    }
    this._tried = true;
    this._refused = {};
    this._failure = null;
    this._emit();
    if (Object.keys(validate(state, trans)).length > 0) {
      return;
    }
    const jobs = this._jobs;
    try {
      // Jobs that an earlier try has made are not made again.
      for (let index = jobs.length; index < notebooks.length; index++) {
        const path = await prepare(notebooks[index]);
        const key = `${this._key}-${index}`;
        const form = index === 0 ? state : this._likeFirst(state, index);
        jobs.push(await client.jobs.submit(toRequest(form, path, key, trans)));
      }
    } catch (reason) {
      this._refuse(asRequestError(reason), state);
      return;
    }
    if (!this._isDisposed) {
      this._submitted.emit(jobs);
    }
  }

  /** The form for a further notebook: its own name and parameters. */
  private _likeFirst(state: IFormState, index: number): IFormState {
    const inspection = this._inspections[index];
    const own = initialState(inspection, this._choices as SubmitOptions);
    return { ...state, name: own.name, parameters: own.parameters };
  }

  private _refuse(error: RequestError, state: IFormState): void {
    const { fields, rest } = placeErrors(error.fields, state);
    this._refused = fields;
    if (Object.keys(fields).length === 0 || rest.length > 0) {
      this._failure = { message: error.message, hint: error.hint };
    }
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

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
    trans: TranslationBundle;
  }
}

/** Where the server's name of a field differs from ours. */
const FIELD_OF: Readonly<Record<string, string>> = {
  cpus: 'resources.cpus',
  memory: 'resources.memory_bytes',
  timeLimit: 'resources.time_limit_seconds'
};

function withoutParameters(errors: FieldErrors): FieldErrors {
  return Object.fromEntries(
    Object.entries(errors).filter(([field]) => !field.startsWith('parameters.'))
  );
}
