import type { IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../client';
import type { RequestError, StudioClient } from '../client';
import type {
  ComparedRow,
  ComparedTrial,
  CompareQuery,
  Comparison
} from '../contract';
import type { IChartColumn, IChartTrial } from '../shared/charts/types';
import { chartColumn, labelsOf } from './chartColumns';
import { compareQuery } from './compareQuery';
import type { IJobsChange, JobsModel } from './jobsModel';
import { extendCharts } from './suitedCharts';
import type { TrialColours } from './trialColours';
import { TrialFocus } from './trialFocus';
import type { TrialSelection } from './trialSelection';
import { columnsOf, withTrials, withoutTrials } from './views';
import type { View, ViewChart, ViewEdit } from './views';

/** Least time between two looks while jobs change, in milliseconds. */
const THROTTLE = 1_000;
/** Time between looks while one of the trials runs or the store is being read. */
const BUSY_INTERVAL = 2_500;
/** How long trials that are not there are looked for at that rate: others record some that are not known yet. */
const YOUNG = 60_000;
/** Otherwise: others may edit or delete what has ended. */
const IDLE_INTERVAL = 15_000;
/** Columns that are asked for whatever the search says. */
const MAX_KEYS = 100;

/** One of the trials as the view shows it. */
export interface IViewTrial extends IChartTrial {
  facts: ComparedTrial;
  isHidden: boolean;
  isBaseline: boolean;
  isRunning: boolean;
}

export interface ICompareOptions {
  client: StudioClient;
  jobs: JobsModel;
  colours: TrialColours;
  view?: View;
  /** That of a table that is shown beside it. */
  selection?: TrialSelection;
}

/** Some trials side by side: what is asked, what is known, what stands out. */
export class CompareModel implements IDisposable {
  constructor(options: ICompareOptions) {
    this.client = options.client;
    this.colours = options.colours;
    this.focus = new TrialFocus(options.selection);
    this._jobs = options.jobs;
    this._view = options.view ?? {};
    this._touch = new Throttler(() => this._look(true), {
      limit: THROTTLE,
      edge: 'trailing'
    });
    this._poll = new Poll({
      auto: false,
      factory: () => this._look(false),
      frequency: { interval: BUSY_INTERVAL, backoff: false },
      standby: 'when-hidden'
    });
    this._jobs.jobsChanged.connect(this._onJobs, this);
    this._jobs.reset.connect(this._onReset, this);
    this.colours.changed.connect(this._onColours, this);
  }

  readonly client: StudioClient;
  readonly colours: TrialColours;
  readonly focus: TrialFocus;

  /** Emitted when anything that is shown changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the person changed the view, which is to be kept: with what makes the same change to another view. */
  get viewChanged(): ISignal<this, ViewEdit> {
    return this._viewChanged;
  }

  /** Whether the view is only shown: what is changed then could not be kept. */
  get isReadOnly(): boolean {
    return this._isReadOnly;
  }

  set isReadOnly(isReadOnly: boolean) {
    if (isReadOnly !== this._isReadOnly) {
      this._isReadOnly = isReadOnly;
      this._changed.emit();
    }
  }

  get view(): View {
    return this._view;
  }

  /** The last answer; null before the first. */
  get comparison(): Comparison | null {
    return this._comparison;
  }

  /** Why the last look failed; what is shown may be old then. */
  get error(): RequestError | null {
    return this._error;
  }

  get isLoading(): boolean {
    return this._abort !== null;
  }

  /** What the names of rows have to hold. */
  get search(): string {
    return this._search;
  }

  set search(text: string) {
    if (text !== this._search) {
      this._search = text;
      this._arrange();
      void this._ask();
      this._changed.emit();
    }
  }

  /** Whether rows with such a name may be there that were not answered yet. */
  get isSearching(): boolean {
    const { total_rows = 0, rows = [] } = this._comparison ?? {};
    const isWhole = this._answered === '' && rows.length >= total_rows;
    return this._search !== this._answered && !isWhole;
  }

  /** Whether rows that are the same in all trials are left out: of one trial there are no others. */
  get onlyDifferences(): boolean {
    const trials = this._comparison?.trials.length ?? 2;
    return (this._view.only_differences ?? true) && trials > 1;
  }

  /** All the trials, in the order of the view. */
  get trials(): readonly IViewTrial[] {
    return this._trials;
  }

  /** Those that are drawn. */
  get drawn(): readonly IChartTrial[] {
    return this._drawn;
  }

  /** The trial that the others are held against; null where there is none, or it is gone. */
  get baseline(): IViewTrial | null {
    return this._trials.find(each => each.isBaseline) ?? null;
  }

  /** Rows of the table. */
  get rows(): readonly ComparedRow[] {
    return this._rows;
  }

  /** How many rows there would be if all were shown. */
  get rowCount(): number {
    const { total_rows = 0, differing_rows = 0 } = this._comparison ?? {};
    const isWhole = (this._comparison?.rows.length ?? 0) >= total_rows;
    if (isWhole || (this.onlyDifferences && this._search !== '')) {
      return this._rows.length;
    }
    return this.onlyDifferences ? differing_rows : total_rows;
  }

  /** The charts: those of the view, else those that suit the trials. */
  get charts(): readonly ViewChart[] {
    return this._view.charts ?? this._defaults;
  }

  /** Whether it is not known yet which charts suit the trials. */
  get isChoosing(): boolean {
    return !this._view.charts && this._areDefaultsOld;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** A column of the trials that are drawn; of one that none has, without values. */
  column(key: string): IChartColumn {
    const known = this._columns.get(key);
    if (known) {
      return known;
    }
    const row = this._comparison?.rows.find(each => each.key === key);
    const places = this._trials.flatMap(({ isHidden }, place) =>
      isHidden ? [] : [place]
    );
    const made = chartColumn(key, row, places);
    this._columns.set(key, made);
    return made;
  }

  /** Change the view; false: it is only shown, and nothing was changed. */
  update(change: Partial<View>): boolean {
    return this._edit(view => ({ ...view, ...change }));
  }

  /** Show another view: what a file says now. */
  setView(view: View): void {
    this._apply(view);
  }

  /** Draw a trial, or only list it. */
  hide(id: string, isHidden: boolean): void {
    this._edit(view => {
      const hidden = (view.hidden ?? []).filter(each => each !== id);
      return { ...view, hidden: isHidden ? [...hidden, id] : hidden };
    });
  }

  /** Take trials out of the view. */
  remove(ids: readonly string[]): void {
    const facts = this._trials.map(each => each.facts);
    if (this._edit(view => withoutTrials(view, facts, ids))) {
      this.focus.selection.remove(ids);
    }
  }

  /** Put trials of an experiment into the view. */
  add(experiment: string, ids: readonly string[]): boolean {
    return this._edit(view => withTrials(view, experiment, ids));
  }

  /** Change the charts; those that suit the trials are kept by that. */
  updateCharts(change: (charts: readonly ViewChart[]) => ViewChart[]): boolean {
    const usual = this._defaults;
    return this._edit(view => ({
      ...view,
      charts: change(view.charts ?? usual)
    }));
  }

  /** Whether somebody looks: only then is anything asked for. */
  setActive(isActive: boolean): void {
    if (isActive === this._isActive || this._isDisposed) {
      return;
    }
    this._isActive = isActive;
    if (isActive) {
      void this._look(true);
      void this._poll.start();
    } else {
      void this._poll.stop();
    }
  }

  get isActive(): boolean {
    return this._isActive;
  }

  /** Look at everything anew. */
  refresh(): Promise<void> {
    return this._ask();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._abort?.abort();
    this._poll.dispose();
    this._touch.dispose();
    this._jobs.jobsChanged.disconnect(this._onJobs, this);
    this._jobs.reset.disconnect(this._onReset, this);
    this.colours.changed.disconnect(this._onColours, this);
    this.focus.dispose();
    Signal.clearData(this);
  }

  private _edit(edit: ViewEdit): boolean {
    if (this._isReadOnly) {
      return false;
    }
    this._apply(edit(this._view));
    this._viewChanged.emit(edit);
    return true;
  }

  private _apply(view: View): void {
    const before = this._query();
    const sources = JSON.stringify(this._view.sources);
    this._view = view;
    if (JSON.stringify(view.sources) !== sources) {
      this._areDefaultsOld = true;
    }
    this._arrange();
    this._changed.emit();
    if (JSON.stringify(before) !== JSON.stringify(this._query())) {
      void this._ask();
    }
  }

  private _query(): CompareQuery & { keys: string[] } {
    return compareQuery(
      this._view.sources ?? [],
      this._search,
      [...new Set(this.charts.flatMap(columnsOf))].slice(0, MAX_KEYS),
      !this._view.charts
    );
  }

  /** Ask; an answer to an older question is never shown after one to a newer. */
  private async _ask(): Promise<void> {
    if (!this._isActive || this._isDisposed) {
      return;
    }
    this._abort?.abort();
    this._abort = null;
    const query = this._query();
    if (query.sources.length === 0) {
      this._comparison = null;
      this._error = null;
      this._arrange();
      this._changed.emit();
      return;
    }
    const abort = (this._abort = new AbortController());
    this._looked = Date.now();
    try {
      const found = await this.client.trials.compare(query, abort.signal);
      if (this._abort !== abort || this._isDisposed) {
        return;
      }
      this._answered = query.text ?? '';
      this._take(found, query.suited ?? false);
      this._error = null;
    } catch (reason) {
      if (isAbort(reason) || this._abort !== abort) {
        return;
      }
      this._error = asRequestError(reason);
    }
    this._abort = null;
    this._changed.emit();
    const next = this._query();
    const isThere = (key: string) =>
      query.keys.includes(key) ||
      this._comparison?.rows.some(row => row.key === key);
    if (!this._error && !next.keys.every(isThere)) {
      await this._ask();
    }
  }

  private _take(found: Comparison, isSuited: boolean): void {
    const before = this._comparison;
    this._comparison = found;
    const ids = found.trials.map(each => each.run_id).join();
    const isOther = ids !== before?.trials.map(each => each.run_id).join();
    if (isOther) {
      this.colours.assign(found.trials.map(each => each.run_id));
    }
    if (isSuited) {
      const { charts } = found;
      this._defaults =
        isOther || this._areDefaultsOld
          ? charts
          : extendCharts(this._defaults, charts);
      this._areDefaultsOld = false;
    } else if (isOther) {
      this._areDefaultsOld = true;
    }
    this._arrange();
  }

  /** Work out what is shown of the last answer. */
  private _arrange(): void {
    const facts = this._comparison?.trials ?? [];
    const hidden = new Set(this._view.hidden ?? []);
    const labels = labelsOf(facts);
    this._trials = facts.map((each, index) => ({
      id: each.run_id,
      label: labels[index],
      colour: this.colours.get(each.run_id) ?? index,
      facts: each,
      isHidden: hidden.has(each.run_id),
      isBaseline: each.run_id === this._view.baseline,
      isRunning: each.status === 'RUNNING'
    }));
    const drawn = this._trials
      .filter(({ isHidden }) => !isHidden)
      .map(({ id, label, colour }) => ({ id, label, colour }));
    // The same array while it is the same: charts are drawn again for another.
    if (JSON.stringify(drawn) !== JSON.stringify(this._drawn)) {
      this._drawn = drawn;
    }
    const text = this._search.toLowerCase();
    this._rows = (this._comparison?.rows ?? []).filter(
      row =>
        (!this.onlyDifferences || row.differs) &&
        (!text || row.name.toLowerCase().includes(text))
    );
    const columns = this._columns;
    this._columns = new Map();
    for (const [key, column] of columns) {
      if (isSame(column, this.column(key))) {
        this._columns.set(key, column);
      }
    }
  }

  private _hasRunning(): boolean {
    return this._trials.some(({ isRunning }) => isRunning);
  }

  private _isAwaited(): boolean {
    const isYoung = Date.now() - this._made < YOUNG;
    return isYoung && (this._comparison?.missing.length ?? 0) > 0;
  }

  private async _look(isTold: boolean): Promise<void> {
    const isBusy =
      isTold ||
      this._error !== null ||
      this._hasRunning() ||
      this._isAwaited() ||
      (this._comparison && this._comparison.index.phase !== 'ready');
    const passed = Date.now() - this._looked;
    // An answer that was asked for ahead is there before the first look of the poll.
    const isNew = !isTold && !this._error && passed < BUSY_INTERVAL / 2;
    if (this._abort || isNew) {
      return;
    }
    if (isBusy || passed >= IDLE_INTERVAL) {
      await this._ask();
    }
  }

  private _onJobs(_: JobsModel, change: IJobsChange): void {
    const ids = new Set(this._trials.map(({ id }) => id));
    const jobs = new Set(this._trials.map(({ facts }) => facts.job_id));
    const isConcerned =
      change.changed.some(
        job => ids.has(job.trial.run_id ?? '') || jobs.has(job.id)
      ) || change.removed.some(id => jobs.has(id));
    if (isConcerned) {
      void this._touch.invoke().catch(() => undefined);
    }
  }

  private _onReset(): void {
    void this._ask();
  }

  private _onColours(): void {
    this._arrange();
    this._changed.emit();
  }

  private _abort: AbortController | null = null;
  /** What was searched for in the last answer. */
  private _answered = '';
  private _areDefaultsOld = true;
  private readonly _changed = new Signal<this, void>(this);
  private _columns = new Map<string, IChartColumn>();
  private _comparison: Comparison | null = null;
  private _defaults: readonly ViewChart[] = [];
  private _drawn: readonly IChartTrial[] = [];
  private _error: RequestError | null = null;
  private _isActive = false;
  private _isDisposed = false;
  private _isReadOnly = false;
  private readonly _jobs: JobsModel;
  private _looked = 0;
  private readonly _made = Date.now();
  private readonly _poll: Poll;
  private _rows: readonly ComparedRow[] = [];
  private _search = '';
  private readonly _touch: Throttler;
  private _trials: readonly IViewTrial[] = [];
  private _view: View;
  private readonly _viewChanged = new Signal<this, ViewEdit>(this);
}

function isSame(a: IChartColumn, b: IChartColumn): boolean {
  return (
    a.label === b.label &&
    a.isNumeric === b.isNumeric &&
    a.better === b.better &&
    a.values.length === b.values.length &&
    a.values.every((value, index) => Object.is(value, b.values[index]))
  );
}
