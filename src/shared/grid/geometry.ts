import type { DataGrid } from '@lumino/datagrid';
import type { GridDataModel } from './dataModel';

/** A stretch of pixels, from the grid's left or top. */
export interface ISpan {
  start: number;
  size: number;
}

/** Where a column is seen; null where it is not. */
export function columnSpan(
  grid: DataGrid,
  model: GridDataModel,
  index: number
): ISpan | null {
  const { region, column } = model.placeOf(index);
  const offset = grid.columnOffset(region, column);
  const size = grid.columnSize(region, column);
  if (offset < 0 || size <= 0) {
    return null;
  }
  const start =
    region === 'row-header' ? offset : grid.headerWidth + offset - grid.scrollX;
  const from = region === 'row-header' ? 0 : grid.headerWidth;
  return clip(start, size, from, grid.viewportWidth);
}

/** Where a row is seen; -1 is the header. */
export function rowSpan(grid: DataGrid, row: number): ISpan | null {
  if (row < 0) {
    return { start: 0, size: grid.headerHeight };
  }
  const size = grid.rowSize('body', row);
  const start = grid.headerHeight + grid.rowOffset('body', row) - grid.scrollY;
  return clip(start, size, grid.headerHeight, grid.viewportHeight);
}

/** First and last row in sight; null where there is none. */
export function visibleRows(grid: DataGrid): [number, number] | null {
  const last = grid.rowCount('body') - 1;
  if (last < 0 || grid.pageHeight <= 0) {
    return null;
  }
  const at = (y: number) => grid.rowAt('body', y);
  const first = Math.max(0, at(grid.scrollY));
  const end = at(grid.scrollY + grid.pageHeight - 1);
  return [first, end < 0 ? last : end];
}

/** Columns in sight, pinned ones included. */
export function visibleColumns(grid: DataGrid, model: GridDataModel): number[] {
  const { columns, pinned } = model.source;
  const found = Array.from({ length: pinned }, (_, index) => index);
  const at = (x: number) => grid.columnAt('body', x);
  const first = at(grid.scrollX);
  const end = at(grid.scrollX + Math.max(0, grid.pageWidth - 1));
  const last = end < 0 ? columns.length - pinned - 1 : end;
  if (first >= 0) {
    for (let column = first; column <= last; column++) {
      found.push(pinned + column);
    }
  }
  return found;
}

function clip(
  start: number,
  size: number,
  from: number,
  to: number
): ISpan | null {
  const low = Math.max(start, from);
  const high = Math.min(start + size, to);
  return high > low ? { start: low, size: high - low } : null;
}
