import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useMemo, useState } from 'react';
import { Chart } from './chart';
import type { ILine } from './chartData';
import type { XAxis } from './chartPlot';
import { EmptyState } from './emptyState';
import { formatNumber } from './format';

/** Charts that an overview has room for. */
const FEW = 8;
/** Charts drawn before somebody asks for all. */
const MANY = 60;

/** The values of one metric in one run. */
export interface IMetricRun {
  run_id: string;
  /** How many values were NaN or infinite. */
  not_finite: number;
  step: readonly number[];
  /** Seconds since the epoch. */
  time: readonly number[];
  /** Null stands for NaN and infinities. */
  value: readonly (number | null)[];
  /** Position in the list of colours. */
  colour: number;
}

/** One metric. Another object whenever any of it changes. */
export interface IChartedMetric {
  name: string;
  /** Values that were logged, over all runs. */
  count: number;
  runs: readonly IMetricRun[];
}

export interface IMetricChartsProps {
  metrics: readonly IChartedMetric[];
  /** Metrics that are not among them because there are too many. */
  leftOut: number;
  /** When it began, in seconds since the epoch. */
  began: number | null;
  /** The run that is called `ownLabel`. */
  own: string | null;
  ownLabel: string;
  /** Charts with the same key share their crosshair. */
  sync: string;
  trans: TranslationBundle;
}

/** A chart of each metric, and a choice of what they are drawn over. */
export function MetricCharts(props: IMetricChartsProps): JSX.Element {
  const { metrics, leftOut, sync, trans } = props;
  const [axis, setAxis] = useState<XAxis>('step');
  const [filter, setFilter] = useState('');
  const [most, setMost] = useState(MANY);
  const found = metrics.filter(({ name }) =>
    name.toLowerCase().includes(filter.trim().toLowerCase())
  );
  const same = sameFor(props);
  const [drawn, single] = apart(found);
  const shown = drawn.slice(0, most);
  const count = metrics.reduce((sum, metric) => sum + metric.count, 0);
  const choice = (name: XAxis, label: string) => (
    <button
      type="button"
      aria-pressed={axis === name}
      onClick={() => setAxis(name)}
    >
      {label}
    </button>
  );
  return (
    <>
      <div className="jp-StudioMetrics-bar">
        <div
          className="jp-StudioMetrics-choice"
          role="group"
          aria-label={trans.__('What the charts are drawn over')}
        >
          {choice('step', trans.__('Step'))}
          {choice('elapsed', trans.__('Time'))}
        </div>
        {metrics.length > 3 && (
          <input
            className="jp-StudioInput"
            type="search"
            placeholder={trans.__('Filter metrics')}
            aria-label={trans.__('Filter metrics')}
            value={filter}
            onChange={event => setFilter(event.target.value)}
          />
        )}
        <span className="jp-StudioMetrics-remark">
          {trans._n('%1 metric', '%1 metrics', metrics.length)}
          {', '}
          {trans._n('%2 value', '%2 values', count, count.toLocaleString())}
          {leftOut > 0 &&
            `, ${trans._n('%1 more metric is not shown', '%1 more metrics are not shown', leftOut)}`}
        </span>
      </div>
      {found.length === 0 && (
        <EmptyState
          message={trans.__('No metric has %1 in its name.', filter)}
        />
      )}
      <div className="jp-StudioMetrics-charts">
        {shown.map(metric => (
          <MetricChart
            key={metric.name}
            {...same}
            metric={metric}
            axis={axis}
            sync={`${sync}-${axis}`}
          />
        ))}
      </div>
      {drawn.length > most && (
        <div>
          <button
            type="button"
            className="jp-StudioButton"
            onClick={() => setMost(Infinity)}
          >
            {trans.__('Show all %1', drawn.length)}
          </button>
        </div>
      )}
      {single.length > 0 && (
        <section aria-label={trans.__('Single values')}>
          {drawn.length > 0 && <h2>{trans.__('Single values')}</h2>}
          <Values metrics={single} />
        </section>
      )}
    </>
  );
}

type Same = Pick<IMetricChartsProps, 'began' | 'own' | 'ownLabel' | 'trans'>;

/** What all charts are told, and nothing that changes with every value. */
function sameFor({ began, own, ownLabel, trans }: Same): Same {
  return { began, own, ownLabel, trans };
}

/** Metrics with a line to draw, and those that say one thing only. */
function apart(
  metrics: readonly IChartedMetric[]
): [IChartedMetric[], IChartedMetric[]] {
  // Autologging logs some twice at one step: for the run, and for its model.
  const isSingle = ({ count, runs }: IChartedMetric) =>
    count <= 2 &&
    runs.length === 1 &&
    runs[0].step.every(step => step === runs[0].step[0]);
  return [
    metrics.filter(metric => !isSingle(metric)),
    metrics.filter(isSingle)
  ];
}

/** Metrics with their last value, where a chart of one point would say no more. */
function Values(props: { metrics: readonly IChartedMetric[] }): JSX.Element {
  return (
    <dl className="jp-StudioMetrics-values">
      {props.metrics.map(({ name, runs }) => {
        const value = runs[0].value[runs[0].value.length - 1] ?? NaN;
        return (
          <div key={name}>
            <dt title={name}>{name}</dt>
            <dd title={String(value)}>{formatNumber(value)}</dd>
          </div>
        );
      })}
    </dl>
  );
}

/** The first few metrics, small; nothing while there are none. */
export function FewMetricCharts(
  props: Omit<IMetricChartsProps, 'leftOut' | 'sync'> & { onMore: () => void }
): JSX.Element | null {
  const { metrics, trans, onMore } = props;
  if (metrics.length === 0) {
    return null;
  }
  const same = sameFor(props);
  const [drawn, single] = apart(metrics);
  const charts = drawn.slice(0, FEW);
  const values = single.slice(0, 2 * FEW);
  return (
    <section aria-label={trans.__('Metrics')}>
      <h2>{trans.__('Metrics')}</h2>
      <div className="jp-StudioMetrics-charts jp-mod-small">
        {charts.map(metric => (
          <MetricChart
            key={metric.name}
            {...same}
            metric={metric}
            axis="step"
            isSmall
          />
        ))}
      </div>
      {values.length > 0 && <Values metrics={values} />}
      {metrics.length > charts.length + values.length && (
        <button
          type="button"
          className="jp-StudioLink jp-StudioOverview-more"
          onClick={onMore}
        >
          {trans.__('All %1 metrics', metrics.length)}
        </button>
      )}
    </section>
  );
}

/** Drawn again only when its own metric has changed. */
const MetricChart = memo(function MetricChart(
  props: Same & {
    metric: IChartedMetric;
    axis: XAxis;
    isSmall?: boolean;
    sync?: string;
  }
): JSX.Element {
  const { metric, axis, began, own, ownLabel, isSmall, sync, trans } = props;
  const lines = useMemo(
    () => toLines(metric, axis, began, own, ownLabel),
    [metric, axis, began, own, ownLabel]
  );
  return (
    <Chart
      title={metric.name}
      lines={lines}
      axis={axis}
      isSmall={isSmall}
      sync={sync}
      note={isSmall ? undefined : remark(metric, trans)}
      trans={trans}
    />
  );
});

/** One line a run; `own` is called `ownLabel`. */
export function toLines(
  metric: IChartedMetric,
  axis: XAxis,
  began: number | null,
  own: string | null,
  ownLabel: string
): ILine[] {
  const start =
    began ?? Math.min(...metric.runs.map(({ time }) => time[0] ?? Infinity));
  return metric.runs.map(run => ({
    label: run.run_id === own ? ownLabel : run.run_id.slice(0, 8),
    x: axis === 'step' ? run.step : run.time.map(time => time - start),
    y: run.value,
    colour: run.colour
  }));
}

/** What the lines do not show. */
function remark(
  metric: IChartedMetric,
  trans: TranslationBundle
): string | undefined {
  const points = metric.runs.reduce((sum, { step }) => sum + step.length, 0);
  const bad = metric.runs.reduce((sum, run) => sum + run.not_finite, 0);
  const parts = [
    points < metric.count
      ? trans.__(
          '%1 of %2 values are drawn, the extremes among them',
          points.toLocaleString(),
          metric.count.toLocaleString()
        )
      : '',
    bad > 0
      ? trans._n(
          '%1 value is NaN or infinite',
          '%1 values are NaN or infinite',
          bad
        )
      : ''
  ].filter(Boolean);
  return parts.length > 0 ? parts.join('; ') : undefined;
}
