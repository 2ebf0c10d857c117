import type { ComparedRow, SampledSeries, ViewReport } from '../contract';
import { asNumber } from '../models/trialWords';
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

/** The trials: labels are unique, colours are by their order. */
export function trialsOf({ view, comparison }: ViewReport): IReportTrial[] {
  const counts = new Map<string, number>();
  for (const { name } of comparison.trials) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return comparison.trials.map(({ name, run_id, experiment, status }, at) => ({
    at,
    id: run_id,
    label:
      name && counts.get(name) === 1
        ? name
        : `${name} ${run_id.slice(0, 8)}`.trim(),
    colour: at,
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
  return key => {
    const known = made.get(key);
    if (known) {
      return known;
    }
    const row = rows.find(each => each.key === key);
    const better = row?.better;
    const column: IChartColumn = {
      key,
      label: row?.name ?? key,
      isNumeric: row?.numeric ?? false,
      better: better === 'lower' || better === 'higher' ? better : undefined,
      values: drawn.map(({ at }) => {
        const value = row?.values[at] ?? null;
        return row?.numeric
          ? asNumber(value)
          : typeof value === 'boolean'
            ? String(value)
            : value;
      })
    };
    made.set(key, column);
    return column;
  };
}

/** Histories as the chart of lines takes them. */
export function seriesOf(series: readonly SampledSeries[]): ISeries[] {
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
