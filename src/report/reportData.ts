import { Signal } from '@lumino/signaling';
import type { ComparedRow, SampledSeries, ViewReport } from '../contract';
import { chartColumn, labelsOf } from '../models/chartColumns';
import type { ISeriesSource } from '../shared/charts/historyChart';
import type { ISeries } from '../shared/charts/lineData';
import type { IChartColumn, IChartTrial } from '../shared/charts/types';

/** One of the trials of a report. */
export interface IReportTrial extends IChartTrial {
  /** Its place in the comparison. */
  at: number;
  experiment: string;
  status: string;
  isBaseline: boolean;
  isHidden: boolean;
}

/** The trials, as they were called and coloured. */
export function trialsOf({
  view,
  comparison,
  colours
}: ViewReport): IReportTrial[] {
  const labels = labelsOf(comparison.trials);
  return comparison.trials.map(({ run_id, experiment, status }, at) => ({
    at,
    id: run_id,
    label: labels[at],
    colour: colours[run_id] ?? at,
    experiment,
    status,
    isBaseline: run_id === view.baseline,
    isHidden: (view.hidden ?? []).includes(run_id)
  }));
}

/** Columns of those trials that are drawn, each made once. */
export function columnsFor(
  rows: readonly ComparedRow[],
  drawn: readonly IReportTrial[]
): (key: string) => IChartColumn {
  const made = new Map<string, IChartColumn>();
  const places = drawn.map(({ at }) => at);
  return key => {
    let column = made.get(key);
    if (!column) {
      const row = rows.find(each => each.key === key);
      made.set(key, (column = chartColumn(key, row, places)));
    }
    return column;
  };
}

/** Histories that are all there already, as charts ask for them. */
export function historiesOf(series: readonly SampledSeries[]): ISeriesSource {
  const nothing = () => undefined;
  const source = { series: seriesOf(series) };
  return {
    ...source,
    changed: new Signal<object, void>(source),
    isReady: true,
    reading: null,
    error: null,
    setActive: nothing,
    setWidth: nothing,
    zoom: nothing,
    retry: nothing
  };
}

/** Histories as the chart of lines takes them. */
function seriesOf(series: readonly SampledSeries[]): ISeries[] {
  return series.map(
    ({ run_id, name, step, time, value, count, shown, not_finite }) => ({
      runId: run_id,
      metric: name,
      x: step.length > 0 ? step : time,
      y: Float64Array.from(value, each => each ?? NaN),
      count,
      shown,
      notFinite: not_finite ?? 0
    })
  );
}
