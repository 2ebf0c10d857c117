import type { MetricHistory, MetricSeries } from '../contract';
import type { ILiveChange } from './jobsModel';
import { LiveModel } from './liveModel';

/** Points of one series asked for: twice what a chart of usual width shows. */
export const POINTS = 1_000;

/** The values of one metric in one run. */
export interface IRunSeries extends MetricSeries {
  /** Position in the list of colours: a run has the same in all charts. */
  colour: number;
}

/** One metric: its values by run. Another object whenever any of it changes. */
export interface IMetric {
  name: string;
  /** Values that were logged, over all runs. */
  count: number;
  runs: readonly IRunSeries[];
}

/** The metrics that a job logs, followed while it runs. */
export class MetricsModel extends LiveModel<MetricHistory> {
  /** In the order in which they were first logged. */
  get metrics(): readonly IMetric[] {
    return this._metrics;
  }

  /** Metrics that are not shown because there are too many. */
  get leftOut(): number {
    return this._leftOut;
  }

  protected fetch(cursor: string | undefined, signal: AbortSignal) {
    return this.jobs.client.jobs.metrics(this.jobId, POINTS, cursor, signal);
  }

  protected concerns(change: ILiveChange): boolean {
    return change.metrics.includes(this.jobId);
  }

  protected take(answer: MetricHistory): boolean {
    const before = new Map(this._series);
    if (answer.whole) {
      this._series.clear();
    }
    let isLong = false;
    for (const series of answer.series) {
      const key = `${series.run_id}/${series.name}`;
      const known = before.get(key);
      if (answer.whole || !known) {
        const isSame = known && isEqual(known, series);
        this._series.set(key, isSame ? known : this._coloured(series));
        continue;
      }
      const step = known.step.concat(series.step);
      this._series.set(key, {
        ...known,
        ...series,
        step,
        time: known.time.concat(series.time),
        value: known.value.concat(series.value)
      });
      isLong ||= step.length > 2 * POINTS;
    }
    this._leftOut = answer.left_out;
    this._group();
    return isLong;
  }

  /** Put the runs of each metric together; what has not changed stays the same object. */
  private _group(): void {
    const byName = new Map<string, IRunSeries[]>();
    for (const series of this._series.values()) {
      const runs = byName.get(series.name) ?? [];
      runs.push(series);
      byName.set(series.name, runs);
    }
    const before = new Map(this._metrics.map(metric => [metric.name, metric]));
    this._metrics = [...byName].map(([name, runs]) => {
      const known = before.get(name);
      return known &&
        known.runs.length === runs.length &&
        known.runs.every((run, index) => run === runs[index])
        ? known
        : {
            name,
            runs,
            count: runs.reduce((sum, { count }) => sum + count, 0)
          };
    });
  }

  private _coloured(series: MetricSeries): IRunSeries {
    const colour = this._colours.get(series.run_id) ?? this._colours.size;
    this._colours.set(series.run_id, colour);
    return { ...series, colour };
  }

  private readonly _colours = new Map<string, number>();
  private _leftOut = 0;
  private _metrics: readonly IMetric[] = [];
  private readonly _series = new Map<string, IRunSeries>();
}

/** Whether nothing was logged since: what is drawn is the same then. */
function isEqual(a: MetricSeries, b: MetricSeries): boolean {
  const isSame = <T>(some: readonly T[], others: readonly T[]) =>
    some.length === others.length &&
    some.every((value, index) => value === others[index]);
  return (
    a.count === b.count &&
    isSame(a.step, b.step) &&
    isSame(a.time, b.time) &&
    isSame(a.value, b.value)
  );
}
