import type { Message } from '@lumino/messaging';
import { MessageLoop } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import { watchTheme } from '../chartTheme';
import { GridCanvas } from './canvas';
import { GridCursor, HEADER } from './cursor';
import { GridDataModel } from './dataModel';
import { TextFitter } from './fitText';
import { columnSpan, rowSpan, visibleColumns, visibleRows } from './geometry';
import { handleKey } from './keys';
import { GridMouseHandler } from './mouse';
import { GridPainter } from './painter';
import type { IGridLook } from './painter';
import type { GridChange, IGridActions, IGridRow, IGridSource } from './source';
import { readGridTheme } from './theme';
import type { IGridTheme } from './theme';
import { GridTwin } from './twin';

/** Width of the column of boxes. */
const BOXES = 30;
/** With that many columns, rows are whole also where columns are out of sight. */
const FEW_COLUMNS = 24;
/** How long a scroll has to rest before the elements follow it, in milliseconds. */
const REST = 120;
/** The same of a table that is hidden: what is in front of it has its turn before. */
const HIDDEN = 1_000;

export interface IGridViewOptions {
  source: IGridSource;
  actions: IGridActions;
  /** Whether all rows are selected; null: some. */
  isAllSelected: () => boolean | null;
  words: { best: string; loading: string };
}

/** A table of very many rows: a canvas, and elements over it for the keyboard and for screen readers. */
export class GridView extends Widget implements IGridLook {
  constructor(private readonly _options: IGridViewOptions) {
    super();
    const { source, actions, words } = _options;
    this.addClass('jp-StudioGrid');
    this.theme = readGridTheme(document.body);
    this._model = new GridDataModel(source);
    this._twin = new GridTwin(source, this._cursor, words);
    this._grid = this._makeGrid();
    const layout = new PanelLayout();
    this.layout = layout;
    layout.addWidget(this._grid);
    this._drop.className = 'jp-StudioGrid-drop';
    this._drop.hidden = true;
    this.node.append(this._twin.node, this._drop);
    this._listen();
    source.changed.connect(this._onSource, this);
    this._cursor.changed.connect(this._onCursor, this);
    this._actions = actions;
    this._applyWidths();
  }

  theme: IGridTheme;
  hovered = -1;

  get cursor(): { row: number; column: number } | null {
    return this._showsCursor ? this._cursor : null;
  }

  /** Where the keyboard is, seen or not. */
  get place(): { row: number; column: number } {
    return { row: this._cursor.row, column: this._cursor.column };
  }

  /** Whether rows may change their places without anybody noticing. */
  get isUndisturbed(): boolean {
    const isTop = this._grid.scrollY === 0;
    return isTop && this.hovered < 0 && !this._twin.hasFocus;
  }

  row(index: number): IGridRow | undefined {
    return this._model.source.row(index);
  }

  /** Bring a row into sight and the keyboard to it. */
  reveal(row: number): void {
    this._cursor.moveTo(row, this._cursor.column);
    this._grid.scrollToRow(row);
  }

  /** Draw everything again: what rows say of themselves changed. */
  redraw(): void {
    const rows = visibleRows(this._grid);
    if (rows) {
      this._model.redraw(rows[0], rows[1]);
    }
    this._grid.redrawHeader();
    this._schedule(0);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.clearTimeout(this._timer);
    this._model.source.changed.disconnect(this._onSource, this);
    this._model.dispose();
    super.dispose();
  }

  protected override onActivateRequest(_: Message): void {
    this._twin.focus();
  }

  protected override onAfterAttach(_: Message): void {
    this._readTheme();
    this._unwatch = watchTheme(() => this._readTheme());
    if (typeof ResizeObserver !== 'undefined') {
      this._observer = new ResizeObserver(() => this._fit());
      this._observer.observe(this.node);
    }
  }

  /** A tab that is moved is detached, and attached again. */
  protected override onBeforeDetach(_: Message): void {
    this._observer?.disconnect();
    this._unwatch();
  }

  protected override onAfterShow(_: Message): void {
    this._fit();
  }

  private _makeGrid(): GridCanvas {
    const { actions, source, isAllSelected } = this._options;
    const painter = new GridPainter(source, this, this._fitter, isAllSelected);
    const { rowHeight } = this.theme;
    const grid = new GridCanvas(this._model, painter, {
      defaultSizes: {
        rowHeight,
        columnWidth: 120,
        rowHeaderWidth: BOXES,
        columnHeaderHeight: rowHeight + 4
      },
      minimumSizes: {
        rowHeight: 16,
        columnWidth: 24,
        rowHeaderWidth: 24,
        columnHeaderHeight: 16
      }
    });
    grid.mouseHandler = new GridMouseHandler({
      model: this._model,
      actions,
      cursor: this._cursor,
      measure: text => this._measure(text),
      hover: row => this._hover(row),
      showDrop: x => this._showDrop(x),
      area: area => (this.node.dataset['area'] = area)
    });
    grid.onPaint = () => this._onPaint();
    grid.onActivate = () => {
      this._isPointer = true;
      this._twin.focus();
      this._isPointer = false;
      this._onFocus(true);
    };
    return grid;
  }

  private _listen(): void {
    const { node } = this._twin;
    node.addEventListener('keydown', event => this._onKey(event));
    node.addEventListener('focusin', event => {
      // A screen reader goes to any cell, also to one that is out of sight.
      const at = this._twin.at(event.target);
      if (at) {
        this._cursor.moveTo(at.row, at.column);
      }
      this._onFocus();
    });
    node.addEventListener('focusout', () => this._onFocus());
    node.addEventListener('click', event => this._onTwinClick(event));
    node.addEventListener('contextmenu', event => {
      const at = this._twin.at(event.target);
      const isHeader = at?.row === HEADER;
      this.node.dataset['area'] = isHeader ? 'header' : at ? 'row' : 'void';
      const row = at && !isHeader ? this.row(at.row) : undefined;
      if (at && row?.isSelectable && !row.isSelected) {
        this._actions.select(at.row, 'only', at.row);
      }
    });
  }

  private _onKey(event: KeyboardEvent): void {
    const { source } = this._model;
    const pageRows = Math.max(
      1,
      Math.floor(this._grid.pageHeight / this.theme.rowHeight) - 1
    );
    this._showsCursor = true;
    const isKnown = handleKey(event, {
      source,
      actions: this._actions,
      cursor: this._cursor,
      pageRows,
      widthOf: column => source.columns[column].width
    });
    if (isKnown) {
      event.preventDefault();
      event.stopPropagation();
    }
    this._redrawCursor();
  }

  /** What a screen reader calls a click: there is no pointer that could hit an element here. */
  private _onTwinClick(event: MouseEvent): void {
    const at = this._twin.at(event.target);
    if (!at) {
      return;
    }
    this._cursor.moveTo(at.row, at.column);
    if (at.row === HEADER) {
      this._actions.sort(at.column, event.shiftKey);
    } else if (this._model.source.cell(at.row, at.column)?.tone === 'link') {
      this._actions.open(at.row);
    } else {
      this._actions.select(at.row, 'only', at.row);
    }
  }

  /** Where the keyboard is shows only to those who use it. */
  private _onFocus(isPointer = this._isPointer): void {
    if (!this._twin.hasFocus || isPointer) {
      this._showsCursor = false;
    } else if (document.activeElement?.matches(':focus-visible')) {
      this._showsCursor = true;
    }
    this._redrawCursor();
  }

  private _onSource(_: unknown, change: GridChange): void {
    const { source } = this._model;
    if (change.type === 'columns') {
      this._applyWidths();
      this._grid.redrawHeader();
    }
    if (change.type === 'order') {
      if (change.fromTop) {
        this._grid.scrollTo(this._grid.scrollX, 0);
        this._cursor.moveTo(
          this._cursor.row === HEADER ? HEADER : 0,
          this._cursor.column
        );
      }
      this._cursor.clamp(source.rowCount, source.columns.length);
    }
    this._schedule(0);
  }

  private _onCursor(): void {
    const { row, column } = this._cursor;
    if (row >= 0) {
      this._grid.scrollToRow(row);
    }
    const { region, column: at } = this._model.placeOf(column);
    if (region === 'body') {
      this._grid.scrollToColumn(at);
    }
    this._redrawCursor();
    this._update();
  }

  private _redrawCursor(): void {
    for (const row of new Set([this._drawnRow, this._cursor.row])) {
      if (row >= 0) {
        this._model.redraw(row, row);
      }
    }
    this._drawnRow = this._cursor.row;
    this._grid.redrawHeader();
  }

  private _hover(row: number): void {
    const before = this.hovered;
    if (row !== before) {
      this.hovered = row;
      for (const each of [before, row]) {
        if (each >= 0) {
          this._model.redraw(each, each);
        }
      }
    }
  }

  private _showDrop(x: number | null): void {
    this._drop.hidden = x === null;
    this._drop.style.left = `${x ?? 0}px`;
  }

  private _applyWidths(): void {
    const { columns } = this._model.source;
    this._grid.setWidths([
      { region: 'row-header', column: 0, width: BOXES },
      ...columns.map(({ width }, index) => ({
        ...this._model.placeOf(index),
        width
      }))
    ]);
  }

  private _readTheme(): void {
    this.theme = readGridTheme(this.node);
    const { theme } = this;
    this._fitter.forget();
    this._grid.defaultSizes = {
      ...this._grid.defaultSizes,
      rowHeight: theme.rowHeight,
      columnHeaderHeight: theme.rowHeight + 4
    };
    this._grid.style = {
      scrollShadow: {
        size: 8,
        color1: theme.isLight ? 'rgba(0, 0, 0, 0.14)' : 'rgba(0, 0, 0, 0.5)',
        color2: 'rgba(0, 0, 0, 0.04)',
        color3: 'rgba(0, 0, 0, 0)'
      }
    };
    this._schedule(0);
  }

  private _measure(text: string): number {
    this._measuring ??= document.createElement('canvas').getContext('2d');
    if (!this._measuring) {
      return 0;
    }
    this._measuring.font = this.theme.font;
    return this._measuring.measureText(text).width;
  }

  private _fit(): void {
    MessageLoop.postMessage(this._grid, Widget.ResizeMessage.UnknownSize);
    this._schedule(REST);
  }

  private _onPaint(): void {
    const { scrollX, scrollY } = this._grid;
    if (scrollX !== this._scrollX || scrollY !== this._scrollY) {
      this._scrollX = scrollX;
      this._scrollY = scrollY;
      this._look();
      this._schedule(REST);
    } else if (this._timer === 0) {
      this._schedule(0);
    }
  }

  private _look(): void {
    const rows = visibleRows(this._grid);
    if (rows) {
      this._actions.look(rows[0], rows[1]);
    }
  }

  /** Let the elements follow the canvas, once it rests; of a table that nobody sees, a second after the first change. */
  private _schedule(wait: number): void {
    if (!this.isVisible && this._timer !== 0) {
      return;
    }
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(
      () => {
        this._timer = 0;
        this._look();
        this._update();
      },
      this.isVisible ? wait : HIDDEN
    );
  }

  private _update(): void {
    if (this.isDisposed || !this.isAttached) {
      return;
    }
    const [first, last] = visibleRows(this._grid) ?? [0, -1];
    const { columns } = this._model.source;
    this._twin.update({
      rows: Array.from({ length: last - first + 1 }, (_, i) => first + i),
      columns:
        columns.length <= FEW_COLUMNS
          ? columns.map((_, index) => index)
          : visibleColumns(this._grid, this._model),
      rowSpan: row => rowSpan(this._grid, row),
      columnSpan: column => columnSpan(this._grid, this._model, column)
    });
  }

  private readonly _actions: IGridActions;
  private readonly _cursor = new GridCursor();
  private _drawnRow = HEADER;
  private readonly _drop = document.createElement('div');
  private readonly _fitter = new TextFitter();
  private readonly _grid: GridCanvas;
  private _isPointer = false;
  private _measuring: CanvasRenderingContext2D | null = null;
  private readonly _model: GridDataModel;
  private _observer: ResizeObserver | null = null;
  private _scrollX = 0;
  private _scrollY = 0;
  private _showsCursor = false;
  private _timer = 0;
  private readonly _twin: GridTwin;
  private _unwatch: () => void = () => undefined;
}
