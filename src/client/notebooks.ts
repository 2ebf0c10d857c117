import type { ServerConnection } from '@jupyterlab/services';
import type {
  InspectRequest,
  NotebookInspection,
  SubmitOptions
} from '../contract';
import { request } from './request';

/** What the Run as job form asks before it submits. */
export class NotebooksClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Parameters, kernel and cells of a notebook below the server's root. */
  inspect(notebook: string): Promise<NotebookInspection> {
    const body: InspectRequest = { notebook };
    return request(this._settings, 'notebooks/inspect', {
      method: 'POST',
      body
    });
  }

  /** What can be chosen at submission. */
  options(): Promise<SubmitOptions> {
    return request(this._settings, 'options');
  }
}
