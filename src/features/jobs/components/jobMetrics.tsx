import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useMemo, useState } from 'react';
import type { JobModel } from '../../../models/jobModel';
import type { IMetric, MetricsModel } from '../../../models/metricsModel';
import { Chart } from '../../../shared/chart';
import type { ILine } from '../../../shared/chartData';
import type { XAxis } from '../../../shared/chartPlot';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatNumber } from '../../../shared/format';
import { useSignal } from '../../../shared/useSignal';

/** Charts that an overview has room for. */
const FEW = 8;
/** Charts drawn before somebody asks for all. */
const MANY = 60;

export interface IJobMetricsProps {
  model: MetricsModel;
  job: JobModel;
  trans: TranslationBundle;
}

/** A chart of each metric that the job logs. */
export function JobMetrics(props: IJobMetricsProps): JSX.Element {
  const { model, job, trans } = props;
  useSignal(model.changed);
  const [axis, setAxis] = useState<XAxis>('step');
  const [filter, setFilter] = useState('');
  const [most, setMost] = useState(MANY);
  const { metrics, error } = model;
  const found = metrics.filter(({ name }) =>
    name.toLowerCase().includes(filter.trim().toLowerCase())
  );
  const [drawn, single] = apart(found);
  const shown = drawn.slice(0, most);
  const count = metrics.reduce((sum, metric) => sum + metric.count, 0);
  const banner = error && (
    <ErrorBanner
      message={error.message}
      hint={error.hint}
      action={trans.__('Try again')}
      onAction={() => void model.refresh()}
    />
  );
  if (metrics.length === 0) {
    return (
      <div className="jp-StudioMetrics">
        {banner}
        {!error && <NoMetrics model={model} trans={trans} />}
      </div>
    );
  }
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
    <div className="jp-StudioMetrics">
      {banner}
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
          {model.leftOut > 0 &&
            `, ${trans._n('%1 more metric is not shown', '%1 more metrics are not shown', model.leftOut)}`}
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
            metric={metric}
            axis={axis}
            began={job.job?.started ?? null}
            own={job.job?.trial.run_id ?? null}
            sync={`${model.jobId}-${axis}`}
            trans={trans}
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
    </div>
  );
}

/** Metrics with a line to draw, and those that say one thing only. */
function apart(metrics: readonly IMetric[]): [IMetric[], IMetric[]] {
  // Autologging logs some twice at one step: for the run, and for its model.
  const isSingle = ({ count, runs }: IMetric) =>
    count <= 2 &&
    runs.length === 1 &&
    runs[0].step.every(step => step === runs[0].step[0]);
  return [
    metrics.filter(metric => !isSingle(metric)),
    metrics.filter(isSingle)
  ];
}

/** Metrics with their last value, where a chart of one point would say no more. */
function Values(props: { metrics: readonly IMetric[] }): JSX.Element {
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
export function MetricsOverview(
  props: IJobMetricsProps & { onMore: () => void }
): JSX.Element | null {
  const { model, job, trans, onMore } = props;
  useSignal(model.changed);
  const { metrics } = model;
  if (metrics.length === 0) {
    return null;
  }
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
            metric={metric}
            axis="step"
            began={job.job?.started ?? null}
            own={job.job?.trial.run_id ?? null}
            isSmall
            trans={trans}
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

function NoMetrics(props: {
  model: MetricsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  if (!model.isReady) {
    return <Skeleton rows={6} label={trans.__('Loading the metrics')} />;
  }
  return (
    <EmptyState
      message={
        model.isComplete
          ? trans.__(
              'The job logged no metrics. mlflow.log_metric("loss", value, step) in the notebook draws a chart here.'
            )
          : trans.__(
              'No metrics yet. Each mlflow.log_metric("loss", value, step) of the notebook appears here at once.'
            )
      }
    />
  );
}

/** Drawn again only when its own metric has changed. */
const MetricChart = memo(function MetricChart(props: {
  metric: IMetric;
  axis: XAxis;
  /** When the job began, in seconds since the epoch. */
  began: number | null;
  /** The job's own run. */
  own: string | null;
  isSmall?: boolean;
  sync?: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { metric, axis, began, own, isSmall, sync, trans } = props;
  const lines = useMemo(
    () => toLines(metric, axis, began, own, trans),
    [metric, axis, began, own, trans]
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

/** One line a run; that of the job itself comes first. */
export function toLines(
  metric: IMetric,
  axis: XAxis,
  began: number | null,
  own: string | null,
  trans: TranslationBundle
): ILine[] {
  const start =
    began ?? Math.min(...metric.runs.map(({ time }) => time[0] ?? Infinity));
  return metric.runs.map(run => ({
    label: run.run_id === own ? trans.__('job') : run.run_id.slice(0, 8),
    x: axis === 'step' ? run.step : run.time.map(time => time - start),
    y: run.value,
    colour: run.colour
  }));
}

/** What the lines do not show. */
function remark(metric: IMetric, trans: TranslationBundle): string | undefined {
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
