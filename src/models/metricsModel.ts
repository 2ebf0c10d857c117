import type { MetricHistory, MetricSeries } from '../contract';
import type { ILiveChange } from './jobsModel';
import { LiveModel } from './liveModel';

/** Points of one series asked for: twice what a chart of usual width shows. */
const POINTS = 1_000;

/** One metric: its values by run. */
export interface IMetric {
  name: string;
  /** Values that were logged, over all runs. */
  count: number;
  runs: readonly MetricSeries[];
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
    if (answer.whole) {
      this._series.clear();
    }
    let isLong = false;
    for (const series of answer.series) {
      const key = `${series.run_id}/${series.name}`;
      const known = this._series.get(key);
      const merged = known
        ? {
            ...series,
            step: known.step.concat(series.step),
            time: known.time.concat(series.time),
            value: known.value.concat(series.value)
          }
        : series;
      this._series.set(key, merged);
      isLong ||= !answer.whole && merged.step.length > 2 * POINTS;
    }
    this._leftOut = answer.left_out;
    const byName = new Map<string, MetricSeries[]>();
    for (const series of this._series.values()) {
      const runs = byName.get(series.name) ?? [];
      runs.push(series);
      byName.set(series.name, runs);
    }
    this._metrics = [...byName].map(([name, runs]) => ({
      name,
      runs,
      count: runs.reduce((sum, { count }) => sum + count, 0)
    }));
    return isLong;
  }

  private _leftOut = 0;
  private _metrics: readonly IMetric[] = [];
  private readonly _series = new Map<string, MetricSeries>();
}
