import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Job } from '../../contract';
import { isActive } from '../../models/jobStates';
import type { IJobsChange, JobsModel } from '../../models/jobsModel';

/** Jobs whose end has been told are remembered up to this number. */
const MOST = 1_000;

/** Emits each job once when it ends while somebody looks. */
export class EndWatcher implements IDisposable {
  constructor(private readonly _jobs: JobsModel) {
    this._opened = Date.now() / 1000;
    _jobs.jobsChanged.connect(this._onJobsChanged, this);
  }

  get ended(): ISignal<this, Job> {
    return this._ended;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._jobs.jobsChanged.disconnect(this._onJobsChanged, this);
      Signal.clearData(this);
    }
  }

  private _onJobsChanged(_: JobsModel, change: IJobsChange): void {
    for (const job of change.changed) {
      if (isActive(job)) {
        this._seen.add(job.id);
        continue;
      }
      // A job may start and end between two looks; an old one is no news.
      const isNews = this._seen.delete(job.id) || job.created > this._opened;
      if (isNews && !this._told.has(job.id)) {
        this._told.add(job.id);
        this._ended.emit(job);
      }
    }
    if (this._told.size > MOST) {
      this._told.clear();
      this._opened = Date.now() / 1000;
    }
  }

  private readonly _ended = new Signal<this, Job>(this);
  private _isDisposed = false;
  private _opened: number;
  private readonly _seen = new Set<string>();
  private readonly _told = new Set<string>();
}
