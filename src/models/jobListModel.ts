import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../client';
import type { RequestError } from '../client';
import type { Job } from '../contract';
import type { IJobsChange, JobsModel } from './jobsModel';

/** Jobs fetched at a time. */
const PAGE = 50;
/** Wait after the last key before the filter is asked for, in milliseconds. */
const TYPING = 250;

/**
 * One list of jobs, newest first, that stays current.
 *
 * While the list is held (the pointer is in it) values change in place but no
 * row appears above others; what came meanwhile is counted in `waiting`.
 */
export class JobListModel implements IDisposable {
  constructor(readonly jobs: JobsModel) {
    this._typing = new Debouncer(() => this.load(), TYPING);
    jobs.jobsChanged.connect(this._onJobsChanged, this);
    jobs.reset.connect(this._onReset, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What to show; null before the first page has come. */
  get items(): readonly Job[] | null {
    return this._items;
  }

  /** Jobs that match on the server and are not loaded. */
  get more(): number {
    return Math.max(0, this._total - (this._items?.length ?? 0));
  }

  /** New jobs that wait until the list is let go. */
  get waiting(): number {
    return this._waiting.length;
  }

  get filter(): string {
    return this._filter;
  }

  get error(): RequestError | null {
    return this._error;
  }

  get isLoading(): boolean {
    return this._isLoading;
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
    this._typing.dispose();
    this.jobs.jobsChanged.disconnect(this._onJobsChanged, this);
    this.jobs.reset.disconnect(this._onReset, this);
    Signal.clearData(this);
  }

  /** Narrow the list; the old rows stay until the new ones are there. */
  setFilter(text: string): void {
    if (text === this._filter) {
      return;
    }
    this._filter = text;
    this._changed.emit();
    void this._typing.invoke().catch(() => undefined);
  }

  /** Keep the order as it is, or let new rows in. */
  hold(held: boolean): void {
    this._isHeld = held;
    if (!held && this._waiting.length > 0) {
      this._insert(this._waiting);
      this._waiting = [];
      this._changed.emit();
    }
  }

  /** Fetch the first page (again). */
  async load(): Promise<void> {
    await this._fetch(undefined);
  }

  /** Fetch the next page. */
  async loadMore(): Promise<void> {
    if (this._cursor && !this._isLoading) {
      await this._fetch(this._cursor);
    }
  }

  private async _fetch(cursor: string | undefined): Promise<void> {
    this._abort?.abort();
    const abort = new AbortController();
    this._abort = abort;
    this._isLoading = true;
    this._changed.emit();
    try {
      const page = await this.jobs.client.jobs.list(
        { limit: PAGE, cursor, text: this._filter.trim() },
        abort.signal
      );
      if (abort.signal.aborted) {
        return;
      }
      const before = cursor ? (this._items ?? []) : [];
      const known = new Set(before.map(job => job.id));
      this._items = [
        ...before,
        ...page.items.filter(job => !known.has(job.id))
      ];
      this._cursor = page.next_cursor;
      this._total = page.total;
      this._waiting = [];
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
    void this.load();
  }

  private _onJobsChanged(_: JobsModel, change: IJobsChange): void {
    if (!this._items) {
      return;
    }
    const removed = new Set(change.removed);
    const kept = this._items.filter(job => !removed.has(job.id));
    this._total -= this._items.length - kept.length;
    this._waiting = this._waiting.filter(job => !removed.has(job.id));
    this._items = kept;
    const fresh: Job[] = [];
    for (const job of change.changed) {
      if (!replace(kept, job) && !replace(this._waiting, job)) {
        fresh.push(job);
      }
    }
    const oldest = this._items[this._items.length - 1];
    const inReach = fresh.filter(
      job =>
        matches(job, this._filter) &&
        (!this._cursor || !oldest || job.created >= oldest.created)
    );
    this._total += inReach.length;
    if (this._isHeld) {
      this._waiting.push(...inReach);
    } else {
      this._insert(inReach);
    }
    this._changed.emit();
  }

  private _insert(jobs: readonly Job[]): void {
    this._items = [...(this._items ?? []), ...jobs].sort(
      (a, b) => b.created - a.created || (a.id < b.id ? 1 : -1)
    );
  }

  private _abort: AbortController | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _cursor: string | null = null;
  private _error: RequestError | null = null;
  private _filter = '';
  private _isDisposed = false;
  private _isHeld = false;
  private _isLoading = false;
  private _items: Job[] | null = null;
  private _total = 0;
  private readonly _typing: Debouncer;
  private _waiting: Job[] = [];
}

/** Put a newer version of a job in its place; false when it is not there. */
function replace(jobs: Job[], job: Job): boolean {
  const index = jobs.findIndex(item => item.id === job.id);
  if (index < 0) {
    return false;
  }
  if (job.revision >= jobs[index].revision) {
    jobs[index] = job;
  }
  return true;
}

/** The server's filter, near enough to place a job that has just appeared. */
export function matches(job: Job, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  if (!wanted) {
    return true;
  }
  return [
    job.name,
    job.notebook,
    job.trial.experiment,
    job.status,
    job.id
  ].some(value => value.toLowerCase().includes(wanted));
}
