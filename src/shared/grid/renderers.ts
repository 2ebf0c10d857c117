import { CellRenderer } from '@lumino/datagrid';
import type { GraphicsContext } from '@lumino/datagrid';
import { drawBox, drawCaret, drawShape, drawSort, drawStar } from './drawings';
import { TextFitter } from './fitText';
import type { IGridCell, IGridColumn, IGridRow } from './source';
import type { IGridTheme } from './theme';

/** Space at both sides of a text. */
export const PADDING = 8;
/** How far each level of a tree is set in. */
export const INDENT = 16;
/** Room for what stands before a text. */
const SIGN = 20;

/** What drawing has to know beside the cell. */
export interface IGridLook {
  readonly theme: IGridTheme;
  /** Row under the pointer; -1 for none. */
  readonly hovered: number;
  /** Where the keyboard is, if it shows. */
  readonly cursor: { row: number; column: number } | null;
  row(index: number): IGridRow | undefined;
  columnIndex(config: CellRenderer.CellConfig): number;
}

/** Where the text of a cell begins, in pixels from the cell's left. */
export function textStart(cell: IGridCell): number {
  const depth = cell.depth ?? 0;
  const caret = cell.caret ? SIGN : 0;
  return PADDING + depth * INDENT + caret + (cell.shape ? SIGN : 0);
}

/** Whether a click that far from the left of a cell is on its caret. */
export function isOnCaret(cell: IGridCell, x: number): boolean {
  const start = (cell.depth ?? 0) * INDENT;
  const isThere = cell.caret === 'open' || cell.caret === 'closed';
  return isThere && x >= start && x < start + PADDING + SIGN;
}

/** Draws cells of rows, and the boxes before them. */
export class GridCellRenderer extends CellRenderer {
  constructor(
    private readonly _look: IGridLook,
    private readonly _fitter: TextFitter
  ) {
    super();
  }

  override paint(gc: GraphicsContext, config: CellRenderer.CellConfig): void {
    const { x, y, width, height, row } = config;
    const look = this._look;
    const { theme } = look;
    const about = look.row(row);
    gc.fillStyle = about?.isSelected
      ? theme.selected
      : about?.isMarked
        ? theme.marked
        : row === look.hovered
          ? theme.hover
          : theme.background;
    gc.fillRect(x, y, width, height);
    const column = look.columnIndex(config);
    if (column < 0) {
      if (about?.isSelectable) {
        drawBox(gc, x + width / 2, y + height / 2, about.isSelected, theme);
      }
    } else if (config.value) {
      this._paintCell(gc, config, config.value as IGridCell, about);
    } else {
      this._paintSkeleton(gc, config);
    }
    const { cursor } = look;
    if (cursor && cursor.row === row && cursor.column === column) {
      gc.strokeStyle = theme.accent;
      gc.lineWidth = 2;
      gc.strokeRect(x + 1, y + 1, width - 3, height - 3);
    }
  }

  private _paintCell(
    gc: GraphicsContext,
    config: CellRenderer.CellConfig,
    cell: IGridCell,
    about: IGridRow | undefined
  ): void {
    const { theme } = this._look;
    const { x, y, width, height } = config;
    const middle = y + height / 2;
    let left = x + PADDING + (cell.depth ?? 0) * INDENT;
    if (cell.caret) {
      if (cell.caret !== 'none') {
        drawCaret(gc, left + 4, middle, cell.caret === 'open', theme.dim);
      }
      left += SIGN;
    }
    if (cell.shape) {
      drawShape(gc, left + 7, middle, cell.shape, theme);
      left += SIGN;
    }
    if (cell.isBest) {
      drawStar(gc, left + 4, middle, theme.good);
      left += 12;
    }
    const font =
      cell.isBest || cell.tone === 'strong'
        ? theme.boldFont
        : cell.tone === 'code'
          ? theme.codeFont
          : theme.font;
    gc.font = font;
    gc.textBaseline = 'middle';
    gc.fillStyle = cell.isBest
      ? theme.good
      : about?.isDimmed || cell.tone === 'dim'
        ? theme.dim
        : cell.tone === 'link'
          ? theme.link
          : theme.text;
    const room = x + width - PADDING - left;
    const text = this._fitter.fit(gc, font, cell.text, room);
    if (cell.align === 'right') {
      gc.textAlign = 'right';
      gc.fillText(text, x + width - PADDING, middle + 1);
    } else {
      gc.textAlign = 'left';
      gc.fillText(text, left, middle + 1);
    }
  }

  private _paintSkeleton(
    gc: GraphicsContext,
    config: CellRenderer.CellConfig
  ): void {
    const { x, y, width, height, row, column } = config;
    gc.fillStyle = this._look.theme.skeleton;
    const part = 0.35 + ((row * 7 + column * 13) % 5) * 0.1;
    const long = Math.max(8, (width - 2 * PADDING) * part);
    gc.fillRect(x + PADDING, y + height / 2 - 4, long, 8);
  }
}

/** Draws the names of columns. */
export class GridHeaderRenderer extends CellRenderer {
  constructor(
    private readonly _look: IGridLook,
    private readonly _fitter: TextFitter,
    private readonly _isAllSelected: () => boolean | null
  ) {
    super();
  }

  override paint(gc: GraphicsContext, config: CellRenderer.CellConfig): void {
    const { x, y, width, height } = config;
    const { theme } = this._look;
    gc.fillStyle = theme.header;
    gc.fillRect(x, y, width, height);
    gc.fillStyle = theme.strongLine;
    gc.fillRect(x, y + height - 2, width, 1);
    const column = config.value as IGridColumn | null;
    const middle = y + height / 2;
    if (!column) {
      const all = this._isAllSelected();
      drawBox(gc, x + width / 2, middle, all, theme);
      return;
    }
    const isRight = column.align === 'right';
    const sign = column.sort ? (column.sort.position > 0 ? 24 : 14) : 0;
    const font =
      column.tone === 'italic'
        ? theme.italicFont
        : column.sort
          ? theme.boldFont
          : theme.font;
    gc.font = font;
    gc.textBaseline = 'middle';
    gc.fillStyle =
      column.tone === 'strong' || column.sort ? theme.strong : theme.dim;
    const room = width - 2 * PADDING - sign;
    const text = this._fitter.fit(gc, font, column.label, room);
    gc.textAlign = isRight ? 'right' : 'left';
    const end = x + width - PADDING;
    gc.fillText(text, isRight ? end - sign : x + PADDING, middle + 1);
    if (column.sort) {
      const at = isRight
        ? end - sign + 8
        : x + PADDING + gc.measureText(text).width + 9;
      drawSort(gc, at, middle, column.sort, theme);
    }
    const index = this._look.columnIndex(config);
    const { cursor } = this._look;
    if (cursor && cursor.row === -1 && cursor.column === index) {
      gc.strokeStyle = theme.accent;
      gc.lineWidth = 2;
      gc.strokeRect(x + 1, y + 1, width - 3, height - 3);
    }
  }
}
