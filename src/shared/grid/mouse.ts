import { BasicMouseHandler } from '@lumino/datagrid';
import type { DataGrid } from '@lumino/datagrid';
import type { GridCursor } from './cursor';
import { HEADER } from './cursor';
import type { GridDataModel } from './dataModel';
import { columnSpan } from './geometry';
import { isOnCaret, textStart } from './painter';
import type { IGridActions } from './source';

/** How near the edge of a header's cell the pointer resizes. */
const EDGE = 5;
/** How far the pointer has to go before a header is dragged. */
const DRAG = 6;
/** Least width of a column, in pixels. */
export const MIN_WIDTH = 40;

export interface IMouseContext {
  model: GridDataModel;
  actions: IGridActions;
  cursor: GridCursor;
  /** Width of a text as it is drawn. */
  measure(text: string): number;
  /** Say which row is under the pointer; -1: none. */
  hover(row: number): void;
  /** Show where a dragged column would go, in pixels; null: nowhere. */
  showDrop(x: number | null): void;
  /** Take the place of columns' names by the pointer. */
  area(area: 'header' | 'row' | 'void'): void;
}

type Press =
  | { type: 'resize'; column: number; from: number; width: number; to: number }
  | { type: 'header'; column: number; from: number; isDrag: boolean }
  | { type: 'link'; row: number };

interface IHit {
  row: number;
  /** -1: the boxes. */
  column: number;
  /** Column whose right edge is under the pointer. */
  edge: number;
  x: number;
}

/** What the pointer does in a grid of rows. */
export class GridMouseHandler extends BasicMouseHandler {
  constructor(private readonly _context: IMouseContext) {
    super();
  }

  override release(): void {
    this._press = null;
    this._context.showDrop(null);
    super.release();
  }

  override onMouseHover(grid: DataGrid, event: MouseEvent): void {
    const { model, hover } = this._context;
    const hit = this._hit(grid, event);
    hover(hit && hit.row !== HEADER ? hit.row : -1);
    const { node } = grid.viewport;
    node.style.cursor = this._cursorFor(hit);
    const title =
      !hit || hit.column < 0
        ? ''
        : hit.row === HEADER
          ? model.source.columns[hit.column].title
          : (model.source.cell(hit.row, hit.column)?.title ?? '');
    if (node.title !== title) {
      node.title = title;
    }
  }

  override onMouseLeave(grid: DataGrid): void {
    this._context.hover(-1);
    grid.viewport.node.style.cursor = '';
    grid.viewport.node.title = '';
  }

  override onMouseDown(grid: DataGrid, event: MouseEvent): void {
    const hit = this._hit(grid, event);
    if (!hit) {
      return;
    }
    if (hit.row === HEADER) {
      this._pressHeader(grid, event, hit);
    } else {
      this._pressRow(event, hit);
    }
  }

  override onMouseMove(grid: DataGrid, event: MouseEvent): void {
    const press = this._press;
    const { model, showDrop } = this._context;
    if (press?.type === 'resize') {
      const { region, column } = model.placeOf(press.column);
      press.to = Math.max(MIN_WIDTH, press.width + event.clientX - press.from);
      grid.resizeColumn(region, column, press.to);
    } else if (press?.type === 'header') {
      press.isDrag ||= Math.abs(event.clientX - press.from) > DRAG;
      if (press.isDrag) {
        grid.viewport.node.style.cursor = 'grabbing';
        showDrop(this._drop(grid, event).x);
      }
    }
  }

  override onMouseUp(grid: DataGrid, event: MouseEvent): void {
    const press = this._press;
    const { actions, cursor } = this._context;
    if (press?.type === 'header') {
      if (press.isDrag) {
        actions.move(press.column, this._drop(grid, event).before);
      } else {
        cursor.moveTo(HEADER, press.column);
        actions.sort(press.column, event.shiftKey);
      }
    } else if (press?.type === 'resize') {
      actions.resize(press.column, press.to);
    } else if (press?.type === 'link') {
      const hit = this._hit(grid, event);
      if (hit && hit.row === press.row) {
        actions.open(press.row);
      }
    }
    this.release();
  }

  override onMouseDoubleClick(grid: DataGrid, event: MouseEvent): void {
    const hit = this._hit(grid, event);
    if (hit && hit.row !== HEADER && hit.column >= 0 && !this._isLink(hit)) {
      this._context.actions.open(hit.row);
    }
  }

  override onContextMenu(grid: DataGrid, event: MouseEvent): void {
    const { actions, area, cursor, model } = this._context;
    const hit = this._hit(grid, event);
    area(!hit ? 'void' : hit.row === HEADER ? 'header' : 'row');
    if (!hit) {
      return;
    }
    cursor.moveTo(hit.row, Math.max(0, hit.column));
    const row = hit.row === HEADER ? undefined : model.source.row(hit.row);
    if (row?.isSelectable && !row.isSelected) {
      actions.select(hit.row, 'only', hit.row);
    }
  }

  private _pressHeader(grid: DataGrid, event: MouseEvent, hit: IHit): void {
    const { actions, model } = this._context;
    const from = event.clientX;
    if (hit.edge >= 0) {
      const { region, column } = model.placeOf(hit.edge);
      const width = grid.columnSize(region, column);
      this._press = {
        type: 'resize',
        column: hit.edge,
        from,
        width,
        to: width
      };
    } else if (hit.column < 0) {
      actions.selectAll();
    } else {
      this._press = {
        type: 'header',
        column: hit.column,
        from,
        isDrag: false
      };
    }
  }

  private _pressRow(event: MouseEvent, hit: IHit): void {
    const { actions, cursor, model } = this._context;
    const { row } = hit;
    const isBox = hit.column < 0;
    const { anchor } = cursor;
    const accel = event.ctrlKey || event.metaKey;
    cursor.moveTo(row, isBox ? cursor.column : hit.column, event.shiftKey);
    const cell = isBox ? null : model.source.cell(row, hit.column);
    if (cell && isOnCaret(cell, hit.x)) {
      actions.expand(row);
    } else if (event.shiftKey) {
      actions.select(row, 'range', anchor);
    } else if (isBox || accel) {
      actions.select(row, 'toggle', row);
    } else if (this._isLink(hit)) {
      this._press = { type: 'link', row };
    } else {
      actions.select(row, 'only', row);
    }
  }

  private _isLink(hit: IHit): boolean {
    const { measure, model } = this._context;
    const cell = hit.column < 0 ? null : model.source.cell(hit.row, hit.column);
    if (!cell || cell.tone !== 'link') {
      return false;
    }
    const start = textStart(cell);
    return hit.x >= start && hit.x <= start + measure(cell.text);
  }

  private _cursorFor(hit: IHit | null): string {
    if (!hit) {
      return '';
    }
    if (hit.row === HEADER) {
      return hit.edge >= 0 ? 'ew-resize' : 'pointer';
    }
    const cell =
      hit.column < 0
        ? null
        : this._context.model.source.cell(hit.row, hit.column);
    const isActive =
      hit.column < 0 ||
      this._isLink(hit) ||
      (cell !== null && isOnCaret(cell, hit.x));
    return isActive ? 'pointer' : 'default';
  }

  private _hit(grid: DataGrid, event: MouseEvent): IHit | null {
    const { model } = this._context;
    const { region, row, column, x, width } = grid.hitTest(
      event.clientX,
      event.clientY
    );
    if (region === 'void') {
      return null;
    }
    const index = model.columnIndex(region, column);
    const isHeader = region === 'corner-header' || region === 'column-header';
    let edge = -1;
    if (isHeader && width - x <= EDGE) {
      edge = index;
    } else if (isHeader && x <= EDGE) {
      edge = index - 1;
    }
    return { row: isHeader ? HEADER : row, column: index, edge, x };
  }

  /** Before which column one is dropped, and where that is. */
  private _drop(
    grid: DataGrid,
    event: MouseEvent
  ): { before: number; x: number } {
    const { model } = this._context;
    const { lx } = grid.mapToLocal(event.clientX, event.clientY);
    const count = model.source.columns.length;
    let end = 0;
    for (let index = 0; index < count; index++) {
      const span = columnSpan(grid, model, index);
      if (!span) {
        continue;
      }
      if (lx < span.start + span.size / 2) {
        return { before: index, x: span.start };
      }
      end = index + 1;
      if (lx < span.start + span.size) {
        return { before: end, x: span.start + span.size };
      }
    }
    return { before: end, x: Math.min(lx, grid.viewportWidth - 2) };
  }

  private _press: Press | null = null;
}
