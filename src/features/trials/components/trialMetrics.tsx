import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { MetricSummary, TrialDetail } from '../../../contract';
import type { TrialMetricsModel } from '../../../models/trialMetricsModel';
import type { TrialModel } from '../../../models/trialModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatNumber } from '../../../shared/format';
import { MetricCharts } from '../../../shared/metricCharts';
import { useSignal } from '../../../shared/useSignal';

export interface ITrialMetricsProps {
  model: TrialModel;
  trans: TranslationBundle;
}

/** A live chart of each metric, and what its values amount to. */
export function TrialMetrics(props: ITrialMetricsProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const { detail, metrics } = model;
  return (
    <div className="jp-StudioMetrics">
      {detail && metrics ? (
        <>
          <Charts model={metrics} detail={detail} trans={trans} />
          {detail.metrics.length > 0 && (
            <Summaries metrics={detail.metrics} trans={trans} />
          )}
        </>
      ) : (
        <Skeleton rows={6} label={trans.__('Loading the metrics')} />
      )}
    </div>
  );
}

function Charts(props: {
  model: TrialMetricsModel;
  detail: TrialDetail;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, detail, trans } = props;
  useSignal(model.changed);
  const { metrics, error } = model;
  return (
    <>
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
          metrics={metrics}
          leftOut={model.leftOut}
          began={detail.trial.started}
          own={detail.trial.run_id}
          ownLabel={trans.__('trial')}
          sync={model.runId}
          trans={trans}
        />
      ) : error ? null : model.isReady ? (
        <EmptyState
          message={trans.__(
            'No metrics yet. Each mlflow.log_metric("loss", value, step) draws a chart here.'
          )}
        />
      ) : (
        <Skeleton rows={6} label={trans.__('Loading the metrics')} />
      )}
    </>
  );
}

function Summaries(props: {
  metrics: readonly MetricSummary[];
  trans: TranslationBundle;
}): JSX.Element {
  const { metrics, trans } = props;
  const isSummed = metrics.some(({ count }) => count !== null);
  const number = (value: number | null) => (
    <td className="jp-mod-numeric" title={value === null ? '' : String(value)}>
      {formatNumber(value ?? NaN)}
    </td>
  );
  const head = (label: string) => (
    <th scope="col" className="jp-mod-numeric">
      {label}
    </th>
  );
  return (
    <section aria-label={trans.__('Summary of the metrics')}>
      <h2>{trans.__('Summary')}</h2>
      <div className="jp-StudioTrial-scroll">
        <table className="jp-StudioTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Metric')}</th>
              {head(trans.__('Last'))}
              {isSummed && (
                <>
                  {head(trans.__('Smallest'))}
                  {head(trans.__('Largest'))}
                  {head(trans.__('Mean'))}
                  {head(trans.__('Values'))}
                </>
              )}
              {head(trans.__('Step'))}
            </tr>
          </thead>
          <tbody>
            {metrics.map(metric => (
              <tr key={metric.name}>
                <td title={metric.name}>{metric.name}</td>
                {number(metric.last)}
                {isSummed && (
                  <>
                    {number(metric.min)}
                    {number(metric.max)}
                    {number(metric.mean)}
                    <td className="jp-mod-numeric">
                      {metric.count?.toLocaleString() ?? ''}
                    </td>
                  </>
                )}
                <td className="jp-mod-numeric">
                  {metric.step.toLocaleString()}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
