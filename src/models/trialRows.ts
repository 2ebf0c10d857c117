import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../client';
import type { RequestError, TrialsClient } from '../client';
import type {
  Extent,
  IndexState,
  TableRow,
  TrialQuery,
  TrialTablePage
} from '../contract';
import { TrialPages } from './trialPages';

/** A query without the part of it that is paged. */
export type RowsQuery = Omit<TrialQuery, 'offset' | 'limit' | 'result'>;

/** What changed: the order of all rows, some rows in place, or what is said of them. */
export type RowsChange =
  | { type: 'order'; fromTop: boolean }
  | { type: 'rows'; first: number; last: number }
  | { type: 'state' };

/** Rows fetched at once; fewer where each has very many columns. */
const BLOCK = 200;
const WIDE_BLOCK = 50;
const WIDE = 60;

/** Least time between two looks at what has to be fetched, in milliseconds. */
const PAUSE = 40;

const READY: IndexState = {
  phase: 'ready',
  indexed: 0,
  expected: null,
  seen: null,
  swept: null,
  message: '',
  hint: ''
};

/**
 * The rows of one query, fetched a block at a time as they are looked at.
 *
 * The server names each order of rows; blocks are asked for in that order, and so nothing moves until
 * `reorder`. What was shown stays until the first answer to another query has come.
 */
export class TrialRows implements IDisposable {
  constructor(private readonly _client: TrialsClient) {}

  get changed(): ISignal<this, RowsChange> {
    return this._changed;
  }

  /** Rows of the table, groups included. */
  get total(): number {
    return this._page?.total ?? 0;
  }

  /** Trials that match the filter. */
  get matched(): number {
    return this._page?.matched ?? 0;
  }

  /** Trials in the experiment. */
  get trials(): number {
    return this._page?.trials ?? 0;
  }

  get index(): IndexState {
    return this._page?.index ?? READY;
  }

  /** Whether the order is that of now. */
  get isCurrent(): boolean {
    return this._page?.is_current ?? true;
  }

  /** Whether one answer has come. */
  get isReady(): boolean {
    return this._page !== null;
  }

  /** Whether an answer to the present query is still to come. */
  get isLoading(): boolean {
    return this._result === null && this._loading.size > 0;
  }

  /** Why the last request failed; what is shown may be old then. */
  get error(): RequestError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Columns of the rows that are shown. */
  get columns(): readonly string[] {
    return this._columns;
  }

  get visible(): readonly [number, number] {
    return this._visible;
  }

  /** Undefined until it was fetched. */
  row(index: number): TableRow | undefined {
    return this._pages.row(index);
  }

  /** Every row that is there, with its index. */
  rows(): IterableIterator<[number, TableRow]> {
    return this._pages.rows();
  }

  /** Of a column among all trials that match. */
  extent(key: string): Extent | null {
    return this._page?.extents[this._columns.indexOf(key)] ?? null;
  }

  /** Ask something else. `keep`: stay where the person looks. */
  ask(query: RowsQuery, keep = false): void {
    this._query = query;
    this._result = null;
    this._abortAll();
    if (!keep) {
      this._visible = [0, 0];
    }
    this._fromTop ||= !keep;
    this._load(this._blockOf(this._visible[0]));
    this._changed.emit({ type: 'state' });
  }

  /** The same query in the order of now. */
  reorder(): void {
    if (this._query) {
      this.ask(this._query, true);
    }
  }

  /** Fetch what is looked at again, in the same order. */
  touch(): void {
    this._pages.expire();
    this._fetchVisible();
  }

  /** Say which rows are looked at. */
  look(first: number, last: number): void {
    if (first === this._visible[0] && last === this._visible[1]) {
      return;
    }
    this._visible = [first, last];
    if (this._timer === 0 && this._result !== null) {
      this._timer = window.setTimeout(() => {
        this._timer = 0;
        this._fetchVisible();
      }, PAUSE);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._abortAll();
    Signal.clearData(this);
  }

  /**
   * Ids of the matching trials in a range of rows, those included that were not
   * looked at; null when the order changed meanwhile.
   */
  async ids(first: number, last: number): Promise<string[] | null> {
    const found: TableRow[] = [];
    for (let index = first; index <= last; index++) {
      const known = this.row(index);
      if (!known) {
        const query = this._query;
        const result = this._result;
        if (query === null || result === null) {
          return null;
        }
        const ids = await this._fetchIds(query, result, first, last);
        return this._result === result ? ids : null;
      }
      found.push(known);
    }
    return idsOf(found);
  }

  /** Ids of all trials that match, in order, whatever groups and trees show of them; `most` at most. */
  async allIds(most: number): Promise<string[] | null> {
    const query = { ...this._query!, group_by: null, tree: false };
    const last = Math.min(most, this.matched) - 1;
    const ids = await this._fetchIds(query, null, 0, last);
    return query.filter === this._query?.filter ? ids : null;
  }

  /** `result`: the order that the rows have to have; null: that of now. */
  private async _fetchIds(
    query: RowsQuery,
    result: string | null,
    first: number,
    last: number
  ): Promise<string[] | null> {
    const found: string[] = [];
    let order = result;
    for (let offset = first; offset <= last; offset += MAX_ROWS) {
      const limit = Math.min(MAX_ROWS, last - offset + 1);
      const page = await this._client.table({
        ...query,
        columns: [],
        result: order,
        offset,
        limit
      });
      order ??= page.result;
      if (page.result !== order) {
        return null; // The server has forgotten the order: the next rows would be others.
      }
      found.push(...idsOf(page.rows));
    }
    return found;
  }

  private _fetchVisible(): void {
    if (this._result === null) {
      if (this._query && this._loading.size === 0) {
        this._load(this._blockOf(this._visible[0]));
      }
      return;
    }
    // As many rows again above and below, which a scroll shows next.
    const [top, bottom] = this._visible;
    const more = bottom - top;
    const first = Math.max(0, top - more);
    const end = Math.min(bottom + more, this.total - 1);
    const seen = new Set(this._pages.blocksOf(first, end));
    for (const [block, abort] of this._loading) {
      if (!seen.has(block)) {
        abort.abort();
        this._loading.delete(block);
      }
    }
    for (const block of this._pages.missing(first, end)) {
      this._load(block);
    }
  }

  private _load(block: number): void {
    if (this._loading.has(block) || !this._query || this._isDisposed) {
      return;
    }
    const abort = new AbortController();
    this._loading.set(block, abort);
    void this._request(block, this._query, abort);
  }

  private async _request(
    block: number,
    query: RowsQuery,
    abort: AbortController
  ): Promise<void> {
    const limit = sizeFor(query);
    const known = this._result;
    const { age } = this._pages;
    try {
      const page = await this._client.table(
        { ...query, offset: block * limit, limit, result: known },
        abort.signal
      );
      if (abort.signal.aborted) {
        return;
      }
      this._loading.delete(block);
      this._error = null;
      this._take(block, page, query, known, age);
    } catch (reason) {
      if (isAbort(reason) || abort.signal.aborted) {
        return;
      }
      this._loading.delete(block);
      this._error = asRequestError(reason);
      this._changed.emit({ type: 'state' });
    }
  }

  private _take(
    block: number,
    page: TrialTablePage,
    query: RowsQuery,
    known: string | null,
    age: number
  ): void {
    const isSame = known !== null && page.result === known;
    this._page = page;
    this._result = page.result;
    this._columns = query.columns ?? [];
    if (!isSame) {
      // Another order, be it that the server has forgotten the one asked for.
      this._abortAll();
      this._pages = new TrialPages(sizeFor(query));
    }
    const isStale = isSame && age !== this._pages.age;
    this._pages.put(block, page.rows, isSame ? age : undefined);
    if (isStale) {
      this._fetchVisible(); // It was asked for before something changed.
    }
    if (isSame) {
      const first = page.offset;
      this._changed.emit({
        type: 'rows',
        first,
        last: first + page.rows.length - 1
      });
    } else {
      const fromTop = this._fromTop;
      this._fromTop = false;
      this._changed.emit({ type: 'order', fromTop });
      this._fetchVisible();
    }
  }

  private _blockOf(row: number): number {
    return Math.floor(row / (this._query ? sizeFor(this._query) : BLOCK));
  }

  private _abortAll(): void {
    for (const abort of this._loading.values()) {
      abort.abort();
    }
    this._loading.clear();
  }

  private readonly _changed = new Signal<this, RowsChange>(this);
  private _columns: readonly string[] = [];
  private _error: RequestError | null = null;
  private _fromTop = false;
  private _isDisposed = false;
  private readonly _loading = new Map<number, AbortController>();
  private _page: TrialTablePage | null = null;
  private _pages = new TrialPages(BLOCK);
  private _query: RowsQuery | null = null;
  private _result: string | null = null;
  private _timer = 0;
  private _visible: [number, number] = [0, 0];
}

const MAX_ROWS = 500;

/** Trials, without groups, and without those that are shown for what stands below them only. */
function idsOf(rows: readonly TableRow[]): string[] {
  return rows.filter(row => !row.is_group && row.matches).map(({ id }) => id);
}

function sizeFor(query: RowsQuery): number {
  return (query.columns?.length ?? 0) > WIDE ? WIDE_BLOCK : BLOCK;
}
