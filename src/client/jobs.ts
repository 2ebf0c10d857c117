import type { ServerConnection } from '@jupyterlab/services';
import type {
  FileEntry,
  Job,
  JobDetail,
  JobsDelta,
  JobStatus,
  LogChunk,
  MetricHistory,
  Page,
  ResourceUsage,
  SubmitRequest
} from '../contract';
import { request } from './request';

/** What a list of jobs can be narrowed to. */
export interface IJobQuery {
  limit?: number;
  cursor?: string;
  statuses?: readonly JobStatus[];
  experiment?: string;
  text?: string;
}

/** The REST resource `jobs`. */
export class JobsClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Jobs, newest first. */
  list(query: IJobQuery = {}, signal?: AbortSignal): Promise<Page<Job>> {
    const { limit, cursor, statuses, experiment, text } = query;
    return request(this._settings, 'jobs', {
      query: { limit, cursor, experiment, text, status: statuses?.join(',') },
      signal
    });
  }

  /** What changed after a revision. */
  changes(since: number, limit = 200): Promise<JobsDelta> {
    return request(this._settings, 'jobs/changes', { query: { since, limit } });
  }

  get(id: string): Promise<JobDetail> {
    return request(this._settings, Private.path(id));
  }

  submit(body: SubmitRequest): Promise<JobDetail> {
    return request(this._settings, 'jobs', { method: 'POST', body });
  }

  /** Ask a job to stop; asked again, kill it. */
  stop(id: string): Promise<JobDetail> {
    return request(this._settings, Private.path(id, 'stop'), {
      method: 'POST',
      body: {}
    });
  }

  /** Delete a finished job; for a while it can be restored. */
  delete(id: string, trial: boolean): Promise<void> {
    return request(this._settings, Private.path(id), {
      method: 'DELETE',
      query: { trial }
    });
  }

  restore(id: string): Promise<JobDetail> {
    return request(this._settings, Private.path(id, 'restore'), {
      method: 'POST',
      body: {}
    });
  }

  /** A range of the log in bytes; a negative offset counts from the end. */
  log(
    id: string,
    offset: number,
    limit: number,
    signal?: AbortSignal
  ): Promise<LogChunk> {
    return request(this._settings, Private.path(id, 'log'), {
      query: { offset, limit },
      signal
    });
  }

  /** The metrics of the job's runs; with a cursor, what came after it. */
  metrics(
    id: string,
    maxPoints: number,
    cursor?: string,
    signal?: AbortSignal
  ): Promise<MetricHistory> {
    return request(this._settings, Private.path(id, 'metrics'), {
      query: { max_points: maxPoints, cursor },
      signal
    });
  }

  /** What the job uses; with a cursor, what came after it. */
  resources(
    id: string,
    maxPoints: number,
    cursor?: string,
    signal?: AbortSignal
  ): Promise<ResourceUsage> {
    return request(this._settings, Private.path(id, 'resources'), {
      query: { max_points: maxPoints, cursor },
      signal
    });
  }

  /** What lies in a folder of the job directory. */
  files(id: string, path = ''): Promise<FileEntry[]> {
    return request(this._settings, Private.path(id, 'files'), {
      query: { path }
    });
  }
}

namespace Private {
  export function path(id: string, action = ''): string {
    const base = `jobs/${encodeURIComponent(id)}`;
    return action ? `${base}/${action}` : base;
  }
}
