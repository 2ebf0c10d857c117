import { FollowModel } from './followModel';
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
export abstract class LiveModel<T extends ILiveAnswer> extends FollowModel {
  constructor(
    protected readonly jobs: JobsModel,
    /** The job that is followed; empty where none is. */
    readonly jobId: string,
    interval = INTERVAL
  ) {
    super(interval, MAX_INTERVAL);
    jobs.liveChanged.connect(this._onLive, this);
    jobs.jobsChanged.connect(this._onJobs, this);
  }

  get isReady(): boolean {
    return this._cursor !== null;
  }

  /** Ask for what came after a cursor; without one for everything. */
  protected abstract fetch(
    cursor: string | undefined,
    signal: AbortSignal
  ): Promise<T>;

  /** Take in an answer. True: ask for everything again, to have it smaller. */
  protected abstract take(answer: T): boolean;

  /** Whether this event speaks of what is followed here. */
  protected abstract concerns(change: ILiveChange): boolean;

  protected async look(): Promise<void> {
    this._lastLook = Date.now();
    let more = true;
    while (more && !this.isDisposed) {
      const answer = await this.fetch(this._cursor ?? undefined, this.signal);
      const again = this.take(answer);
      this._cursor = again ? '' : answer.cursor;
      this.setComplete(answer.complete && !again);
      more = again || (answer.more ?? false);
      if (more && !again) {
        this.emitChanged();
      }
    }
  }

  protected override pause(): number {
    const again = this._isWanted;
    this._isWanted = false;
    return again ? THROTTLE : super.pause();
  }

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
    if (!this.isFollowing) {
      return;
    }
    if (this.work) {
      this._isWanted = true;
    } else {
      const passed = Date.now() - this._lastLook;
      this.schedule(Math.max(0, THROTTLE - passed));
    }
  }

  private _cursor: string | null = null;
  private _isWanted = false;
  private _lastLook = 0;
}
