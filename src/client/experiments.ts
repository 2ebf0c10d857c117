import type { ServerConnection } from '@jupyterlab/services';
import type { CreateExperiment, Experiment, Trial } from '../contract';
import { request } from './request';

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

  trial(runId: string): Promise<Trial> {
    return request(this._settings, `trials/${encodeURIComponent(runId)}`);
  }
}
