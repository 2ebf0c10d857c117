import { DataModel } from '@lumino/datagrid';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { GridChange, IGridSource } from './source';

/** A place in the data model. */
export interface IGridPlace {
  region: 'row-header' | 'body';
  column: number;
}

/**
 * A source as the grid's data.
 *
 * Columns that stay in sight are the grid's row headers, after one of boxes to select with.
 */
export class GridDataModel extends DataModel implements IDisposable {
  constructor(readonly source: IGridSource) {
    super();
    source.changed.connect(this._onChanged, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this.source.changed.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  override rowCount(region: DataModel.RowRegion): number {
    return region === 'body' ? this.source.rowCount : 1;
  }

  override columnCount(region: DataModel.ColumnRegion): number {
    const { columns, pinned } = this.source;
    return region === 'body' ? columns.length - pinned : pinned + 1;
  }

  /** Nothing asks for it but what copies: cells are painted from the source. */
  override data(
    region: DataModel.CellRegion,
    row: number,
    column: number
  ): string {
    const index = this.columnIndex(region, column);
    if (index < 0) {
      return '';
    }
    return region === 'body' || region === 'row-header'
      ? (this.source.cell(row, index)?.text ?? '')
      : this.source.columns[index].label;
  }

  /** Which of the source's columns; -1 for the boxes. */
  columnIndex(region: DataModel.CellRegion, column: number): number {
    return region === 'body' || region === 'column-header'
      ? column + this.source.pinned
      : column - 1;
  }

  placeOf(index: number): IGridPlace {
    const { pinned } = this.source;
    return index < pinned
      ? { region: 'row-header', column: index + 1 }
      : { region: 'body', column: index - pinned };
  }

  /** Draw some rows again. */
  redraw(first: number, last: number): void {
    const rowSpan = last - first + 1;
    for (const region of ['row-header', 'body'] as const) {
      const columnSpan = this.columnCount(region);
      if (rowSpan > 0 && columnSpan > 0) {
        this.emitChanged({
          type: 'cells-changed',
          region,
          row: first,
          column: 0,
          rowSpan,
          columnSpan
        });
      }
    }
  }

  private _onChanged(_: unknown, change: GridChange): void {
    if (change.type === 'rows') {
      this.redraw(
        change.first,
        Math.min(change.last, this.source.rowCount - 1)
      );
    } else {
      this.emitChanged({ type: 'model-reset' });
    }
  }

  private _isDisposed = false;
}
