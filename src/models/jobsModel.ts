import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal, IStream } from '@lumino/signaling';
import type { StudioClient } from '../client';
import { asRequestError } from '../client';
import type { RequestError } from '../client';
import type { Job } from '../contract';
import { ACTIVE_STATUSES, isActive } from './jobStates';

/** Schema id of the event that says that jobs changed. */
export const JOBS_EVENT = /\/studio_ext\/jobs(\/|$)/;

/** Schema id of the event that says that figures of jobs grew. */
export const LIVE_EVENT = /\/studio_ext\/live(\/|$)/;

/** Jobs of which there is more to see. */
export interface ILiveChange {
  /** Ids of jobs that logged metrics. */
  metrics: readonly string[];
  /** Ids of jobs with new samples of what they use. */
  resources: readonly string[];
}

/** What changed in one step. */
export interface IJobsChange {
  /** New and changed jobs, oldest change first. */
  changed: readonly Job[];
  /** Ids of jobs that were deleted. */
  removed: readonly string[];
}

/** Time between looks when no event comes, in milliseconds. */
const INTERVAL = 5_000;
const MAX_INTERVAL = 300_000;
/** Events closer together than this lead to one look, in milliseconds. */
const COALESCE = 100;

/**
 * Follows all jobs of the workspace by revision.
 *
 * Events only hint that there is something to ask for; a poll is the safety
 * net for events that were lost. Lists and tabs build on `jobsChanged`.
 */
export class JobsModel implements IDisposable {
  constructor(options: JobsModel.IOptions) {
    this.client = options.client;
    this._events = options.events ?? null;
    this._events?.connect(this._onEvent, this);
    this._poll = new Poll({
      auto: options.auto ?? true,
      factory: () => this._look(),
      frequency: { interval: INTERVAL, backoff: true, max: MAX_INTERVAL },
      name: 'studio_ext:JobsModel',
      standby: options.standby ?? 'when-hidden'
    });
  }

  readonly client: StudioClient;

  /** Emitted after every step that brought something new. */
  get jobsChanged(): ISignal<this, IJobsChange> {
    return this._jobsChanged;
  }

  /** Emitted when the error or the readiness changes. */
  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  /** Emitted when there is more to see of jobs whose figures were asked for. */
  get liveChanged(): ISignal<this, ILiveChange> {
    return this._liveChanged;
  }

  /** Emitted when everything known may be wrong: lists load again. */
  get reset(): ISignal<this, void> {
    return this._reset;
  }

  /** Jobs that have not ended, newest first. */
  get active(): readonly Job[] {
    return [...this._active.values()].sort((a, b) => b.created - a.created);
  }

  /** Why the last look failed. */
  get error(): RequestError | null {
    return this._error;
  }

  /** Whether one look succeeded. */
  get isReady(): boolean {
    return this._revision !== null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._events?.disconnect(this._onEvent, this);
    this._poll.dispose();
    Signal.clearData(this);
  }

  /** Look now; resolves when everything new has been taken in. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
  }

  /** Take in a job that a request returned, without waiting for a look. */
  take(job: Job): void {
    this._apply({ changed: [job], removed: [] });
  }

  /** Drop a job that a request deleted. */
  drop(id: string): void {
    this._apply({ changed: [], removed: [id] });
  }

  private _onEvent(_: Event.IManager, event: Event.Emission): void {
    if (LIVE_EVENT.test(event.schema_id)) {
      const { metrics, resources } = event as unknown as ILiveChange;
      this._liveChanged.emit({ metrics, resources });
      return;
    }
    if (!JOBS_EVENT.test(event.schema_id) || this._timer) {
      return;
    }
    this._timer = window.setTimeout(() => {
      this._timer = 0;
      void this._poll.refresh();
    }, COALESCE);
  }

  private async _look(): Promise<void> {
    try {
      if (this._revision === null) {
        await this._start();
      }
      let more = true;
      while (more && !this._isDisposed) {
        more = await this._step();
      }
      this._setError(null);
    } catch (reason) {
      if (!this._isDisposed) {
        this._setError(asRequestError(reason));
      }
      throw reason;
    }
  }

  /** The revision comes first: what happens meanwhile is asked for again. */
  private async _start(): Promise<void> {
    const { jobs_revision: revision } = await this.client.info();
    const page = await this.client.jobs.list({
      statuses: ACTIVE_STATUSES,
      limit: 200
    });
    this._active.clear();
    this._revision = revision;
    this._apply({ changed: [...page.items].reverse(), removed: [] });
    this._stateChanged.emit();
  }

  private async _step(): Promise<boolean> {
    const since = this._revision ?? 0;
    const delta = await this.client.jobs.changes(since);
    if (this._isDisposed) {
      return false;
    }
    if (delta.revision < since) {
      // Another workspace took the place of the one we knew.
      this._revision = null;
      await this._start();
      this._reset.emit();
      return false;
    }
    this._revision = delta.revision;
    this._apply({ changed: delta.items, removed: delta.removed });
    return delta.more;
  }

  private _apply(change: IJobsChange): void {
    const changed = change.changed.filter(job => this._isNews(job));
    for (const job of changed) {
      if (isActive(job)) {
        this._active.set(job.id, job);
      } else {
        this._active.delete(job.id);
      }
    }
    for (const id of change.removed) {
      this._active.delete(id);
    }
    if (changed.length > 0 || change.removed.length > 0) {
      this._jobsChanged.emit({ changed, removed: change.removed });
    }
  }

  /** Replies can overtake each other: an older one brings nothing. */
  private _isNews(job: Job): boolean {
    const known = this._active.get(job.id);
    return !known || job.revision >= known.revision;
  }

  private _setError(error: RequestError | null): void {
    const before = this._error;
    this._error = error;
    if (before?.message !== error?.message) {
      this._stateChanged.emit();
    }
  }

  private readonly _active = new Map<string, Job>();
  private _error: RequestError | null = null;
  private readonly _events: IStream<Event.IManager, Event.Emission> | null;
  private _isDisposed = false;
  private readonly _jobsChanged = new Signal<this, IJobsChange>(this);
  private readonly _liveChanged = new Signal<this, ILiveChange>(this);
  private readonly _poll: Poll;
  private readonly _reset = new Signal<this, void>(this);
  private _revision: number | null = null;
  private readonly _stateChanged = new Signal<this, void>(this);
  private _timer = 0;
}

export namespace JobsModel {
  export interface IOptions {
    client: StudioClient;
    /** The server's event stream, where there is one. */
    events?: IStream<Event.IManager, Event.Emission>;
    /** Whether to begin at once; default true. */
    auto?: boolean;
    /** When not to look; default while the page is hidden. */
    standby?: Poll.Standby | (() => boolean | Poll.Standby);
  }
}
