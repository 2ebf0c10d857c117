import type { IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError } from '../client';
import type { RequestError, StudioClient } from '../client';
import type { Experiment } from '../contract';
import type { JobsModel } from './jobsModel';

/** Least time between two looks while jobs change, in milliseconds. */
const THROTTLE = 2_000;

/**
 * Time between two looks when no job changes, in milliseconds: what notebooks
 * and scripts record by themselves has no job that would tell of it.
 */
const INTERVAL = 5_000;

/** All experiments, last updated first; follows the jobs. */
export class ExperimentsModel implements IDisposable {
  constructor(
    readonly client: StudioClient,
    private readonly _jobs: JobsModel,
    interval: number = INTERVAL
  ) {
    this._refresh = new Throttler(() => this.load(), {
      limit: THROTTLE,
      edge: 'trailing'
    });
    let ticks = 0;
    this._poll = new Poll({
      auto: false,
      // The first tick is at once, and `load` has looked.
      factory: () => (ticks++ > 0 ? this._look(true) : Promise.resolve()),
      frequency: { interval, backoff: false },
      standby: 'when-hidden'
    });
    _jobs.jobsChanged.connect(this._onJobsChanged, this);
    _jobs.reset.connect(this._onJobsChanged, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What to show; null before the first answer. */
  get items(): readonly Experiment[] | null {
    return this._items;
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
    this._poll.dispose();
    this._refresh.dispose();
    this._jobs.jobsChanged.disconnect(this._onJobsChanged, this);
    this._jobs.reset.disconnect(this._onJobsChanged, this);
    Signal.clearData(this);
  }

  /** Look now, and from then on every few seconds while the page is seen. */
  async load(): Promise<void> {
    await this._look(false);
    if (!this._isDisposed && this._poll.state.phase === 'constructed') {
      void this._poll.start();
    }
  }

  /** Ask; `quiet`: say only what is new. */
  private async _look(quiet: boolean): Promise<void> {
    const before = JSON.stringify([this._items, this._error?.message]);
    try {
      const found = await this.client.experiments.list();
      // MLflow makes one named Default in every store; empty, it is noise.
      this._items = found.filter(
        ({ id, trials }) => id !== '0' || trials !== 0
      );
      this._error = null;
    } catch (reason) {
      this._error = asRequestError(reason);
    }
    const after = JSON.stringify([this._items, this._error?.message]);
    if (!this._isDisposed && !(quiet && before === after)) {
      this._changed.emit();
    }
  }

  private _onJobsChanged(): void {
    if (this._items) {
      void this._refresh.invoke().catch(() => undefined);
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _error: RequestError | null = null;
  private _isDisposed = false;
  private _items: Experiment[] | null = null;
  private readonly _poll: Poll;
  private readonly _refresh: Throttler;
}
