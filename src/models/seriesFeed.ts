import { asRequestError, isAbort } from '../client';
import type { IHistory, IHistoryPage, TrialsClient } from '../client';
import type { SeriesQuery } from '../contract';

/** Where values are placed. */
export type SeriesAxis = 'step' | 'time' | 'relative';

/** The history of one metric of one trial. Another object whenever any of it changes. */
export interface ISeriesData {
  runId: string;
  metric: string;
  /** Steps, or seconds. Others may have the same array: it is not changed. */
  x: Float64Array;
  /** NaN where there is no finite value. */
  y: Float64Array;
  /** Values that were logged. */
  count: number;
  /** Values that the points stand for. */
  shown: number;
  /** How many of all values were NaN or infinite. */
  notFinite: number;
  /** Whether these are only some values of what is still being read. */
  isPreview?: boolean;
}

/** Time between two looks while values come, in milliseconds; */
const INTERVAL = 500;
/** the longest while none come, */
const MAX_QUIET = 4_000;
/** and the longest after failures. */
const MAX_FAILED = 30_000;
/** Points in one answer, about: so many are taken in without the page standing still. */
const BATCH = 200_000;
/** Requests at once. */
const PARALLEL = 2;
const MAX_METRICS = 50;
/** How long previews have until what they are of is read on, in milliseconds. */
const AFTER_PREVIEWS = 150;
/** What is said to be known of a preview. */
const PREVIEWED = -1;

/** What a look is for: asked before each. */
export interface IFeedOwner {
  readonly runIds: readonly string[];
  /** Metrics that somebody looks at. */
  wanted(feed: SeriesFeed): readonly string[];
  /** Metrics have changed, or the state has (none). */
  fed(feed: SeriesFeed, metrics: ReadonlySet<string>): void;
}

interface IMetric {
  series: Map<string, ISeriesData>;
  isReady: boolean;
  isComplete: boolean;
  /** Whether points were added to what was known: it is not thinned out as a whole. */
  isPieced: boolean;
  /** Whether it is to be asked for as a whole. */
  isStale: boolean;
  /** Whether the last answer was not all of it. */
  isReading: boolean;
  /** Values that were read of what was not answered yet. */
  read: number;
}

/**
 * Histories over one axis, followed while somebody looks at them.
 *
 * What is known is told with each question, and only what came after is
 * answered. One look at a time; what is known stays when one fails.
 */
export class SeriesFeed {
  constructor(
    private readonly _client: Pick<TrialsClient, 'series'>,
    private readonly _owner: IFeedOwner,
    readonly x: SeriesAxis,
    readonly points: number
  ) {
    document.addEventListener('visibilitychange', this._onVisible);
  }

  get error(): { message: string; hint: string } | null {
    return this._error;
  }

  /** Trials that are not there. */
  get missing(): readonly string[] {
    return this._missing;
  }

  dispose(): void {
    this._abort.abort();
    window.clearTimeout(this._timer);
    document.removeEventListener('visibilitychange', this._onVisible);
  }

  isReady(metric: string): boolean {
    return this._isIdle || (this._metrics.get(metric)?.isReady ?? false);
  }

  isComplete(metric: string): boolean {
    return this._isIdle || (this._metrics.get(metric)?.isComplete ?? false);
  }

  /** How many values were read of metrics that are not read to their ends; null: all of them are. */
  reading(metrics: readonly string[]): number | null {
    const found = metrics.flatMap(name => this._metrics.get(name) ?? []);
    const unread = found.filter(
      metric => metric.isReading || hasPreviews(metric)
    );
    const known = unread
      .flatMap(({ series }) => [...series.values()])
      .filter(({ isPreview }) => !isPreview);
    // What is not answered yet was read for all metrics of a question together.
    const rest = unread.filter(hasPreviews).map(({ read }) => read);
    return unread.length > 0
      ? known.reduce((sum, { count }) => sum + count, Math.max(0, ...rest))
      : null;
  }

  /** Whether some of it are previews. */
  hasPreviews(metric: string): boolean {
    const found = this._metrics.get(metric);
    return found !== undefined && hasPreviews(found);
  }

  /** What is known of a metric, by trial. */
  series(metric: string): ReadonlyMap<string, ISeriesData> {
    return this._metrics.get(metric)?.series ?? NOTHING;
  }

  /** Other trials: what is known of those that stay is shown meanwhile. */
  reset(): void {
    this._abort.abort();
    this._abort = new AbortController();
    this._work = null;
    this._missing = [];
    const runIds = new Set(this._owner.runIds);
    for (const metric of this._metrics.values()) {
      metric.isComplete = metric.isReading = false;
      for (const runId of metric.series.keys()) {
        if (!runIds.has(runId)) {
          metric.series.delete(runId);
        }
      }
    }
    this.want();
  }

  /** Look soon: what is asked for in one turn of the event loop is asked together. */
  want(wait = 0): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this.look(), wait);
  }

  /** Look now; resolves when there is no more for now. */
  look(): Promise<void> {
    return (this._work ??= this._look());
  }

  private async _look(): Promise<void> {
    const { signal } = this._abort;
    window.clearTimeout(this._timer);
    const before = this._grown;
    try {
      const queue: string[][] = [];
      const asked = new Set<string>();
      let hasFailed = false;
      const next = () => {
        if (hasFailed || signal.aborted) {
          return undefined;
        }
        // Each is asked for once before any is read on, and first what came into sight meanwhile.
        const fresh = this._parts()
          .map(part => part.filter(metric => !asked.has(metric)))
          .filter(part => part.length > 0);
        fresh.flat().forEach(metric => asked.add(metric));
        queue.unshift(...fresh);
        return queue.shift();
      };
      const work = async () => {
        try {
          for (let part = next(); part; part = next()) {
            if (await this._ask(part, signal)) {
              queue.push(part);
            }
          }
        } catch (reason) {
          hasFailed = true;
          throw reason;
        }
      };
      // Of both: what one asks for is not asked for by the next look meanwhile.
      const ends = await Promise.allSettled(
        Array.from({ length: PARALLEL }, work)
      );
      const failed = ends.find(end => end.status === 'rejected');
      if (failed) {
        throw failed.reason;
      }
      this._failures = 0;
    } catch (reason) {
      if (signal.aborted || isAbort(reason)) {
        return;
      }
      this._failures += 1;
      const given = [...this._metrics].filter(([, each]) => each.isReading);
      given.forEach(([, each]) => (each.isReading = false));
      if (given.length > 0) {
        this._owner.fed(this, new Set(given.map(([name]) => name)));
      }
      this._setError(asRequestError(reason));
    } finally {
      if (!signal.aborted) {
        this._work = null;
      }
    }
    this._quiet = this._grown === before ? this._quiet + 1 : 0;
    const wait = this._failures
      ? Math.min(INTERVAL * 2 ** this._failures, MAX_FAILED)
      : Math.min(INTERVAL * 2 ** this._quiet, MAX_QUIET);
    const parts = this._parts();
    if (parts.length > 0 && !document.hidden) {
      // What came into sight meanwhile is not kept waiting.
      const isNew =
        !this._failures && parts.flat().some(each => !this.isReady(each));
      this.want(isNew ? 0 : wait);
    }
  }

  /** Metrics to ask for, in portions; new ones first. */
  private _parts(): string[][] {
    const wanted = [...new Set(this._owner.wanted(this))].filter(
      metric => !this.isComplete(metric)
    );
    const runs = Math.max(1, this._owner.runIds.length);
    const most = Math.max(
      1,
      Math.min(MAX_METRICS, Math.floor(BATCH / (runs * this.points)))
    );
    const isNew = (metric: string) => !this.isReady(metric);
    return [
      ...portions(wanted.filter(isNew), most),
      ...portions(
        wanted.filter(each => !isNew(each)),
        MAX_METRICS
      )
    ];
  }

  /** Returns whether there is more. */
  private async _ask(metrics: string[], signal: AbortSignal): Promise<boolean> {
    const asked = metrics.map(name => this._metric(name));
    if (asked.some(hasPreviews)) {
      // They are drawn before the store is read on: both want the machine.
      const wait = this._previewed + AFTER_PREVIEWS - performance.now();
      await new Promise(resolve => window.setTimeout(resolve, wait));
    }
    if (signal.aborted) {
      return false;
    }
    const run_ids = [...this._owner.runIds];
    const known = (runId: string) =>
      asked.map(({ isStale, series }) => {
        const found = isStale ? undefined : series.get(runId);
        return found?.isPreview ? PREVIEWED : (found?.count ?? 0);
      });
    const query: SeriesQuery = {
      run_ids,
      metrics,
      x: this.x,
      max_points: this.points,
      known: run_ids.map(known),
      generation: this._generation
    };
    const stale = asked.filter(({ isStale }) => isStale);
    const page = await this._client.series(query, signal);
    if (signal.aborted) {
      return false;
    }
    stale.forEach(metric => {
      metric.isStale = metric.isPieced = false;
    });
    this._take(page, metrics);
    return page.more || asked.some(({ isStale }) => isStale);
  }

  private _take(page: IHistoryPage, metrics: readonly string[]): void {
    if (this._generation !== page.generation) {
      for (const [name, metric] of this._metrics) {
        metric.isStale = metric.series.size > 0 && !metrics.includes(name);
      }
      this._generation = page.generation;
    }
    if (page.series.some(({ preview }) => preview)) {
      this._previewed = performance.now();
    }
    const changed = new Set<string>();
    for (const each of page.series) {
      const metric = this._metric(each.name);
      const known = metric.series.get(each.run_id);
      const isPiece = each.first > 0;
      if (isPiece && (known?.isPreview || known?.count !== each.first)) {
        metric.isStale = true;
        continue;
      }
      const data = toData(each, isPiece ? known : undefined);
      metric.series.set(each.run_id, data);
      metric.isPieced ||= isPiece;
      metric.isStale ||= data.x.length > 2 * this.points;
      changed.add(each.name);
    }
    const isOver = page.complete && !page.more;
    for (const name of metrics) {
      const metric = this._metric(name);
      metric.read = page.read;
      // All is read: what is still a preview is of what is not there any more.
      const isRead = !page.more && !page.message;
      const gone = [...metric.series.values()].filter(
        each => page.missing.includes(each.runId) || (isRead && each.isPreview)
      );
      if (gone.length > 0) {
        gone.forEach(({ runId }) => metric.series.delete(runId));
        changed.add(name);
      }
      // That there is nothing is known at the end only.
      if (!metric.isReady && (!page.more || metric.series.size > 0)) {
        metric.isReady = true;
        changed.add(name);
      }
      if (metric.isReading !== page.more) {
        metric.isReading = page.more;
        changed.add(name);
      }
      // The end is the moment to thin out as a whole what came in pieces.
      metric.isStale ||= isOver && metric.isPieced;
      metric.isComplete = isOver && !metric.isStale;
    }
    this._grown += page.series.length;
    this._missing = page.missing;
    this._setError(page.message ? { message: page.message, hint: '' } : null);
    this._owner.fed(this, changed);
  }

  private _metric(name: string): IMetric {
    let metric = this._metrics.get(name);
    if (!metric) {
      metric = {
        series: new Map(),
        isReady: false,
        isComplete: false,
        isPieced: false,
        isStale: false,
        isReading: false,
        read: 0
      };
      this._metrics.set(name, metric);
    }
    return metric;
  }

  private _setError(error: { message: string; hint: string } | null): void {
    if (this._error?.message !== error?.message) {
      this._error = error;
      this._owner.fed(this, new Set());
    }
  }

  /** Whether there is nothing to ask for. */
  private get _isIdle(): boolean {
    return this._owner.runIds.length === 0;
  }

  private readonly _onVisible = () => {
    if (!document.hidden && !this._work) {
      this.want();
    }
  };

  private _abort = new AbortController();
  private _error: { message: string; hint: string } | null = null;
  private _failures = 0;
  private _generation = '';
  private _grown = 0;
  private readonly _metrics = new Map<string, IMetric>();
  private _missing: readonly string[] = [];
  /** When there were previews in an answer, in milliseconds. */
  private _previewed = 0;
  private _quiet = 0;
  private _timer = 0;
  private _work: Promise<void> | null = null;
}

function hasPreviews({ series }: IMetric): boolean {
  return [...series.values()].some(({ isPreview }) => isPreview);
}

/** What came after what is known, added to it; or what came as a whole. */
export function toData(answer: IHistory, known?: ISeriesData): ISeriesData {
  return {
    runId: answer.run_id,
    metric: answer.name,
    x: known ? joined(known.x, answer.x) : answer.x,
    y: known ? joined(known.y, answer.y) : answer.y,
    count: answer.count,
    shown: answer.shown + (known?.shown ?? 0),
    notFinite: answer.not_finite,
    isPreview: answer.preview
  };
}

function joined(known: Float64Array, more: Float64Array): Float64Array {
  const found = new Float64Array(known.length + more.length);
  found.set(known);
  found.set(more, known.length);
  return found;
}

function portions(names: readonly string[], size: number): string[][] {
  const found: string[][] = [];
  for (let first = 0; first < names.length; first += size) {
    found.push(names.slice(first, first + size));
  }
  return found;
}

const NOTHING: ReadonlyMap<string, ISeriesData> = new Map();
