import type { IDisposable } from '@lumino/disposable';

/**
 * Knows whether somebody looks: something that shows it is seen, and so is the
 * page. Nothing has to be asked for otherwise.
 */
export class Attention implements IDisposable {
  /** @param _onChange - called whenever somebody begins or ceases to look. */
  constructor(private readonly _onChange: (isLooking: boolean) => void) {
    document.addEventListener('visibilitychange', this._update);
  }

  get isLooking(): boolean {
    return this._seen.size > 0 && !document.hidden && !this._isDisposed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._seen.clear();
    document.removeEventListener('visibilitychange', this._update);
  }

  /** Say whether one of those that show it is seen. */
  set(viewer: object, isSeen: boolean): void {
    if (this._isDisposed) {
      return;
    }
    if (isSeen) {
      this._seen.add(viewer);
    } else {
      this._seen.delete(viewer);
    }
    this._update();
  }

  private readonly _update = (): void => {
    const { isLooking } = this;
    if (isLooking !== this._wasLooking) {
      this._wasLooking = isLooking;
      this._onChange(isLooking);
    }
  };

  private _isDisposed = false;
  private readonly _seen = new Set<object>();
  private _wasLooking = false;
}
