import type { IDisposable } from '@lumino/disposable';
import { Throttler } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError } from '../client';
import type { RequestError } from '../client';
import type { JobDetail } from '../contract';
import type { IJobsChange, JobsModel } from './jobsModel';

/** Least time between two looks at one job, in milliseconds. */
const THROTTLE = 300;
/** Pause between looks while the tracking store is behind, which no event tells. */
const LAG_PAUSE = 2000;

/** One job with everything about it, kept current. */
export class JobModel implements IDisposable {
  constructor(
    readonly jobs: JobsModel,
    readonly id: string
  ) {
    this._refresh = new Throttler(() => this._load(), {
      limit: THROTTLE,
      edge: 'trailing'
    });
    jobs.jobsChanged.connect(this._onJobsChanged, this);
    jobs.reset.connect(this._onReset, this);
    this.ready = this._load();
  }

  /** Resolves when the first answer has come, good or bad. */
  readonly ready: Promise<void>;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get job(): JobDetail | null {
    return this._job;
  }

  /** Why the last look failed; the job shown may be old then. */
  get error(): RequestError | null {
    return this._error;
  }

  /** Whether the job was deleted while it was looked at. */
  get isDeleted(): boolean {
    return this._isDeleted;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._lagTimer);
    this._refresh.dispose();
    this.jobs.jobsChanged.disconnect(this._onJobsChanged, this);
    this.jobs.reset.disconnect(this._onReset, this);
    Signal.clearData(this);
  }

  /** Look again now. */
  async refresh(): Promise<void> {
    await this._load();
  }

  private _onReset(): void {
    void this._load();
  }

  private _onJobsChanged(_: JobsModel, change: IJobsChange): void {
    if (change.removed.includes(this.id)) {
      this._isDeleted = true;
      this._changed.emit();
      return;
    }
    const row = change.changed.find(job => job.id === this.id);
    if (!row) {
      return;
    }
    this._isDeleted = false;
    if (this._job && row.revision >= this._job.revision) {
      this._job = { ...this._job, ...row };
      this._changed.emit();
    }
    void this._refresh.invoke().catch(() => undefined);
  }

  private async _load(): Promise<void> {
    try {
      const job = await this.jobs.client.jobs.get(this.id);
      if (!this._job || job.revision >= this._job.revision) {
        this._job = job;
      }
      this._error = null;
      this._isDeleted = false;
    } catch (reason) {
      this._error = asRequestError(reason);
    }
    if (!this._isDisposed) {
      this._changed.emit();
      clearTimeout(this._lagTimer);
      if (this._error === null && this._job?.lag_bytes) {
        this._lagTimer = setTimeout(() => void this._load(), LAG_PAUSE);
      }
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _error: RequestError | null = null;
  private _isDeleted = false;
  private _isDisposed = false;
  private _job: JobDetail | null = null;
  private _lagTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly _refresh: Throttler;
}
