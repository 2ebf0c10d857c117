import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { ITrialFocus } from '../shared/charts/types';
import { TrialSelection } from './trialSelection';

/** Which trials stand out: what a table or a chart selects is selected in all. */
export class TrialFocus implements ITrialFocus {
  /** `selection`: that of a table, where there is one. */
  constructor(readonly selection = new TrialSelection()) {
    selection.changed.connect(this._onSelection, this);
    this._selected = new Set(selection.ids);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get selected(): ReadonlySet<string> {
    return this._selected;
  }

  get hovered(): string | null {
    return this._hovered;
  }

  select(ids: Iterable<string>): void {
    this.selection.set(ids);
  }

  toggle(id: string): void {
    this.selection.toggle(id);
  }

  hover(id: string | null): void {
    if (id !== this._hovered) {
      this._hovered = id;
      this._changed.emit();
    }
  }

  dispose(): void {
    this.selection.changed.disconnect(this._onSelection, this);
    Signal.clearData(this);
  }

  private _onSelection(): void {
    this._selected = new Set(this.selection.ids);
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _hovered: string | null = null;
  private _selected: ReadonlySet<string>;
}
