import type { ServerConnection } from '@jupyterlab/services';
import type { CreateExperiment, Experiment, Page, Trial } from '../contract';
import { request } from './request';

/** Which page of an experiment's trials. */
export interface ITrialQuery {
  experiment: string;
  limit?: number;
  cursor?: string;
  /** Column to sort by, for example `started` or `metrics.rmse`. */
  sort?: string;
  descending?: boolean;
}

/** The REST resources `experiments` and `trials`. */
export class ExperimentsClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** All experiments, last updated first. */
  list(): Promise<Experiment[]> {
    return request(this._settings, 'experiments');
  }

  create(name: string): Promise<Experiment> {
    const body: CreateExperiment = { name };
    return request(this._settings, 'experiments', { method: 'POST', body });
  }

  trials(query: ITrialQuery, signal?: AbortSignal): Promise<Page<Trial>> {
    const { experiment, limit, cursor, sort, descending } = query;
    return request(this._settings, 'trials', {
      query: { experiment, limit, cursor, sort, desc: descending },
      signal
    });
  }

  trial(runId: string): Promise<Trial> {
    return request(this._settings, `trials/${encodeURIComponent(runId)}`);
  }
}
