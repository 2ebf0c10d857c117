import type { GridCursor } from './cursor';
import { HEADER } from './cursor';
import type { ISpan } from './geometry';
import type { IGridColumn, IGridSource } from './source';

/** What of the grid is in sight, and where. */
export interface ITwinView {
  rows: readonly number[];
  columns: readonly number[];
  rowSpan(row: number): ISpan | null;
  columnSpan(column: number): ISpan | null;
}

/**
 * The visible part of the grid as elements, for people who do not see a canvas.
 *
 * It lies over the canvas, unseen, with its cells where the canvas shows them; it has the keyboard's focus. Elements
 * are used again: a table that scrolls makes none.
 */
export class GridTwin {
  constructor(
    private readonly _source: IGridSource,
    private readonly _cursor: GridCursor,
    private readonly _words: { best: string; loading: string }
  ) {
    this.node = document.createElement('div');
    this.node.className = 'jp-StudioGrid-twin';
    this._head = group(this.node);
    this._body = group(this.node);
    this._describe();
  }

  readonly node: HTMLElement;

  /** Whether the keyboard is here. */
  get hasFocus(): boolean {
    return this.node.contains(document.activeElement);
  }

  focus(): void {
    this._focused()?.focus({ preventScroll: true });
  }

  update(view: ITwinView): void {
    this._describe();
    const columns = this._withCursor(view.columns);
    const template = columns.map(index => this._place(view, index));
    const [head] = this._rows(this._head, 1);
    set(head, 'aria-rowindex', '1');
    place(head, view.rowSpan(HEADER));
    this._cells(head, columns.length).forEach((cell, i) => {
      this._fillHead(cell, columns[i]);
      placeColumn(cell, template[i]);
    });
    const rows = this._withCursorRow(view.rows);
    const elements = this._rows(this._body, rows.length);
    rows.forEach((row, i) => {
      this._fillRow(elements[i], row);
      place(elements[i], view.rowSpan(row));
      this._cells(elements[i], columns.length).forEach((cell, j) => {
        this._fillCell(cell, row, columns[j]);
        placeColumn(cell, template[j]);
      });
    });
    this._moveFocus();
  }

  /** What it is and how large, also before anything of it is in sight. */
  private _describe(): void {
    const source = this._source;
    const { node } = this;
    set(node, 'role', source.isTree ? 'treegrid' : 'grid');
    set(node, 'aria-label', source.label);
    set(node, 'aria-multiselectable', 'true');
    set(node, 'aria-rowcount', String(source.rowCount + 1));
    set(node, 'aria-colcount', String(source.columns.length));
    set(node, 'aria-busy', source.isBusy ? 'true' : 'false');
  }

  private _fillHead(cell: HTMLElement, index: number): void {
    const column: IGridColumn = this._source.columns[index];
    set(cell, 'role', 'columnheader');
    set(cell, 'aria-colindex', String(index + 1));
    set(cell, 'data-column', column.label);
    set(cell, 'data-key', column.id);
    set(cell, 'aria-sort', column.sort?.direction ?? null);
    set(cell, 'title', column.title);
    say(cell, column.label);
    this._own(cell, HEADER, index);
  }

  private _fillRow(element: HTMLElement, row: number): void {
    const source = this._source;
    const about = source.row(row);
    const first = source.cell(row, 0);
    set(element, 'aria-rowindex', String(row + 2));
    set(
      element,
      'aria-selected',
      about?.isSelectable ? String(about.isSelected) : null
    );
    set(element, 'aria-current', about?.isMarked ? 'true' : null);
    set(element, 'data-row', about?.id ?? null);
    const level = source.isTree ? String((first?.depth ?? 0) + 1) : null;
    set(element, 'aria-level', level);
    const caret = source.isTree ? first?.caret : undefined;
    set(
      element,
      'aria-expanded',
      caret === 'open' ? 'true' : caret === 'closed' ? 'false' : null
    );
  }

  private _fillCell(cell: HTMLElement, row: number, index: number): void {
    const column = this._source.columns[index];
    const value = this._source.cell(row, index);
    set(cell, 'role', index === 0 ? 'rowheader' : 'gridcell');
    set(cell, 'aria-colindex', String(index + 1));
    set(cell, 'data-column', column.label);
    set(cell, 'data-key', column.id);
    set(cell, 'aria-sort', null);
    const text = value ? value.text : this._words.loading;
    const title = value && value.title !== text ? value.title : '';
    const best = value?.isBest ? this._words.best : '';
    set(cell, 'title', [best, title].filter(Boolean).join(', ') || null);
    set(cell, 'data-best', value?.isBest ? 'true' : null);
    say(cell, text);
    this._own(cell, row, index);
  }

  /** Remember where a cell is; one of them can be reached by Tab. */
  private _own(cell: HTMLElement, row: number, column: number): void {
    cell.dataset['at'] = `${row},${column}`;
    const isCursor = row === this._cursor.row && column === this._cursor.column;
    cell.tabIndex = isCursor ? 0 : -1;
  }

  /** The place that an element of the twin stands for. */
  at(target: EventTarget | null): { row: number; column: number } | null {
    const cell =
      target instanceof Element
        ? target.closest<HTMLElement>('[data-at]')
        : null;
    if (!cell) {
      return null;
    }
    const [row, column] = cell.dataset['at']!.split(',').map(Number);
    return { row, column };
  }

  private _focused(): HTMLElement | null {
    return this.node.querySelector<HTMLElement>('[tabindex="0"]');
  }

  /** An element that is used for another cell now has the focus of that one. */
  private _moveFocus(): void {
    if (this.hasFocus && document.activeElement !== this._focused()) {
      this.focus();
    }
  }

  private _withCursor(columns: readonly number[]): number[] {
    const { column } = this._cursor;
    return columns.includes(column) || column >= this._source.columns.length
      ? [...columns]
      : [...columns, column].sort((a, b) => a - b);
  }

  private _withCursorRow(rows: readonly number[]): number[] {
    const { row } = this._cursor;
    return row < 0 || row >= this._source.rowCount || rows.includes(row)
      ? [...rows]
      : [...rows, row].sort((a, b) => a - b);
  }

  private _place(view: ITwinView, index: number): ISpan | null {
    return view.columnSpan(index);
  }

  private _rows(parent: HTMLElement, count: number): HTMLElement[] {
    return children(parent, count, 'row');
  }

  private _cells(parent: HTMLElement, count: number): HTMLElement[] {
    return children(parent, count, 'gridcell');
  }

  private readonly _body: HTMLElement;
  private readonly _head: HTMLElement;
}

function group(parent: HTMLElement): HTMLElement {
  const node = document.createElement('div');
  node.setAttribute('role', 'rowgroup');
  parent.appendChild(node);
  return node;
}

function children(
  parent: HTMLElement,
  count: number,
  role: string
): HTMLElement[] {
  while (parent.childElementCount > count) {
    parent.lastElementChild!.remove();
  }
  while (parent.childElementCount < count) {
    const node = document.createElement('div');
    node.setAttribute('role', role);
    parent.appendChild(node);
  }
  return [...parent.children] as HTMLElement[];
}

function set(node: HTMLElement, name: string, value: string | null): void {
  if (node.getAttribute(name) === value) {
    return;
  }
  if (value === null) {
    node.removeAttribute(name);
  } else {
    node.setAttribute(name, value);
  }
}

function say(node: HTMLElement, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function place(node: HTMLElement, span: ISpan | null): void {
  const { style } = node;
  style.top = `${span?.start ?? 0}px`;
  style.height = `${span?.size ?? 0}px`;
}

function placeColumn(node: HTMLElement, span: ISpan | null): void {
  const { style } = node;
  style.left = `${span?.start ?? 0}px`;
  style.width = `${span?.size ?? 0}px`;
}
