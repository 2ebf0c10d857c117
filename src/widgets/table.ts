import { formatDuration, formatNumber, formatTime } from '../shared/format';
import { copyText, h, setText, show, sign } from './dom';
import type { IModel, IView } from './model';
import { stateOf } from './model';

type Cell = string | number | null;

interface IColumn {
  key: string;
  label: string;
  kind: 'text' | 'number' | 'status' | 'time' | 'duration';
}

/** What the kernel says of a table; see `trial_table.py`. */
export interface ITableState {
  title: string;
  columns: IColumn[];
  more_columns: number;
  first: number;
  rows: { id: string; cells: Cell[] }[];
  matched: number;
  known: number;
  total: number;
  loading: boolean;
  sort: string;
  descending: boolean;
  filter: string;
  only_differing: boolean;
  selected: string[];
  over: boolean;
  error: string;
}

const ROW = 24;
/** Rows that are asked for beyond those that can be seen. */
const MARGIN = 20;
const TYPING = 250;

const WORDS: Record<string, string> = {
  RUNNING: 'Running',
  SCHEDULED: 'Pending',
  FINISHED: 'Completed',
  FAILED: 'Failed',
  KILLED: 'Stopped'
};

/** The view of a `TrialTable`. */
export function trialTable(model: IModel, root: HTMLElement): IView {
  return new Table(model, root);
}

class Table implements IView {
  constructor(
    private readonly _model: IModel,
    private readonly _root: HTMLElement
  ) {
    this._tools.append(
      this._title,
      this._filter,
      h(
        'label',
        { class: 'studio-check' },
        this._differing,
        'Only what differs'
      ),
      h(
        'button',
        { type: 'button', onclick: () => this._ask({ kind: 'refresh' }) },
        'Refresh'
      ),
      this._clear,
      this._copy
    );
    this._grid.append(this._head, this._body);
    this._scroller.append(this._grid);
    this._root.append(this._tools, this._scroller, this._note, this._error);
    this._filter.addEventListener('input', () => {
      clearTimeout(this._typing);
      this._typing = setTimeout(
        () => this._ask({ kind: 'filter', text: this._filter.value }),
        TYPING
      );
    });
    this._differing.addEventListener('change', () =>
      this._ask({ kind: 'only_differing', on: this._differing.checked })
    );
    this._clear.addEventListener('click', () => this._select([]));
    this._copy.addEventListener('click', () => void this._copySelected());
    this._scroller.addEventListener('scroll', () => this._scrolled());
    this._body.addEventListener('keydown', event => this._pressed(event));
    this.update();
  }

  update(): void {
    const state = this._state;
    setText(this._title, state.title);
    if (
      document.activeElement !== this._filter &&
      this._filter.value !== state.filter
    ) {
      this._filter.value = state.filter;
    }
    this._differing.checked = state.only_differing;
    this._drawHead(state);
    this._drawRows(state);
    setText(this._note, summary(state));
    setText(this._error, state.error);
    show(this._error, state.error !== '');
    show(this._clear, state.selected.length > 0);
    show(this._copy, state.selected.length > 0);
    // The picture took this view's place for a moment: the place in the list is not lost.
    if (
      this._scroller.scrollTop === 0 &&
      this._top > 0 &&
      state.matched * ROW > this._top
    ) {
      this._scroller.scrollTop = this._top;
    }
  }

  dispose(): void {
    clearTimeout(this._typing);
    cancelAnimationFrame(this._frame);
  }

  private get _state(): ITableState {
    return stateOf<ITableState>(this._model);
  }

  private _ask(message: Record<string, unknown>): void {
    if (message.kind === 'filter' || message.kind === 'sort') {
      this._top = 0;
      this._scroller.scrollTop = 0;
    }
    this._model.send(message);
  }

  private _drawHead(state: ITableState): void {
    const text = JSON.stringify([state.columns, state.sort, state.descending]);
    if (text === this._headText) {
      return;
    }
    this._headText = text;
    const focused = (document.activeElement as HTMLElement | null)?.dataset
      ?.studioSort;
    this._head.replaceChildren(
      h(
        'tr',
        {},
        h(
          'th',
          { class: 'studio-pick', scope: 'col' },
          h('span', { class: 'studio-hidden' }, 'Selected')
        ),
        ...state.columns.map(column => this._headCell(column, state))
      )
    );
    if (focused) {
      this._head
        .querySelector<HTMLElement>(
          `[data-studio-sort="${CSS.escape(focused)}"]`
        )
        ?.focus();
    }
  }

  private _headCell(column: IColumn, state: ITableState): HTMLElement {
    const sorted = state.sort === column.key;
    const order = state.descending ? 'descending' : 'ascending';
    const mark = sorted ? (state.descending ? ' ▾' : ' ▴') : '';
    return h(
      'th',
      {
        scope: 'col',
        class: `studio-${column.kind}`,
        'aria-sort': sorted ? order : 'none',
        title: column.key
      },
      h(
        'button',
        {
          type: 'button',
          'data-studio-sort': column.key,
          onclick: () =>
            this._ask({
              kind: 'sort',
              key: column.key,
              descending: sorted ? !state.descending : column.kind !== 'text'
            })
        },
        column.label + mark
      )
    );
  }

  private _drawRows(state: ITableState): void {
    const selected = new Set(state.selected);
    const text = JSON.stringify([
      state.columns,
      state.first,
      state.matched,
      state.rows,
      state.selected
    ]);
    if (text === this._rowsText) {
      return;
    }
    this._rowsText = text;
    const focused = (document.activeElement as HTMLElement | null)?.dataset
      ?.studioTrial;
    const above = state.first * ROW;
    const below =
      Math.max(0, state.matched - state.first - state.rows.length) * ROW;
    this._body.replaceChildren(
      this._space(above),
      ...state.rows.map(row =>
        this._row(row, state.columns, selected.has(row.id))
      ),
      this._space(below)
    );
    if (focused) {
      this._body
        .querySelector<HTMLElement>(
          `input[data-studio-trial="${CSS.escape(focused)}"]`
        )
        ?.focus({ preventScroll: true });
    }
  }

  private _row(
    row: ITableState['rows'][number],
    columns: IColumn[],
    selected: boolean
  ): HTMLElement {
    const name = String(row.cells[0] ?? row.id);
    const box = h('input', {
      type: 'checkbox',
      'aria-label': `Select ${name}`,
      'data-studio-trial': row.id
    });
    box.checked = selected;
    box.addEventListener('change', () => this._toggle(row.id, box.checked));
    return h(
      'tr',
      { class: selected ? 'studio-mod-selected' : '' },
      h('td', { class: 'studio-pick' }, box),
      ...columns.map((column, at) => cell(column, row.cells[at] ?? null))
    );
  }

  private _space(height: number): HTMLElement {
    const row = h(
      'tr',
      { class: 'studio-space', 'aria-hidden': 'true' },
      h('td', {})
    );
    row.style.height = `${height}px`;
    return row;
  }

  private _scrolled(): void {
    this._top = this._scroller.scrollTop;
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() => {
      const state = this._state;
      const top = Math.floor(this._top / ROW);
      const seen = Math.ceil(this._scroller.clientHeight / ROW);
      const last = Math.min(state.matched, top + seen);
      if (top < state.first || last > state.first + state.rows.length) {
        this._ask({
          kind: 'window',
          first: Math.max(0, top - MARGIN),
          count: seen + 2 * MARGIN
        });
      }
    });
  }

  private _pressed(event: KeyboardEvent): void {
    const boxes = [
      ...this._body.querySelectorAll<HTMLElement>('input[data-studio-trial]')
    ];
    const at = boxes.indexOf(event.target as HTMLElement);
    const next =
      event.key === 'ArrowDown'
        ? at + 1
        : event.key === 'ArrowUp'
          ? at - 1
          : -1;
    if (at >= 0 && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      event.stopPropagation();
      boxes[next]?.focus();
    }
  }

  /** Each change by itself: the list that is shown may be older than the last of them. */
  private _toggle(id: string, on: boolean): void {
    this._ask({ kind: 'toggle', id, on });
  }

  private _select(ids: string[]): void {
    this._ask({ kind: 'select', ids });
  }

  private async _copySelected(): Promise<void> {
    const done = await copyText(this._state.selected.join('\n'));
    setText(this._copy, done ? 'Copied' : 'Could not copy');
    setTimeout(() => setText(this._copy, 'Copy ids'), 1200);
  }

  private readonly _tools = h('div', { class: 'studio-tools' });
  private readonly _title = h('b', {});
  private readonly _filter = h('input', {
    type: 'search',
    placeholder: 'Filter: words, lr=0.1, rmse<50000',
    'aria-label': 'Filter trials'
  });
  private readonly _differing = h('input', { type: 'checkbox' });
  private readonly _clear = h(
    'button',
    { type: 'button', hidden: true },
    'Clear selection'
  );
  private readonly _copy = h(
    'button',
    { type: 'button', hidden: true },
    'Copy ids'
  );
  private readonly _scroller = h('div', {
    class: 'studio-scroller',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Trials'
  });
  private readonly _grid = h('table', { class: 'studio-trials' });
  private readonly _head = h('thead', {});
  private readonly _body = h('tbody', {});
  private readonly _note = h('div', { class: 'studio-note', role: 'status' });
  private readonly _error = h('div', {
    class: 'studio-fault',
    role: 'alert',
    hidden: true
  });
  private _headText = '';
  private _rowsText = '';
  private _top = 0;
  private _frame = 0;
  private _typing: ReturnType<typeof setTimeout> | undefined;
}

function cell(column: IColumn, value: Cell): HTMLElement {
  const text = shown(column, value);
  const full =
    typeof value === 'number' && column.kind === 'time'
      ? formatTime(value)
      : String(value ?? '');
  return h(
    'td',
    {
      class: `studio-${typeof value === 'number' && column.kind !== 'time' ? 'number' : column.kind}`,
      title: full
    },
    column.kind === 'status' && sign(String(value)),
    text
  );
}

/** A value as it is shown in a column. */
export function shown(column: Pick<IColumn, 'kind'>, value: Cell): string {
  if (value === null) {
    return '';
  }
  if (column.kind === 'status') {
    return WORDS[String(value)] ?? String(value);
  }
  if (typeof value !== 'number') {
    return value;
  }
  if (column.kind === 'time') {
    return new Date(value * 1000).toLocaleString(undefined, {
      dateStyle: 'short',
      timeStyle: 'short'
    });
  }
  return column.kind === 'duration'
    ? formatDuration(value)
    : formatNumber(value);
}

/** What of all trials is shown, in a sentence. */
export function summary(state: ITableState): string {
  const count = (number: number) => number.toLocaleString();
  const parts = [];
  if (state.total === 0) {
    return state.loading
      ? 'Reading trials…'
      : 'No trials yet. Jobs and trackers that record here appear by themselves.';
  }
  parts.push(
    state.filter
      ? `${count(state.matched)} of ${count(state.total)} trials match`
      : `${count(state.total)} ${state.total === 1 ? 'trial' : 'trials'}`
  );
  if (state.loading && state.known < state.total) {
    parts.push(`${count(state.known)} read so far`);
  }
  if (state.selected.length > 0) {
    parts.push(`${count(state.selected.length)} selected`);
  }
  if (state.more_columns > 0) {
    parts.push(`${count(state.more_columns)} further columns are not shown`);
  }
  return parts.join(' · ');
}
