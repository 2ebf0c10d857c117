import { DataGrid } from '@lumino/datagrid';
import type { DataModel } from '@lumino/datagrid';
import type { Message } from '@lumino/messaging';
import type { GridDataModel } from './dataModel';
import type { GridPainter } from './painter';

/** Pixels of the canvas. */
export interface IBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface IColumnWidth {
  region: DataModel.ColumnRegion;
  column: number;
  width: number;
}

/** A part of the grid that scrolls as one. */
interface IArea extends IBox {
  rows: DataModel.RowRegion;
  columns: DataModel.ColumnRegion;
  scrollX: number;
  scrollY: number;
}

/**
 * The grid's canvas, painted by ourselves.
 *
 * The grid paints every cell on a buffer first and copies it from there, which costs milliseconds a cell where no
 * graphics card helps. Cells here stay within their bounds by themselves: texts are cut to their widths.
 */
export class GridCanvas extends DataGrid {
  constructor(
    private readonly _model: GridDataModel,
    private readonly _painter: GridPainter,
    options: DataGrid.IOptions
  ) {
    super(options);
    this.dataModel = _model;
    this.editorController = null;
    this.node.setAttribute('aria-hidden', 'true');
  }

  onPaint: () => void = () => undefined;
  onActivate: () => void = () => undefined;

  /** Paint the names of the columns again. */
  redrawHeader(): void {
    const body = this._model.columnCount('body') - 1;
    const pinned = this._model.columnCount('row-header') - 1;
    this.repaintRegion('column-header', 0, 0, 0, body);
    this.repaintRegion('corner-header', 0, 0, 0, pinned);
  }

  /** Set the widths of all columns at once: one by one each would be painted. */
  setWidths(widths: readonly IColumnWidth[]): void {
    const changed = widths.filter(
      ({ region, column, width }) => this.columnSize(region, column) !== width
    );
    const last = changed.pop();
    for (const { region, column, width } of changed) {
      const sections =
        region === 'body' ? this.columnSections : this.rowHeaderSections;
      sections.resize(column, width);
    }
    if (last) {
      // The way that also brings the scroll bars up to date.
      this.resizeColumn(last.region, last.column, last.width);
      this.repaintContent();
      this.repaintOverlay();
    }
  }

  protected override paintContent(
    x: number,
    y: number,
    width: number,
    height: number
  ): void {
    const gc = this.canvasGC;
    // As the grid sizes its canvas.
    const ratio = Math.ceil(window.devicePixelRatio);
    gc.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const area of this._areas()) {
      const dirty = intersect(area, { x, y, width, height });
      if (!dirty) {
        continue;
      }
      gc.save();
      gc.beginPath();
      gc.rect(dirty.x, dirty.y, dirty.width, dirty.height);
      gc.clip();
      this._paintArea(gc, area, dirty);
      gc.restore();
    }
    this.onPaint();
  }

  protected override onActivateRequest(_: Message): void {
    this.onActivate();
  }

  private _areas(): IArea[] {
    const { headerWidth: left, headerHeight: top, scrollX, scrollY } = this;
    const width = Math.max(0, this.viewportWidth - left);
    const height = Math.max(0, this.viewportHeight - top);
    const body = 'body';
    const pinned = 'row-header';
    const head = 'column-header';
    const all = { x: 0, y: 0, scrollX: 0, scrollY: 0 };
    return [
      {
        rows: body,
        columns: body,
        x: left,
        y: top,
        width,
        height,
        scrollX,
        scrollY
      },
      {
        ...all,
        rows: body,
        columns: pinned,
        y: top,
        width: left,
        height,
        scrollY
      },
      {
        ...all,
        rows: head,
        columns: body,
        x: left,
        width,
        height: top,
        scrollX
      },
      { ...all, rows: head, columns: pinned, width: left, height: top }
    ];
  }

  private _paintArea(
    gc: CanvasRenderingContext2D,
    area: IArea,
    dirty: IBox
  ): void {
    const painter = this._painter;
    const columns = this._columnsIn(area, dirty);
    const rows = this._rowsIn(area, dirty);
    painter.paintGround(gc, dirty);
    const end = columns[columns.length - 1];
    if (!end) {
      return;
    }
    const right = Math.min(dirty.x + dirty.width, end.start + end.size);
    for (const { index, start, size } of rows) {
      const width = right - dirty.x;
      const stripe = { x: dirty.x, y: start, width, height: size };
      painter.paintRow(gc, stripe, area.rows === 'body' ? index : -1);
    }
    for (const column of columns) {
      const at = this._model.columnIndex(area.columns, column.index);
      for (const row of rows) {
        const box = {
          x: column.start,
          y: row.start,
          width: column.size,
          height: row.size
        };
        if (area.rows === 'body') {
          painter.paintCell(gc, box, row.index, at);
        } else {
          painter.paintName(gc, box, at);
        }
      }
    }
  }

  private _columnsIn(area: IArea, dirty: IBox): ISection[] {
    const region = area.columns;
    const origin = area.x - area.scrollX;
    return sections(
      Math.max(0, this.columnAt(region, dirty.x - origin)),
      this.columnCount(region),
      dirty.x + dirty.width,
      index => origin + this.columnOffset(region, index),
      index => this.columnSize(region, index)
    );
  }

  private _rowsIn(area: IArea, dirty: IBox): ISection[] {
    const region = area.rows;
    const origin = area.y - area.scrollY;
    const first = this.rowAt(region, dirty.y - origin);
    return first < 0
      ? []
      : sections(
          first,
          this.rowCount(region),
          dirty.y + dirty.height,
          index => origin + this.rowOffset(region, index),
          index => this.rowSize(region, index)
        );
  }
}

interface ISection {
  index: number;
  start: number;
  size: number;
}

/** Rows or columns from `first` on, as far as `end`. */
function sections(
  first: number,
  count: number,
  end: number,
  startOf: (index: number) => number,
  sizeOf: (index: number) => number
): ISection[] {
  const found: ISection[] = [];
  for (let index = first; index < count; index++) {
    const start = startOf(index);
    if (start >= end) {
      break;
    }
    found.push({ index, start, size: sizeOf(index) });
  }
  return found;
}

function intersect(a: IBox, b: IBox): IBox | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}
