import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { TableRow } from '../../contract';
import type { RowsChange, TrialRows } from '../../models/trialRows';
import type { TrialTableModel } from '../../models/trialTableModel';
import { readKey } from '../../models/trialTableView';
import type {
  GridChange,
  IGridCell,
  IGridColumn,
  IGridRow,
  IGridSource
} from '../../shared/grid/source';
import { columnLabel, trialCell } from './trialCells';

/** How often times that go on are drawn again, in milliseconds. */
const TICK = 1_000;
/** Ticks after which all times are. */
const ALL = 30;

const WIDTHS: Record<string, number> = {
  name: 220,
  status: 112,
  started: 104,
  ended: 104,
  duration: 88,
  notebook: 150,
  commit: 92,
  run_id: 250,
  parent: 250
};

const RIGHT = ['duration'];

/** The trials of an experiment as the grid shows them. */
export class TrialSource implements IGridSource, IDisposable {
  constructor(
    private readonly _model: TrialTableModel,
    private readonly _trans: TranslationBundle
  ) {
    _model.rows.changed.connect(this._onRows, this);
    _model.columnsChanged.connect(this._onColumns, this);
    _model.selection.changed.connect(this._onSelection, this);
    this._makeColumns();
    this._timer = window.setInterval(() => this._tick(), TICK);
  }

  get changed(): ISignal<this, GridChange> {
    return this._changed;
  }

  get label(): string {
    return this._trans.__('Trials of %1', this._model.experiment);
  }

  get columns(): readonly IGridColumn[] {
    return this._columns;
  }

  get pinned(): number {
    return this._pinned;
  }

  get rowCount(): number {
    return this._model.rows.total;
  }

  get isBusy(): boolean {
    return this._model.rows.isLoading;
  }

  get isTree(): boolean {
    const { tree, group } = this._model.view;
    return tree || group !== null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Run id of the trial to mark. */
  get marked(): string {
    return this._marked;
  }

  set marked(id: string) {
    this._marked = id;
    this._forget();
    this._emitRows(0, this.rowCount - 1);
  }

  /** Position in the list of colours of a trial that charts draw; undefined: none does. */
  lineOf: (id: string) => number | undefined = () => undefined;

  /** Draw the rows again: what charts draw changed. */
  touch(): void {
    this._forget();
    this._emitRows(...this._visible());
  }

  row(index: number): IGridRow | undefined {
    const row = this._model.rows.row(index);
    if (!row) {
      return undefined;
    }
    let about = this._rows.get(row);
    if (!about) {
      about = {
        id: row.id,
        isSelected: this._model.selection.has(row.id),
        isMarked: row.id === this._marked,
        isSelectable: !row.is_group,
        isDimmed: !row.matches
      };
      this._rows.set(row, about);
    }
    return about;
  }

  cell(index: number, column: number): IGridCell | null {
    const row = this._model.rows.row(index);
    if (!row) {
      return null;
    }
    let cells = this._cells.get(row);
    if (!cells) {
      cells = [];
      this._cells.set(row, cells);
    }
    return (cells[column] ??= this._makeCell(row, column));
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearInterval(this._timer);
    this._model.rows.changed.disconnect(this._onRows, this);
    this._model.columnsChanged.disconnect(this._onColumns, this);
    this._model.selection.changed.disconnect(this._onSelection, this);
    Signal.clearData(this);
  }

  private _makeCell(row: TableRow, column: number): IGridCell {
    const { id: key } = this._columns[column];
    const { rows } = this._model;
    const at = this._places;
    const place = at.get(key);
    // A column that was just chosen: its values are on their way.
    if (place === undefined && key !== 'name') {
      return EMPTY;
    }
    const extent = rows.extent(key);
    const isSpread = extent !== null && extent.minimum !== extent.maximum;
    const cell = trialCell(key, {
      row,
      read: other => row.values[at.get(other) ?? -1] ?? null,
      extent: row.is_group ? (row.extents[place ?? -1] ?? null) : extent,
      best: isSpread ? this._model.best(key) : null,
      isTree: this.isTree,
      now: this._now,
      trans: this._trans
    });
    const line =
      key === 'name' && !row.is_group ? this.lineOf(row.id) : undefined;
    return line === undefined ? cell : { ...cell, line };
  }

  private _makeColumns(): void {
    const { columns, pinned } = this._model;
    this._columns = columns.map(key => this._makeColumn(key));
    this._pinned = pinned;
  }

  private _makeColumn(key: string): IGridColumn {
    const trans = this._trans;
    const { sort, widths } = this._model.view;
    const { kind, name } = readKey(key);
    const label = columnLabel(key, trans);
    const shown =
      sort.length > 0 ? sort : [{ key: 'started', descending: true }];
    const place = shown.findIndex(item => item.key === key);
    const isRight =
      kind === 'metric' ||
      RIGHT.includes(key) ||
      (kind === 'parameter' && this._model.fact(key)?.numeric === true);
    // Numbers are short; words such as `squared_error` are not.
    const least = isRight ? 92 : 130;
    const fitting = Math.min(200, Math.max(least, label.length * 7.4 + 34));
    const title =
      kind === 'metric'
        ? this._metricTitle(key, name)
        : kind === 'parameter'
          ? trans.__('%1 (parameter): click to sort', name)
          : kind === 'tag'
            ? trans.__('%1 (tag): click to sort', name)
            : trans.__('%1: click to sort', label);
    return {
      id: key,
      label,
      title,
      width: Math.round(widths[key] ?? WIDTHS[key] ?? fitting),
      align: isRight ? 'right' : 'left',
      tone:
        kind === 'metric'
          ? 'strong'
          : kind === 'attribute'
            ? 'plain'
            : 'italic',
      sort:
        place < 0
          ? undefined
          : {
              direction: shown[place].descending ? 'descending' : 'ascending',
              position: shown.length > 1 ? place + 1 : 0
            }
    };
  }

  private _metricTitle(key: string, name: string): string {
    const trans = this._trans;
    switch (this._model.direction(key)) {
      case 'lower':
        return trans.__('%1 (metric, lower is better): click to sort', name);
      case 'higher':
        return trans.__('%1 (metric, higher is better): click to sort', name);
      default:
        return trans.__('%1 (metric): click to sort', name);
    }
  }

  private _onRows(_: TrialRows, change: RowsChange): void {
    if (change.type === 'state') {
      return;
    }
    this._places = new Map(
      this._model.rows.columns.map((key, index) => [key, index])
    );
    this._forget();
    this._now = Date.now() / 1000;
    if (change.type === 'order') {
      const before = JSON.stringify(this._columns);
      this._makeColumns();
      this._changed.emit({ type: 'order', fromTop: change.fromTop });
      if (before !== JSON.stringify(this._columns)) {
        this._changed.emit({ type: 'columns' });
      }
    } else {
      this._changed.emit(change);
    }
  }

  private _onColumns(): void {
    this._makeColumns();
    this._forget();
    this._changed.emit({ type: 'columns' });
  }

  private _onSelection(): void {
    this._rows = new WeakMap();
    this._emitRows(...this._visible());
  }

  private _tick(): void {
    this._ticks += 1;
    if (document.hidden) {
      return;
    }
    const [first, last] = this._visible();
    const isAll = this._ticks % ALL === 0;
    this._now = Date.now() / 1000;
    if (isAll) {
      this._forget();
      this._emitRows(first, last);
      return;
    }
    for (let index = first; index <= last; index++) {
      const row = this._model.rows.row(index);
      if (row?.status === 'RUNNING') {
        this._cells.delete(row);
        this._emitRows(index, index);
      }
    }
  }

  private _visible(): readonly [number, number] {
    return this._model.rows.visible;
  }

  private _emitRows(first: number, last: number): void {
    if (last >= first) {
      this._changed.emit({ type: 'rows', first, last });
    }
  }

  private _forget(): void {
    this._cells = new WeakMap();
    this._rows = new WeakMap();
  }

  private _cells = new WeakMap<TableRow, IGridCell[]>();
  private readonly _changed = new Signal<this, GridChange>(this);
  private _columns: IGridColumn[] = [];
  private _isDisposed = false;
  private _marked = '';
  private _now = Date.now() / 1000;
  private _pinned = 0;
  private _places = new Map<string, number>();
  private _rows = new WeakMap<TableRow, IGridRow>();
  private _ticks = 0;
  private readonly _timer: number;
}

const EMPTY: IGridCell = {
  text: '',
  title: '',
  align: 'left',
  tone: 'plain'
};
