import type { IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { RequestError, StudioClient } from '../client';
import type { SortKey, TableRow, TrialColumn } from '../contract';
import type { ExperimentsModel } from './experimentsModel';
import type { IJobsChange, JobsModel } from './jobsModel';
import { TrialColumns } from './trialColumns';
import { TrialRows } from './trialRows';
import type { RowsChange, RowsQuery } from './trialRows';
import { TrialSelection } from './trialSelection';
import { arrange, defaultView, MAX_COLUMNS, readKey } from './trialTableView';
import type { Direction, ITableView } from './trialTableView';

/** Least time between two looks while jobs change, in milliseconds. */
const THROTTLE = 1_000;
/** Time between looks while something runs or the store is being read. */
const BUSY_INTERVAL = 3_000;
/** Otherwise: others may edit or delete what has ended. */
const IDLE_INTERVAL = 15_000;
/** How long a change of our own may take to be seen, in milliseconds. */
const PATIENCE = 20_000;
/** Groups and trials whose rows are shown, at most. */
const MAX_EXPANDED = 1000;

export interface ITableOptions {
  client: StudioClient;
  jobs: JobsModel;
  experiments?: ExperimentsModel;
  experiment: string;
  view?: ITableView;
}

/** The table of an experiment's trials: what is asked, what is known, what is selected. */
export class TrialTableModel implements IDisposable {
  constructor(options: ITableOptions) {
    this.client = options.client;
    this.experiment = options.experiment;
    this.rows = new TrialRows(options.client.trials);
    this._known = new TrialColumns(options.client, options.experiment);
    this._view = options.view ?? defaultView();
    this._jobs = options.jobs;
    this._experiments = options.experiments ?? null;
    this._touch = new Throttler(() => this._look(), {
      limit: THROTTLE,
      edge: 'trailing'
    });
    let ticks = 0;
    this._poll = new Poll({
      // The first tick is at once, and the first rows are asked for already.
      factory: () => (ticks++ > 0 ? this._look() : Promise.resolve()),
      frequency: { interval: BUSY_INTERVAL, backoff: false },
      standby: 'when-hidden'
    });
    this.rows.changed.connect(this._onRows, this);
    this._jobs.jobsChanged.connect(this._onJobs, this);
    this._jobs.reset.connect(this._onReset, this);
    this._listed = this._state();
    this._experiments?.changed.connect(this._onExperiments, this);
    this.client.trials.changed.connect(this.expectChange, this);
    this.ready = this._start();
  }

  readonly client: StudioClient;
  readonly experiment: string;
  readonly rows: TrialRows;
  readonly selection = new TrialSelection();

  /** Resolves when the first rows were asked for. */
  readonly ready: Promise<void>;

  /** Whether rows may move now without disturbing anybody. */
  mayReorder: () => boolean = () => true;

  /** Emitted when anything but the values of rows changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the columns changed: which, their order or what is known of them. */
  get columnsChanged(): ISignal<this, void> {
    return this._columnsChanged;
  }

  /** Emitted when the person changed the view, which is to be kept. */
  get viewChanged(): ISignal<this, ITableView> {
    return this._viewChanged;
  }

  get view(): ITableView {
    return this._view;
  }

  /** Keys of the columns that are shown, pinned ones first. */
  get columns(): readonly string[] {
    return this._columns;
  }

  /** Number of pinned columns. */
  get pinned(): number {
    return this._pinned;
  }

  get error(): RequestError | null {
    return this.rows.error ?? this._known.error;
  }

  get isDisposed(): boolean {
    return this.rows.isDisposed;
  }

  /** What is known of a column, by its key; of a metric whichever value is shown. */
  fact(key: string): TrialColumn | undefined {
    return this._known.fact(key);
  }

  /** Which values are better: set by the person, else as the name tells. */
  direction(key: string): Direction | null {
    const { base, kind } = readKey(key);
    if (kind !== 'metric') {
      return null;
    }
    const guess = this.fact(base)?.better;
    return (
      this._view.directions[base] ??
      (guess === 'lower' || guess === 'higher' ? guess : null)
    );
  }

  /** The best value of a metric among the trials that match. */
  best(key: string): number | null {
    const direction = this.direction(key);
    const extent = direction && this.rows.extent(key);
    if (!extent) {
      return null;
    }
    return direction === 'lower' ? extent.minimum : extent.maximum;
  }

  /** Change the view. */
  update(change: Partial<ITableView>): void {
    const before = this._query();
    this._view = { ...this._view, ...change };
    if (this._view.group !== null && change.group !== undefined) {
      this._view.tree = false;
    } else if (change.tree) {
      this._view.group = null;
    }
    if (change.group !== undefined || change.tree !== undefined) {
      this._expanded = [];
      this._expandAll = this._view.tree;
    }
    this._arrange();
    const after = this._query();
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      const moves = MOVES.some(name => change[name] !== undefined);
      this.rows.ask(after, !moves);
    }
    this._viewChanged.emit(this._view);
    this._columnsChanged.emit();
    this._changed.emit();
  }

  /**
   * Show these columns, in this order. Those that are hidden, for having one value
   * in all trials, stay chosen where they were. `pinned`: of those that are shown.
   */
  show(next: readonly string[], pinned?: readonly string[]): void {
    const chosen = this._view.columns ?? this._known.automatic;
    const isHidden = (key: string) => !this._columns.includes(key);
    const columns = [...next];
    for (const [index, key] of chosen.entries()) {
      if (isHidden(key) && !columns.includes(key)) {
        const before = chosen
          .slice(0, index)
          .reverse()
          .find(each => columns.includes(each));
        columns.splice(before ? columns.indexOf(before) + 1 : 0, 0, key);
      }
    }
    const pins = [...(pinned ?? []), ...this._view.pinned.filter(isHidden)];
    this.update(pinned ? { columns, pinned: pins } : { columns });
  }

  /** Sort by a column; once more turns the order round. `also`: after what is sorted by already. */
  sortBy(key: string, also = false): void {
    const { sort } = this._view;
    const present = sort.find(item => item.key === key);
    if (also && sort.length > 0) {
      const next = present
        ? sort.map(item => (item === present ? turned(item) : item))
        : [...sort, this._firstSort(key)].slice(-5);
      this.update({ sort: next });
    } else {
      const next =
        present && sort.length === 1 ? turned(present) : this._firstSort(key);
      this.update({ sort: [next] });
    }
  }

  /** Add what was found out of columns. */
  learn(columns: readonly TrialColumn[]): void {
    this._known.learn(columns);
  }

  /** Keep a column in sight, or let it scroll again. */
  togglePin(key: string): void {
    const { pinned } = this._view;
    this.update({
      pinned: pinned.includes(key)
        ? pinned.filter(each => each !== key)
        : [...pinned, key]
    });
  }

  /** Say which values of a metric are better; null: as its name tells. */
  setDirection(key: string, direction: Direction | null): void {
    const directions = { ...this._view.directions };
    delete directions[readKey(key).base];
    if (direction) {
      directions[readKey(key).base] = direction;
    }
    this.update({ directions });
  }

  /** Whether somebody sees the table: only then is it followed. */
  setActive(isActive: boolean): void {
    if (isActive === this._isActive || this.isDisposed) {
      return;
    }
    this._isActive = isActive;
    if (!isActive) {
      void this._poll.stop();
      return;
    }
    void this._poll.start();
    if (this._isTold) {
      this._tell();
    }
  }

  /** Show or hide the rows below a group or a trial. */
  toggle(row: TableRow): void {
    const isListed = this._expanded.includes(row.id);
    this._expanded = isListed
      ? this._expanded.filter(id => id !== row.id)
      : [...this._expanded, row.id].slice(-MAX_EXPANDED);
    this.rows.ask(this._query(), true);
  }

  /** Look at everything anew, in the order of now. */
  refresh(): void {
    if (!this.rows.isReady && this._columns.length === 0) {
      void this._start();
    } else {
      this.rows.ask(this._query(), true);
      void this._loadColumns();
    }
  }

  /** Look at everything anew, and show the change that was just made once the server sees it. */
  expectChange(): void {
    this._expectUntil = Date.now() + PATIENCE;
    this.refresh();
    this._tell();
  }

  /** The whole query, for an export. */
  query(): RowsQuery {
    return { ...this._query(), columns: [...this._columns] };
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._poll.dispose();
    this._touch.dispose();
    this.rows.dispose();
    this._jobs.jobsChanged.disconnect(this._onJobs, this);
    this._jobs.reset.disconnect(this._onReset, this);
    this.client.trials.changed.disconnect(this.expectChange, this);
    this._experiments?.changed.disconnect(this._onExperiments, this);
    Signal.clearData(this.selection);
    Signal.clearData(this);
  }

  private async _start(): Promise<void> {
    if (this._view.columns) {
      this._arrange();
      this.rows.ask(this._query());
      await this._loadColumns();
    } else {
      await this._loadColumns();
      if (this._columns.length > 0 && !this.isDisposed) {
        this.rows.ask(this._query());
      }
    }
  }

  /** Which columns there are; a table that chooses its own may show others then. */
  private async _loadColumns(): Promise<void> {
    const isLast = await this._known.load(this._view.columns ?? []);
    if (this.isDisposed || !isLast) {
      return;
    }
    const before = JSON.stringify(this._columns);
    this._arrange();
    if (before !== JSON.stringify(this._columns) && this.rows.isReady) {
      this.rows.ask(this._query(), true);
    }
    this._columnsChanged.emit();
    this._changed.emit();
  }

  private _arrange(): void {
    const { columns, pinned, hideConstant } = this._view;
    const wanted = (columns ?? this._known.automatic).filter(
      key => !(hideConstant && this.fact(key)?.constant)
    );
    const arranged = arrange(wanted.slice(0, MAX_COLUMNS), pinned);
    this._columns = arranged.columns;
    this._pinned = arranged.pinned;
  }

  private _query(): RowsQuery {
    const { filter, sort, group, tree } = this._view;
    const more = this._columns.includes('commit') ? ['dirty'] : [];
    if (this._columns.includes('duration')) {
      more.push('started');
    }
    const columns = [...new Set([...this._columns, ...more])];
    return {
      experiment: this.experiment,
      filter,
      sort: sort as RowsQuery['sort'],
      columns,
      group_by: group,
      tree,
      expanded: this._expanded,
      expand_all: this._expandAll
    };
  }

  /** Better ones first, newest first, else in ascending order. */
  private _firstSort(key: string): SortKey {
    const isTime = key === 'started' || key === 'ended';
    return { key, descending: isTime || this.direction(key) === 'higher' };
  }

  private async _look(): Promise<void> {
    const now = Date.now();
    if (!this._isBusy() && now - this._looked < IDLE_INTERVAL) {
      return;
    }
    this._looked = now;
    if (this._columns.length === 0) {
      await this._start();
      return;
    }
    this.rows.touch();
    if (!this._view.columns) {
      await this._loadColumns();
    }
  }

  private _isBusy(): boolean {
    const isExpecting = Date.now() < this._expectUntil;
    if (
      isExpecting ||
      this._isTold ||
      this.error ||
      this.rows.index.phase !== 'ready'
    ) {
      this._isTold = false;
      return true;
    }
    const [first, last] = this.rows.visible;
    for (let index = first; index <= last; index++) {
      if (this.rows.row(index)?.status === 'RUNNING') {
        return true;
      }
    }
    return false;
  }

  private _onRows(_: TrialRows, change: RowsChange): void {
    if (
      change.type === 'rows' &&
      !this.rows.isCurrent &&
      !this.rows.isLoading &&
      (this.mayReorder() || Date.now() < this._expectUntil)
    ) {
      this._expectUntil = 0;
      this.rows.reorder();
    }
    const { isReady, trials } = this.rows;
    if (isReady && !this._view.columns && this._known.notice(trials)) {
      void this._loadColumns();
    }
    this._changed.emit();
  }

  private _tell(): void {
    this._isTold = true;
    if (!this._isActive) {
      return;
    }
    void this._touch.invoke().catch(() => undefined);
  }

  private _onJobs(_: JobsModel, change: IJobsChange): void {
    const isConcerned =
      change.removed.length > 0 ||
      change.changed.some(job => job.trial.experiment === this.experiment);
    if (isConcerned) {
      this._tell();
    }
  }

  private _onReset(): void {
    this.refresh();
  }

  /** What the list says of the experiment: trials begin and end without jobs, too. */
  private _state(): string {
    const found = this._experiments?.items?.find(
      ({ name }) => name === this.experiment
    );
    return found ? `${found.trials} ${found.updated}` : '';
  }

  private _onExperiments(): void {
    const state = this._state();
    if (state !== this._listed) {
      this._listed = state;
      this._tell();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _columns: string[] = [];
  private readonly _columnsChanged = new Signal<this, void>(this);
  private _expandAll = false;
  private _expanded: string[] = [];
  private _expectUntil = 0;
  private readonly _experiments: ExperimentsModel | null;
  private _isActive = true;
  private _isTold = false;
  private readonly _jobs: JobsModel;
  private readonly _known: TrialColumns;
  /** What the list of experiments said of this one. */
  private _listed: string;
  private _looked = 0;
  private _pinned = 0;
  private readonly _poll: Poll;
  private readonly _touch: Throttler;
  private _view: ITableView;
  private readonly _viewChanged = new Signal<this, ITableView>(this);
}

/** Changes after which the table begins at its top again. */
const MOVES: (keyof ITableView)[] = ['filter', 'sort', 'group', 'tree'];

function turned(item: SortKey): SortKey {
  return { key: item.key, descending: !item.descending };
}
