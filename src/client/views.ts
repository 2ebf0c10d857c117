import type { ServerConnection } from '@jupyterlab/services';
import type { View, ViewExport, ViewText } from '../contract';
import { download, request } from './request';

/** The REST resource of views. */
export class ViewsClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** The view that the text of a file stands for; an error says what is wrong with it, and where. */
  read(text: string, signal?: AbortSignal): Promise<View> {
    const body: ViewText = { text };
    return request(this._settings, 'views/read', {
      method: 'POST',
      body,
      signal
    });
  }

  /** A view as one HTML file that needs no server, in the colours that its trials have here. */
  export(view: ViewExport): Promise<Blob> {
    return download(this._settings, 'views/export', {
      method: 'POST',
      body: view
    });
  }
}
