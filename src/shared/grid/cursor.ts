import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

/** Row of the header. */
export const HEADER = -1;

/** Where the keyboard is in the grid, and from where a range of rows is selected. */
export class GridCursor {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get row(): number {
    return this._row;
  }

  get column(): number {
    return this._column;
  }

  /** Row from which a range begins. */
  anchor = 0;

  /** Move; `stay`: the range goes on from where it began. */
  moveTo(row: number, column: number, stay = false): void {
    if (!stay) {
      this.anchor = Math.max(0, row);
    }
    if (row !== this._row || column !== this._column) {
      this._row = row;
      this._column = column;
      this._changed.emit();
    }
  }

  /** Keep it within a table that became smaller. */
  clamp(rows: number, columns: number): void {
    this.moveTo(
      Math.max(HEADER, Math.min(this._row, rows - 1)),
      Math.max(0, Math.min(this._column, columns - 1)),
      true
    );
    this.anchor = Math.max(0, Math.min(this.anchor, rows - 1));
  }

  private readonly _changed = new Signal<this, void>(this);
  private _column = 0;
  private _row = 0;
}
