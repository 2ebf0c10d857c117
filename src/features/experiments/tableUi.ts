import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

export type TablePanel = 'conditions' | 'saved' | 'columns';

/** Which parts of a table's tab are open. */
export class TableUi {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the filter is to be typed. */
  get filterWanted(): ISignal<this, void> {
    return this._filterWanted;
  }

  get panel(): TablePanel | null {
    return this._panel;
  }

  toggle(panel: TablePanel): void {
    this.show(this._panel === panel ? null : panel);
  }

  show(panel: TablePanel | null): void {
    if (panel !== this._panel) {
      this._panel = panel;
      this._changed.emit();
    }
  }

  wantFilter(): void {
    this._filterWanted.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _filterWanted = new Signal<this, void>(this);
  private _panel: TablePanel | null = null;
}
