import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Shown } from './deltas';

export type ShownParts = 'both' | 'charts' | 'table';

/** How a comparison is looked at: nothing of it is kept in its file. */
export class CompareUi {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get shown(): ShownParts {
    return this._shown;
  }

  set shown(shown: ShownParts) {
    this._shown = shown;
    this._changed.emit();
  }

  /** Which value of metrics the table shows. */
  get value(): Shown {
    return this._value;
  }

  set value(value: Shown) {
    this._value = value;
    this._changed.emit();
  }

  /** Whether the notes are being written. */
  get isNoting(): boolean {
    return this._isNoting;
  }

  set isNoting(isNoting: boolean) {
    this._isNoting = isNoting;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isNoting = false;
  private _shown: ShownParts = 'both';
  private _value: Shown = 'last';
}
