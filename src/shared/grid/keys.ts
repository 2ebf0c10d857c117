import { HEADER } from './cursor';
import type { GridCursor } from './cursor';
import type { IGridActions, IGridSource } from './source';

/** How much wider or narrower a key makes a column, in pixels. */
const STEP = 16;

export interface IKeyContext {
  source: IGridSource;
  actions: IGridActions;
  cursor: GridCursor;
  /** Rows in sight at a time. */
  pageRows: number;
  /** Turns the place of a column into its width. */
  widthOf(column: number): number;
}

/** Do what a key says. Returns whether it said anything. */
export function handleKey(event: KeyboardEvent, context: IKeyContext): boolean {
  const { key, shiftKey } = event;
  const accel = event.ctrlKey || event.metaKey;
  if (key === 'Enter' || key === ' ') {
    return !accel && !event.altKey && press(key, shiftKey, context);
  }
  if (context.cursor.row === HEADER && (event.altKey || shiftKey)) {
    return changeColumn(key, event.altKey, context);
  }
  if (event.altKey) {
    return false;
  }
  if (!accel && !shiftKey && turn(key, context)) {
    return true;
  }
  return move(key, accel, shiftKey, context);
}

/** Enter opens or sorts, space selects. */
function press(key: string, shift: boolean, context: IKeyContext): boolean {
  const { actions, cursor, source } = context;
  const { row, column } = cursor;
  if (row === HEADER) {
    actions.sort(column, shift);
  } else if (key === 'Enter') {
    actions.open(row);
  } else if (shift) {
    actions.select(row, 'range', cursor.anchor);
  } else if (source.row(row)?.isSelectable) {
    cursor.anchor = row;
    actions.select(row, 'toggle', row);
  }
  return true;
}

/** In the header: Alt moves the column, Shift makes it wider or narrower. */
function changeColumn(
  key: string,
  isMove: boolean,
  context: IKeyContext
): boolean {
  const { actions, cursor, source } = context;
  const step = key === 'ArrowLeft' ? -1 : key === 'ArrowRight' ? 1 : 0;
  if (step === 0) {
    return false;
  }
  const { column } = cursor;
  if (isMove) {
    const target = column + step;
    if (target >= 0 && target < source.columns.length) {
      actions.move(column, step > 0 ? target + 1 : target);
      cursor.moveTo(HEADER, target);
    }
  } else {
    actions.resize(column, context.widthOf(column) + step * STEP);
  }
  return true;
}

/** Open or close what is below a row, from its first column. */
function turn(key: string, context: IKeyContext): boolean {
  const { actions, cursor, source } = context;
  const { row, column } = cursor;
  if (row === HEADER || (key !== 'ArrowLeft' && key !== 'ArrowRight')) {
    return false;
  }
  const caret = source.cell(row, column)?.caret;
  if (caret === 'closed' && key === 'ArrowRight') {
    actions.expand(row, true);
    return true;
  }
  if (caret === 'open' && key === 'ArrowLeft') {
    actions.expand(row, false);
    return true;
  }
  return false;
}

function move(
  key: string,
  accel: boolean,
  shift: boolean,
  context: IKeyContext
): boolean {
  const { actions, cursor, pageRows, source } = context;
  const lastRow = source.rowCount - 1;
  const lastColumn = source.columns.length - 1;
  let { row, column } = cursor;
  switch (key) {
    case 'ArrowUp':
      row -= 1;
      break;
    case 'ArrowDown':
      row += 1;
      break;
    case 'ArrowLeft':
      column -= 1;
      break;
    case 'ArrowRight':
      column += 1;
      break;
    case 'PageUp':
      row = Math.max(0, row - pageRows);
      break;
    case 'PageDown':
      row += pageRows;
      break;
    case 'Home':
      column = 0;
      row = accel ? 0 : row;
      break;
    case 'End':
      column = lastColumn;
      row = accel ? lastRow : row;
      break;
    default:
      return false;
  }
  row = Math.max(HEADER, Math.min(row, lastRow));
  column = Math.max(0, Math.min(column, lastColumn));
  const isRange = shift && row !== cursor.row && row >= 0;
  cursor.moveTo(row, column, isRange);
  if (isRange) {
    actions.select(row, 'range', cursor.anchor);
  }
  return true;
}
