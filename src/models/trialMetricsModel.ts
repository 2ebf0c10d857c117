import type { TrialClient } from '../client';
import type { MetricHistory } from '../contract';
import type { JobsModel } from './jobsModel';
import { MetricsModel, POINTS } from './metricsModel';

/** Time between looks at a trial that no job records, of which no event tells, in milliseconds. */
const INTERVAL = 2_000;

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

  protected override fetch(
    cursor: string | undefined,
    signal: AbortSignal
  ): Promise<MetricHistory> {
    return this._client.metrics(POINTS, cursor, signal);
  }
}
