import type { ServerConnection } from '@jupyterlab/services';
import type {
  ArtifactPreview,
  MetricHistory,
  TrialChildren,
  TrialDetail,
  UpdateTrial
} from '../contract';
import { download, request } from './request';

/** A file or folder of a trial's artefacts. */
export interface IArtifactEntry {
  /** Path below the artefacts. */
  path: string;
  is_folder: boolean;
  /** Null for a folder. */
  size_bytes: number | null;
}

/** The REST resource of one trial. Loaded with the first trial that is shown. */
export class TrialClient {
  constructor(
    private readonly _settings: ServerConnection.ISettings,
    readonly runId: string
  ) {}

  /** Everything about one trial, also of one that was deleted. */
  detail(signal?: AbortSignal): Promise<TrialDetail> {
    return request(this._settings, pathOf(this.runId, 'detail'), { signal });
  }

  /** A page of the trials below one. */
  children(cursor: string): Promise<TrialChildren> {
    return request(this._settings, pathOf(this.runId, 'children'), {
      query: { cursor, limit: 200 }
    });
  }

  /** Change name, note or tags. */
  update(change: UpdateTrial): Promise<TrialDetail> {
    return request(this._settings, pathOf(this.runId), {
      method: 'PATCH',
      body: change
    });
  }

  /** The metrics of a trial; with a cursor, what came after it. */
  metrics(
    maxPoints: number,
    cursor?: string,
    signal?: AbortSignal
  ): Promise<MetricHistory> {
    return request(this._settings, pathOf(this.runId, 'metrics'), {
      query: { max_points: maxPoints, cursor },
      signal
    });
  }

  /** What lies in one folder of a trial's artefacts. */
  async artifacts(folder: string): Promise<IArtifactEntry[]> {
    const found = await request<{ items: IArtifactEntry[] }>(
      this._settings,
      `records/runs/${encodeURIComponent(this.runId)}/artifacts`,
      { query: { folder } }
    );
    return found.items;
  }

  /** A file of a trial's artefacts. */
  artifact(path: string, signal?: AbortSignal): Promise<Blob> {
    const address = `records/runs/${encodeURIComponent(this.runId)}/artifacts`;
    return download(this._settings, `${address}/${encodePath(path)}`, {
      signal
    });
  }

  /** The beginning of a file of a trial's artefacts. */
  preview(path: string, signal?: AbortSignal): Promise<ArtifactPreview> {
    const address = `${pathOf(this.runId, 'preview')}/${encodePath(path)}`;
    return request(this._settings, address, { signal });
  }
}

function pathOf(runId: string, part = ''): string {
  const base = `trials/${encodeURIComponent(runId)}`;
  return part ? `${base}/${part}` : base;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
