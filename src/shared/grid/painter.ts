import type { IBox } from './canvas';
import {
  drawBox,
  drawCaret,
  drawLine,
  drawShape,
  drawSort,
  drawStar
} from './drawings';
import type { TextFitter } from './fitText';
import type { IGridCell, IGridColumn, IGridRow, IGridSource } from './source';
import type { IGridTheme } from './theme';

/** Space at both sides of a text. */
export const PADDING = 8;
/** How far each level of a tree is set in. */
export const INDENT = 16;
/** Room for what stands before a text. */
const SIGN = 20;

/** What painting has to know beside what is painted. */
export interface IGridLook {
  readonly theme: IGridTheme;
  /** Row under the pointer; -1 for none. */
  readonly hovered: number;
  /** Where the keyboard is, if it shows; row -1 is the header. */
  readonly cursor: { row: number; column: number } | null;
}

/** Where the text of a cell begins, in pixels from the cell's left. */
export function textStart(cell: IGridCell): number {
  const depth = cell.depth ?? 0;
  const caret = cell.caret ? SIGN : 0;
  const line = cell.line === undefined ? 0 : SIGN;
  return PADDING + depth * INDENT + caret + line + (cell.shape ? SIGN : 0);
}

/** Whether a click that far from the left of a cell is on its caret. */
export function isOnCaret(cell: IGridCell, x: number): boolean {
  const start = (cell.depth ?? 0) * INDENT;
  const isThere = cell.caret === 'open' || cell.caret === 'closed';
  return isThere && x >= start && x < start + PADDING + SIGN;
}

type Canvas = CanvasRenderingContext2D;

/** Paints rows, cells and the names of columns; column -1 is that of the boxes. */
export class GridPainter {
  constructor(
    private readonly _source: IGridSource,
    private readonly _look: IGridLook,
    private readonly _fitter: TextFitter,
    private readonly _isAllSelected: () => boolean | null
  ) {}

  /** What is seen where there is nothing. */
  paintGround(gc: Canvas, box: IBox): void {
    gc.fillStyle = this._look.theme.background;
    gc.fillRect(box.x, box.y, box.width, box.height);
  }

  /** What is below the cells of a row; -1: of the header. */
  paintRow(gc: Canvas, box: IBox, row: number): void {
    const { theme, hovered } = this._look;
    const about = row < 0 ? undefined : this._source.row(row);
    const colour =
      row < 0
        ? theme.header
        : about?.isSelected
          ? theme.selected
          : about?.isMarked
            ? theme.marked
            : row === hovered
              ? theme.hover
              : null;
    if (colour !== null) {
      gc.fillStyle = colour;
      gc.fillRect(box.x, box.y, box.width, box.height);
    }
    gc.fillStyle = row < 0 ? theme.strongLine : theme.line;
    gc.fillRect(box.x, box.y + box.height - 1, box.width, 1);
  }

  paintCell(gc: Canvas, box: IBox, row: number, column: number): void {
    const about = this._source.row(row);
    if (column < 0) {
      if (about?.isSelectable) {
        const middle = box.y + box.height / 2;
        const { isSelected } = about;
        drawBox(
          gc,
          box.x + box.width / 2,
          middle,
          isSelected,
          this._look.theme
        );
      }
    } else {
      const cell = this._source.cell(row, column);
      if (cell) {
        this._paintContent(gc, box, cell, about);
      } else {
        this._paintSkeleton(gc, box, row, column);
      }
    }
    this._paintCursor(gc, box, row, column);
  }

  /** The name of a column, and whether it is sorted by it. */
  paintName(gc: Canvas, box: IBox, index: number): void {
    const { x, y, width, height } = box;
    const { theme } = this._look;
    const middle = y + height / 2;
    gc.fillStyle = theme.line;
    gc.fillRect(x + width - 1, y + 5, 1, height - 10);
    if (index < 0) {
      drawBox(gc, x + width / 2, middle, this._isAllSelected(), theme);
      return;
    }
    const column = this._source.columns[index];
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
    gc.fillStyle = nameColour(column, theme);
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
    this._paintCursor(gc, box, -1, index);
  }

  private _paintContent(
    gc: Canvas,
    box: IBox,
    cell: IGridCell,
    about: IGridRow | undefined
  ): void {
    const { theme } = this._look;
    const { x, y, width, height } = box;
    const middle = y + height / 2;
    let left = x + PADDING + (cell.depth ?? 0) * INDENT;
    if (cell.caret) {
      if (cell.caret !== 'none') {
        drawCaret(gc, left + 4, middle, cell.caret === 'open', theme.dim);
      }
      left += SIGN;
    }
    if (cell.line !== undefined) {
      drawLine(gc, left, middle, cell.line, theme.series(cell.line));
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
    const end = x + width - PADDING;
    const font = fontOf(cell, theme);
    gc.font = font;
    gc.textBaseline = 'middle';
    gc.fillStyle = colourOf(cell, about, theme);
    const text = this._fitter.fit(gc, font, cell.text, end - left);
    const isRight = cell.align === 'right';
    gc.textAlign = isRight ? 'right' : 'left';
    gc.fillText(text, isRight ? end : left, middle + 1);
  }

  /** A grey bar where a value is on its way. */
  private _paintSkeleton(
    gc: Canvas,
    box: IBox,
    row: number,
    column: number
  ): void {
    gc.fillStyle = this._look.theme.skeleton;
    const part = 0.35 + ((row * 7 + column * 13) % 5) * 0.1;
    const width = Math.max(8, (box.width - 2 * PADDING) * part);
    gc.fillRect(box.x + PADDING, box.y + box.height / 2 - 4, width, 8);
  }

  private _paintCursor(
    gc: Canvas,
    box: IBox,
    row: number,
    column: number
  ): void {
    const { cursor, theme } = this._look;
    if (cursor && cursor.row === row && cursor.column === column) {
      gc.strokeStyle = theme.accent;
      gc.lineWidth = 2;
      gc.strokeRect(box.x + 1, box.y + 1, box.width - 3, box.height - 3);
    }
  }
}

function fontOf(cell: IGridCell, theme: IGridTheme): string {
  if (cell.isBest || cell.tone === 'strong') {
    return theme.boldFont;
  }
  return cell.tone === 'code' ? theme.codeFont : theme.font;
}

function colourOf(
  cell: IGridCell,
  about: IGridRow | undefined,
  theme: IGridTheme
): string {
  if (cell.isBest) {
    return theme.good;
  }
  if (about?.isDimmed || cell.tone === 'dim') {
    return theme.dim;
  }
  return cell.tone === 'link' ? theme.link : theme.text;
}

function nameColour(column: IGridColumn, theme: IGridTheme): string {
  return column.tone === 'strong' || column.sort ? theme.strong : theme.dim;
}
