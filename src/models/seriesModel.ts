import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../client';
import type { TrialsClient } from '../client';
import { SeriesFeed, toData } from './seriesFeed';
import type { IFeedOwner, ISeriesData, SeriesAxis } from './seriesFeed';

export type { ISeriesData };

/** What one chart shows. */
export interface ISeriesNeed {
  metrics: readonly string[];
  /** `metric`: over the values of another one, which is fetched by steps as well. */
  x?: SeriesAxis | 'metric';
  x_metric?: string | null;
}

/** What a chart will show. */
export interface IPrepared {
  need: ISeriesNeed;
  /** How wide it will be, in pixels; 0: not known. */
  width: number;
}

/** Most trials that are asked for. */
export const MAX_TRIALS = 200;
/** Points of a series that are asked for: the first that is twice the width of the chart. */
const POINTS = [500, 1_000, 2_000, 4_000];
/** Pause after the last change of the part that is shown, until it is asked for, in milliseconds. */
const DEBOUNCE = 100;

/** Histories of metrics of some trials, for all charts of a view. */
export class SeriesModel implements IDisposable, IFeedOwner {
  constructor(options: SeriesModel.IOptions) {
    this._client = options.client;
    this._runIds = chosen(options.runIds ?? []);
  }

  /** No other model has it: charts of one model share their crosshair. */
  readonly id = `series-${Private.next()}`;

  /** Emitted when the trials that are missing change. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get runIds(): readonly string[] {
    return this._runIds;
  }

  /** Trials that are not there any more. */
  get missing(): readonly string[] {
    return this._missing;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._prepared.length = 0;
    [...this._views].forEach(view => view.dispose());
    this._feeds.forEach(feed => feed.dispose());
    Signal.clearData(this);
  }

  /** Other trials. What is known of those that stay is shown meanwhile. */
  setTrials(runIds: readonly string[]): void {
    const next = chosen(runIds);
    const isSame =
      next.length === this._runIds.length &&
      next.every((each, index) => each === this._runIds[index]);
    if (!isSame) {
      void this.prepare([]);
      this._runIds = next;
      this._feeds.forEach(feed => feed.reset());
      this._views.forEach(view => view.onTrials());
    }
  }

  /** What a chart shows; it asks for nothing before it is active, which one that was prepared is. Dispose it with the chart. */
  open(need: ISeriesNeed): SeriesView {
    const at = this._prepared.findIndex(
      ({ need: prepared }) => JSON.stringify(prepared) === JSON.stringify(need)
    );
    return at >= 0 ? this._prepared.splice(at, 1)[0].view : this._make(need);
  }

  /**
   * Ask at once for what charts are to show that are still being made: they
   * open it then. What was prepared before and nobody opened is forgotten.
   * Resolves when what they show is there.
   */
  async prepare(charts: readonly IPrepared[]): Promise<void> {
    this._prepared.splice(0).forEach(({ view }) => view.dispose());
    for (const { need, width } of charts) {
      const view = this._make(need);
      view.setWidth(width);
      view.setActive(true);
      this._prepared.push({ need, view });
    }
    if (charts.length > 0) {
      await this.refresh();
    }
  }

  /** Look now; resolves when all that is in sight is there. */
  async refresh(): Promise<void> {
    await Promise.all([...this._feeds.values()].map(feed => feed.look()));
  }

  /** For views: where their histories come from. */
  feed(x: SeriesAxis, points: number): SeriesFeed {
    const key = `${x} ${points}`;
    const feed =
      this._feeds.get(key) ?? new SeriesFeed(this._client, this, x, points);
    this._feeds.set(key, feed);
    return feed;
  }

  /** For views: forget one. */
  drop(view: SeriesView): void {
    this._views.delete(view);
  }

  /** See `IFeedOwner`. */
  wanted(feed: SeriesFeed): readonly string[] {
    return [...this._views]
      .filter(view => view.isActive && view.feed === feed)
      .flatMap(view => view.names);
  }

  /** See `IFeedOwner`. */
  fed(feed: SeriesFeed, metrics: ReadonlySet<string>): void {
    for (const view of this._views) {
      if (
        view.feed === feed &&
        (metrics.size === 0 || view.names.some(name => metrics.has(name)))
      ) {
        view.onFed();
      }
    }
    if (feed.missing.join() !== this._missing.join()) {
      this._missing = feed.missing;
      this._changed.emit();
    }
  }

  /** For views: a part of some histories. */
  async detail(
    view: SeriesView,
    low: number | null,
    high: number | null,
    signal: AbortSignal
  ): Promise<ISeriesData[]> {
    const { x, points } = view.feed;
    const page = await this._client.series(
      {
        run_ids: [...this._runIds],
        metrics: [...view.names],
        x,
        low,
        high,
        max_points: points
      },
      signal
    );
    return page.series.map(each => toData(each));
  }

  private _make(need: ISeriesNeed): SeriesView {
    const view = new SeriesView(this, need);
    this._views.add(view);
    return view;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _client: Pick<TrialsClient, 'series'>;
  private readonly _feeds = new Map<string, SeriesFeed>();
  private _isDisposed = false;
  private _missing: readonly string[] = [];
  private readonly _prepared: { need: ISeriesNeed; view: SeriesView }[] = [];
  private _runIds: readonly string[];
  private readonly _views = new Set<SeriesView>();
}

export namespace SeriesModel {
  export interface IOptions {
    client: Pick<TrialsClient, 'series'>;
    /** More than 200 are left out. */
    runIds?: readonly string[];
  }
}

/** What one chart shows of the histories of a model. */
export class SeriesView implements IDisposable {
  constructor(
    private readonly _model: SeriesModel,
    need: ISeriesNeed
  ) {
    this.names = [
      ...new Set([
        ...need.metrics,
        ...(need.x === 'metric' && need.x_metric ? [need.x_metric] : [])
      ])
    ];
    this._canZoom = need.x !== 'metric';
    this._x = !need.x || need.x === 'metric' ? 'step' : need.x;
    this._feed = _model.feed(this._x, POINTS[1]);
  }

  /** Metrics that are asked for. */
  readonly names: readonly string[];

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get feed(): SeriesFeed {
    return this._feed;
  }

  get isActive(): boolean {
    return this._isActive;
  }

  /** By metric, then in the order of the trials; the same array until something changes. */
  get series(): readonly ISeriesData[] {
    const { _detail: detail, _range: range } = this;
    if (detail && range && isWithin(range, detail.range)) {
      return detail.series;
    }
    return (this._series ??= this.names.flatMap(name => {
      const found = this._feedOf(name).series(name);
      return this._model.runIds.flatMap(id => found.get(id) ?? []);
    }));
  }

  get isReady(): boolean {
    return this.names.every(name => this._feedOf(name).isReady(name));
  }

  /** Whether nothing can come any more. */
  get isComplete(): boolean {
    return this.names.every(name => this._feed.isComplete(name));
  }

  /** How many values are here of what is still being read; null: nothing is. */
  get reading(): number | null {
    return this._feed.reading(this.names) ?? (this._hasPreviews() ? 0 : null);
  }

  /** Why the last look failed, or why what is shown may be old. */
  get error(): { message: string; hint: string } | null {
    return this._error ?? this._feed.error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._isActive = false;
    this._cancel();
    this._model.drop(this);
    Signal.clearData(this);
  }

  /** Whether somebody looks: only then is anything asked for. */
  setActive(isActive: boolean): void {
    if (isActive !== this._isActive && !this._isDisposed) {
      this._isActive = isActive;
      if (isActive && !this.isComplete) {
        this._feed.want();
      }
    }
  }

  /** How wide the chart is, in pixels: two points each are asked for. */
  setWidth(pixels: number): void {
    const points =
      POINTS.find(each => each >= 2 * pixels) ?? POINTS[POINTS.length - 1];
    // Of a narrower chart the points that are there will do.
    if (points > this._feed.points) {
      // Drawn until the other has come: an empty chart would lose its zoom.
      const isThere = this.names.every(name => this._feed.isReady(name));
      if (!this._coarse || isThere) {
        this._coarse = this._feed;
      }
      this._feed = this._model.feed(this._x, points);
      this._series = null;
      if (this._isActive) {
        this._feed.want();
      }
      this._changed.emit();
    }
  }

  /** Fetch what is between (null: to the end). */
  zoom(low: number | null, high: number | null): void {
    this._cancel();
    this._error = null;
    if (low === null && high === null) {
      this._range = this._detail = null;
      this._isWaiting = false;
      this._changed.emit();
      return;
    }
    this._range = [low, high];
    // Of previews there is no part: it is fetched when they are read.
    this._isWaiting = this._canZoom && this._hasPreviews();
    if (this._canZoom && !this._isWaiting && this._sampled()) {
      this._timer = window.setTimeout(() => void this._fetch(), DEBOUNCE);
    }
    if (this._detail) {
      this._changed.emit();
    }
  }

  /** Ask again after an error. */
  retry(): void {
    this._error = null;
    void this._feed.look();
    if (this._range && this._canZoom && !this._isWaiting) {
      void this._fetch();
    }
  }

  /** For the model: there is news. */
  onFed(): void {
    const before = this._series;
    this._series = null;
    const wasWaiting = this._isWaiting;
    this._isWaiting =
      this._range !== null && this._canZoom && this._hasPreviews();
    const isDue =
      wasWaiting && !this._isWaiting
        ? this._detail !== null || this._sampled()
        : !this._isWaiting && before && this._detail && this._grew(before);
    if (this._range && isDue) {
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => void this._fetch(), 5 * DEBOUNCE);
    }
    this._changed.emit();
  }

  /** For the model: there are other trials. */
  onTrials(): void {
    this._series = null;
    this._detail = null;
    if (this._range) {
      this.zoom(...this._range);
    }
    this._changed.emit();
  }

  /** What a metric is drawn from. */
  private _feedOf(name: string): SeriesFeed {
    const { _coarse: coarse, _feed: feed } = this;
    return coarse && !feed.isReady(name) ? coarse : feed;
  }

  /** Whether there are values in between that are not there. */
  private _sampled(): boolean {
    return this.names.some(name =>
      [...this._feedOf(name).series(name).values()].some(
        each => each.shown > each.x.length
      )
    );
  }

  private _hasPreviews(): boolean {
    return this.names.some(name => this._feedOf(name).hasPreviews(name));
  }

  /** Whether anything came that belongs to the part that is shown. */
  private _grew(before: readonly ISeriesData[]): boolean {
    const high = this._range?.[1] ?? Infinity;
    return before.some(({ x }) => x.length > 0 && x[x.length - 1] <= high);
  }

  private async _fetch(): Promise<void> {
    const range = this._range;
    if (!range) {
      return;
    }
    this._cancel();
    const abort = (this._abort = new AbortController());
    try {
      const series = await this._model.detail(this, ...range, abort.signal);
      if (abort.signal.aborted) {
        return;
      }
      this._detail = { range, series };
      this._error = null;
    } catch (reason) {
      if (abort.signal.aborted || isAbort(reason)) {
        return;
      }
      this._error = asRequestError(reason);
    }
    this._changed.emit();
  }

  private _cancel(): void {
    window.clearTimeout(this._timer);
    this._abort?.abort();
    this._abort = null;
  }

  private _abort: AbortController | null = null;
  private readonly _canZoom: boolean;
  private _coarse: SeriesFeed | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _detail: { range: Range; series: ISeriesData[] } | null = null;
  private _error: { message: string; hint: string } | null = null;
  private _feed: SeriesFeed;
  private _isActive = false;
  private _isDisposed = false;
  /** Whether the part that is shown is to be fetched when there are no previews any more. */
  private _isWaiting = false;
  private _range: Range | null = null;
  private _series: readonly ISeriesData[] | null = null;
  private _timer = 0;
  private readonly _x: SeriesAxis;
}

namespace Private {
  let made = 0;

  export function next(): number {
    return ++made;
  }
}

type Range = [number | null, number | null];

function isWithin([low, high]: Range, [from, to]: Range): boolean {
  return (
    (low ?? -Infinity) >= (from ?? -Infinity) &&
    (high ?? Infinity) <= (to ?? Infinity)
  );
}

function chosen(runIds: readonly string[]): readonly string[] {
  return [...new Set(runIds)].slice(0, MAX_TRIALS);
}
