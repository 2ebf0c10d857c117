import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../client';
import type { RequestError } from '../client';
import type { IJobsChange, ILiveChange, JobsModel } from './jobsModel';

/** Time between looks when no event comes, in milliseconds. */
const INTERVAL = 10_000;
const MAX_INTERVAL = 60_000;
/** Least time between two looks, in milliseconds. */
const THROTTLE = 500;

/** What every answer about something that grows says. */
export interface ILiveAnswer {
  whole: boolean;
  cursor: string;
  complete: boolean;
  /** Whether there is more to ask for at once. */
  more?: boolean;
}

/**
 * Follows figures of one job while somebody looks at them.
 *
 * Events say that there is more; a slow poll is the safety net for lost ones.
 */
export abstract class LiveModel<T extends ILiveAnswer> implements IDisposable {
  constructor(
    protected readonly jobs: JobsModel,
    readonly jobId: string
  ) {
    jobs.liveChanged.connect(this._onLive, this);
    jobs.jobsChanged.connect(this._onJobs, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether an answer has come, be it an empty one. */
  get isReady(): boolean {
    return this._cursor !== null;
  }

  /** Whether nothing can come any more. */
  get isComplete(): boolean {
    return this._isComplete;
  }

  /** Why the last look failed; what is shown may be old then. */
  get error(): RequestError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._abort.signal.aborted;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.clearTimeout(this._timer);
    this._abort.abort();
    this.jobs.liveChanged.disconnect(this._onLive, this);
    this.jobs.jobsChanged.disconnect(this._onJobs, this);
    Signal.clearData(this);
  }

  /** Whether somebody looks: only then is anything asked for. */
  setActive(active: boolean): void {
    if (active === this._isActive) {
      return;
    }
    this._isActive = active;
    window.clearTimeout(this._timer);
    if (active && !this._isComplete) {
      void this.refresh();
    }
  }

  /** Take in what came since the last look. */
  refresh(): Promise<void> {
    this._lastLook = Date.now();
    return (this._loading ??= this._look().finally(() => {
      this._loading = null;
      const again = this._isWanted;
      this._isWanted = false;
      this._schedule(again ? THROTTLE : this._pause());
    }));
  }

  /** Ask for what came after a cursor; without one for everything. */
  protected abstract fetch(
    cursor: string | undefined,
    signal: AbortSignal
  ): Promise<T>;

  /** Take in an answer. True: ask for everything again, to have it smaller. */
  protected abstract take(answer: T): boolean;

  private async _look(): Promise<void> {
    try {
      let more = true;
      while (more && !this.isDisposed) {
        const answer = await this.fetch(
          this._cursor ?? undefined,
          this._abort.signal
        );
        const again = this.take(answer);
        this._cursor = again ? '' : answer.cursor;
        this._isComplete = answer.complete && !again;
        more = again || (answer.more ?? false);
        if (more && !again && !this.isDisposed) {
          this._changed.emit();
        }
      }
      this._error = null;
      this._failures = 0;
    } catch (reason) {
      if (isAbort(reason)) {
        return;
      }
      this._error = asRequestError(reason);
      this._failures += 1;
    }
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  /** Whether this event speaks of what is followed here. */
  protected abstract concerns(change: ILiveChange): boolean;

  private _onLive(_: JobsModel, change: ILiveChange): void {
    if (this.concerns(change)) {
      this._want();
    }
  }

  private _onJobs(_: JobsModel, change: IJobsChange): void {
    const job = change.changed.find(({ id }) => id === this.jobId);
    if (job && job.ended !== null) {
      this._want();
    }
  }

  private _want(): void {
    if (!this._isActive || this._isComplete || this.isDisposed) {
      return;
    }
    if (this._loading) {
      this._isWanted = true;
    } else {
      const passed = Date.now() - this._lastLook;
      this._schedule(Math.max(0, THROTTLE - passed));
    }
  }

  private _pause(): number {
    return Math.min(INTERVAL * 2 ** this._failures, MAX_INTERVAL);
  }

  private _schedule(wait: number): void {
    window.clearTimeout(this._timer);
    if (this._isActive && !this._isComplete && !this.isDisposed) {
      this._timer = window.setTimeout(() => {
        void this.refresh();
      }, wait);
    }
  }

  private readonly _abort = new AbortController();
  private readonly _changed = new Signal<this, void>(this);
  private _cursor: string | null = null;
  private _error: RequestError | null = null;
  private _failures = 0;
  private _isActive = false;
  private _isComplete = false;
  private _isWanted = false;
  private _lastLook = 0;
  private _loading: Promise<void> | null = null;
  private _timer = 0;
}
