import type { TrialClient } from '../client';
import type { MetricHistory } from '../contract';
import type { JobsModel } from './jobsModel';
import { MetricsModel, POINTS } from './metricsModel';

/** Time between looks at a trial that no job records, of which no event tells, in milliseconds. */
const INTERVAL = 2_000;

/** How metrics of what a job used begin: its tab has them, and no table shows them. */
const SYSTEM = 'system/';

/** The metrics of one trial, followed while it runs. */
export class TrialMetricsModel extends MetricsModel {
  /** @param jobId - the job that records it; empty: none does. */
  constructor(
    jobs: JobsModel,
    private readonly _client: TrialClient,
    jobId: string
  ) {
    super(jobs, jobId, jobId ? undefined : INTERVAL);
  }

  get runId(): string {
    return this._client.runId;
  }

  protected override async fetch(
    cursor: string | undefined,
    signal: AbortSignal
  ): Promise<MetricHistory> {
    const history = await this._client.metrics(POINTS, cursor, signal);
    return {
      ...history,
      series: history.series.filter(({ name }) => !name.startsWith(SYSTEM))
    };
  }
}
