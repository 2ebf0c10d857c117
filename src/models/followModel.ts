import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../client';
import type { RequestError } from '../client';
import { Attention } from './attention';

/**
 * Follows something that grows or changes, while somebody looks at it and the
 * page is seen.
 *
 * After each look comes a pause, twice as long after each failure, until there
 * is nothing more to come.
 */
export abstract class FollowModel implements IDisposable {
  /**
   * @param _interval - the pause between two looks, in milliseconds.
   * @param _maxInterval - the longest pause after failures, in milliseconds.
   */
  constructor(
    private readonly _interval: number,
    private readonly _maxInterval: number
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether an answer has come, be it an empty one. */
  abstract get isReady(): boolean;

  /** Whether nothing can come any more. */
  get isComplete(): boolean {
    return this._isComplete;
  }

  /** Why the last look failed; what is shown may be old then. */
  get error(): RequestError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this.signal.aborted;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.clearTimeout(this._timer);
    this._attention.dispose();
    this._abort.abort();
    Signal.clearData(this);
  }

  /** Whether somebody looks: only then is anything asked for. */
  setActive(active: boolean): void {
    this._attention.set(this, active);
  }

  /** Take in what came since the last look. */
  refresh(): Promise<void> {
    return this._work ?? this.run(() => this.look());
  }

  /** Ask until there is no more for now; an error ends the look. */
  protected abstract look(): Promise<void>;

  /** Ends the requests when this is disposed. */
  protected get signal(): AbortSignal {
    return this._abort.signal;
  }

  /** Whether somebody looks at what can still grow. */
  protected get isFollowing(): boolean {
    return this._attention.isLooking && !this._isComplete && !this.isDisposed;
  }

  /** What is being asked for just now; null: nothing. */
  protected get work(): Promise<void> | null {
    return this._work;
  }

  protected setComplete(complete: boolean): void {
    this._isComplete = complete;
  }

  protected emitChanged(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  /** Ask for something; the next look comes after it. */
  protected run(work: () => Promise<void>): Promise<void> {
    return (this._work = this._guard(work).finally(() => {
      this._work = null;
      this.schedule(this.pause());
    }));
  }

  /** Time until the next look, in milliseconds. */
  protected pause(): number {
    return Math.min(this._interval * 2 ** this._failures, this._maxInterval);
  }

  /** Look after a while, instead of when it was planned. */
  protected schedule(wait: number): void {
    window.clearTimeout(this._timer);
    if (this.isFollowing) {
      this._timer = window.setTimeout(() => void this.refresh(), wait);
    }
  }

  private async _guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this._error = null;
      this._failures = 0;
    } catch (reason) {
      if (isAbort(reason)) {
        return;
      }
      this._error = asRequestError(reason);
      this._failures += 1;
    }
    this.emitChanged();
  }

  private readonly _abort = new AbortController();
  private readonly _attention = new Attention(() => {
    window.clearTimeout(this._timer);
    if (this.isFollowing) {
      void this.refresh();
    }
  });
  private readonly _changed = new Signal<this, void>(this);
  private _error: RequestError | null = null;
  private _failures = 0;
  private _isComplete = false;
  private _timer = 0;
  private _work: Promise<void> | null = null;
}
