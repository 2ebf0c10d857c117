import type { IDisposable } from '@lumino/disposable';
import { Throttler } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../client';
import type { RequestError, StudioClient } from '../client';
import type { Trial } from '../contract';
import type { ExperimentsModel } from './experimentsModel';
import type { IJobsChange, JobsModel } from './jobsModel';

/** Trials on a page. */
export const TRIALS_PAGE = 100;
/** Least time between two looks while jobs change, in milliseconds. */
const THROTTLE = 1_000;

/** Which trials are shown and in what order. */
export interface ITrialsView {
  sort: string;
  descending: boolean;
}

/** The trials of one experiment, a page at a time, sorted by the server. */
export class TrialsModel implements IDisposable {
  constructor(
    readonly client: StudioClient,
    private readonly _jobs: JobsModel,
    readonly experiment: string,
    view: Partial<ITrialsView> = {},
    private readonly _experiments: ExperimentsModel | null = null
  ) {
    this._view = { sort: 'started', descending: true, ...view };
    this._refresh = new Throttler(() => this._fetch(), {
      limit: THROTTLE,
      edge: 'trailing'
    });
    _jobs.jobsChanged.connect(this._onJobsChanged, this);
    _jobs.reset.connect(this._onReset, this);
    this._known = this._state();
    _experiments?.changed.connect(this._onExperimentsChanged, this);
    this.ready = this._fetch();
  }

  /** Resolves when the first answer has come, good or bad. */
  readonly ready: Promise<void>;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Rows of the present page; null before the first answer. */
  get items(): readonly Trial[] | null {
    return this._items;
  }

  /** Trials in the experiment. */
  get total(): number {
    return this._total;
  }

  /** Position of the first row among all, from 0. */
  get offset(): number {
    return (this._cursors.length - 1) * TRIALS_PAGE;
  }

  get hasNext(): boolean {
    return this._next !== null;
  }

  get hasPrevious(): boolean {
    return this._cursors.length > 1;
  }

  get view(): ITrialsView {
    return this._view;
  }

  get isLoading(): boolean {
    return this._isLoading;
  }

  get error(): RequestError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._abort?.abort();
    this._refresh.dispose();
    this._jobs.jobsChanged.disconnect(this._onJobsChanged, this);
    this._jobs.reset.disconnect(this._onReset, this);
    this._experiments?.changed.disconnect(this._onExperimentsChanged, this);
    Signal.clearData(this);
  }

  /** Sort by a column; once more turns the order round. */
  async sortBy(column: string): Promise<void> {
    const same = column === this._view.sort;
    this._view = {
      sort: column,
      descending: same ? !this._view.descending : column === 'started'
    };
    this._cursors = [undefined];
    await this._fetch();
  }

  async nextPage(): Promise<void> {
    if (this._next !== null) {
      this._cursors = [...this._cursors, this._next];
      await this._fetch();
    }
  }

  async previousPage(): Promise<void> {
    if (this.hasPrevious) {
      this._cursors = this._cursors.slice(0, -1);
      await this._fetch();
    }
  }

  async refresh(): Promise<void> {
    await this._fetch();
  }

  private async _fetch(): Promise<void> {
    this._abort?.abort();
    const abort = new AbortController();
    this._abort = abort;
    this._isLoading = true;
    if (!this._isDisposed) {
      this._changed.emit();
    }
    try {
      const page = await this.client.experiments.trials(
        {
          experiment: this.experiment,
          limit: TRIALS_PAGE,
          cursor: this._cursors[this._cursors.length - 1],
          ...this._view
        },
        abort.signal
      );
      if (abort.signal.aborted) {
        return;
      }
      this._items = page.items;
      this._next = page.next_cursor;
      this._total = page.total;
      this._error = null;
    } catch (reason) {
      if (isAbort(reason) || abort.signal.aborted) {
        return;
      }
      this._error = asRequestError(reason);
    }
    this._isLoading = false;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _onReset(): void {
    void this._fetch();
  }

  /** What the list says of the experiment: trials begin and end without jobs, too. */
  private _state(): string {
    const found = this._experiments?.items?.find(
      ({ name }) => name === this.experiment
    );
    return found ? `${found.trials} ${found.updated}` : '';
  }

  private _onExperimentsChanged(): void {
    const state = this._state();
    if (state !== this._known) {
      this._known = state;
      void this._refresh.invoke().catch(() => undefined);
    }
  }

  private _onJobsChanged(_: JobsModel, change: IJobsChange): void {
    const concerned =
      change.removed.length > 0 ||
      change.changed.some(job => job.trial.experiment === this.experiment);
    if (concerned) {
      void this._refresh.invoke().catch(() => undefined);
    }
  }

  private _abort: AbortController | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _cursors: (string | undefined)[] = [undefined];
  private _error: RequestError | null = null;
  private _isDisposed = false;
  private _isLoading = false;
  private _items: readonly Trial[] | null = null;
  private _known: string;
  private _next: string | null = null;
  private readonly _refresh: Throttler;
  private _total = 0;
  private _view: ITrialsView;
}
