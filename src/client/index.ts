import type { ServerConnection } from '@jupyterlab/services';
import type { ServerInfo } from '../contract';
import { ExperimentsClient } from './experiments';
import { JobsClient } from './jobs';
import { NotebooksClient } from './notebooks';
import { request } from './request';
import { TrialsClient } from './trials';
import { ViewsClient } from './views';

export type { IHistory, IHistoryPage } from './histories';
export type { IJobQuery } from './jobs';
export type { IArtifactEntry, TrialClient } from './trial';
export type { ExportFormat, IColumnQuery } from './trials';
export { API_ROOT, asRequestError, isAbort, RequestError } from './request';
export {
  ExperimentsClient,
  JobsClient,
  NotebooksClient,
  TrialsClient,
  ViewsClient
};

/** Everything that the front end can ask the server. */
export class StudioClient {
  constructor(readonly settings: ServerConnection.ISettings) {
    this.jobs = new JobsClient(settings);
    this.notebooks = new NotebooksClient(settings);
    this.experiments = new ExperimentsClient(settings);
    this.trials = new TrialsClient(settings);
    this.views = new ViewsClient(settings);
  }

  readonly jobs: JobsClient;
  readonly notebooks: NotebooksClient;
  readonly experiments: ExperimentsClient;
  readonly trials: TrialsClient;
  readonly views: ViewsClient;

  info(): Promise<ServerInfo> {
    return request(this.settings, 'info');
  }
}
