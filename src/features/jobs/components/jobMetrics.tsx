import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { JobModel } from '../../../models/jobModel';
import type { MetricsModel } from '../../../models/metricsModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { FewMetricCharts, MetricCharts } from '../../../shared/metricCharts';
import { useSignal } from '../../../shared/useSignal';

export interface IJobMetricsProps {
  model: MetricsModel;
  job: JobModel;
  trans: TranslationBundle;
}

/** A chart of each metric that the job logs. */
export function JobMetrics(props: IJobMetricsProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const { metrics, error } = model;
  return (
    <div className="jp-StudioMetrics">
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.refresh()}
        />
      )}
      {metrics.length > 0 ? (
        <MetricCharts
          {...ofJob(props)}
          metrics={metrics}
          leftOut={model.leftOut}
          sync={model.jobId}
        />
      ) : (
        !error && <NoMetrics model={model} trans={trans} />
      )}
    </div>
  );
}

/** The first few metrics, small; nothing while there are none. */
export function MetricsOverview(
  props: IJobMetricsProps & { onMore: () => void }
): JSX.Element | null {
  const { model, onMore } = props;
  useSignal(model.changed);
  return (
    <FewMetricCharts
      {...ofJob(props)}
      metrics={model.metrics}
      onMore={onMore}
    />
  );
}

/** What the charts need to know of the job. */
function ofJob({ job: { job }, trans }: IJobMetricsProps) {
  return {
    began: job?.started ?? null,
    own: job?.trial.run_id ?? null,
    ownLabel: trans.__('job'),
    trans
  };
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
