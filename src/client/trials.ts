import type { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type {
  ArtifactPreview,
  ColumnPage,
  FilterCheck,
  FilterQuery,
  MetricHistory,
  RunIds,
  TrialChildren,
  TrialDetail,
  TrialQuery,
  TrialTablePage,
  UpdateTrial
} from '../contract';
import { download, request } from './request';

/** Which columns of an experiment. */
export interface IColumnQuery {
  experiment: string;
  /** What the name has to hold. */
  text?: string;
  /** `parameter`, `metric` or `tag`; all without it. */
  kind?: string;
  offset?: number;
  limit?: number;
}

/** A file or folder of a trial's artefacts. */
export interface IArtifactEntry {
  /** Path below the artefacts. */
  path: string;
  is_folder: boolean;
  /** Null for a folder. */
  size_bytes: number | null;
}

export type ExportFormat = 'csv' | 'parquet';

type OnDone = (runIds: readonly string[]) => void;

/** The REST resource of trials: the table of many, and everything about one. */
export class TrialsClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Run ids of trials that this page changed, deleted or restored. */
  get changed(): ISignal<this, readonly string[]> {
    return this._changed;
  }

  /** Everything about one trial, also of one that was deleted. */
  detail(runId: string, signal?: AbortSignal): Promise<TrialDetail> {
    return request(this._settings, pathOf(runId, 'detail'), { signal });
  }

  /** A page of the trials below one. */
  children(runId: string, cursor: string): Promise<TrialChildren> {
    return request(this._settings, pathOf(runId, 'children'), {
      query: { cursor, limit: 200 }
    });
  }

  /** Change name, note or tags. */
  async update(runId: string, change: UpdateTrial): Promise<TrialDetail> {
    const detail = await request<TrialDetail>(this._settings, pathOf(runId), {
      method: 'PATCH',
      body: change
    });
    this._changed.emit([runId]);
    return detail;
  }

  /** The metrics of a trial; with a cursor, what came after it. */
  metrics(
    runId: string,
    maxPoints: number,
    cursor?: string,
    signal?: AbortSignal
  ): Promise<MetricHistory> {
    return request(this._settings, pathOf(runId, 'metrics'), {
      query: { max_points: maxPoints, cursor },
      signal
    });
  }

  /** What lies in one folder of a trial's artefacts. */
  async artifacts(runId: string, folder: string): Promise<IArtifactEntry[]> {
    const found = await request<{ items: IArtifactEntry[] }>(
      this._settings,
      `records/runs/${encodeURIComponent(runId)}/artifacts`,
      { query: { folder } }
    );
    return found.items;
  }

  /** A file of a trial's artefacts. */
  artifact(runId: string, path: string, signal?: AbortSignal): Promise<Blob> {
    const address = `records/runs/${encodeURIComponent(runId)}/artifacts`;
    return download(this._settings, `${address}/${encodePath(path)}`, {
      signal
    });
  }

  /** The beginning of a file of a trial's artefacts. */
  preview(
    runId: string,
    path: string,
    signal?: AbortSignal
  ): Promise<ArtifactPreview> {
    const address = `${pathOf(runId, 'preview')}/${encodePath(path)}`;
    return request(this._settings, address, { signal });
  }

  table(query: TrialQuery, signal?: AbortSignal): Promise<TrialTablePage> {
    return this._post('trials/table', query, signal);
  }

  columns(query: IColumnQuery, signal?: AbortSignal): Promise<ColumnPage> {
    return request(this._settings, 'trials/columns', {
      query: { ...query },
      signal
    });
  }

  /** What is wrong with a filter, and what can stand at the caret. */
  check(query: FilterQuery, signal?: AbortSignal): Promise<FilterCheck> {
    return this._post('trials/filter', query, signal);
  }

  /** All rows of a query as a file. */
  export(query: TrialQuery, format: ExportFormat): Promise<Blob> {
    return download(this._settings, 'trials/export', {
      method: 'POST',
      query: { format },
      body: query
    });
  }

  /** `onDone`: is told of each portion that was deleted. */
  delete(runIds: readonly string[], onDone?: OnDone): Promise<void> {
    return this._each('trials/delete', runIds, onDone);
  }

  /** Undo a deletion. */
  restore(runIds: readonly string[], onDone?: OnDone): Promise<void> {
    return this._each('trials/restore', runIds, onDone);
  }

  /** In portions that the server takes. */
  private async _each(
    path: string,
    runIds: readonly string[],
    onDone?: OnDone
  ): Promise<void> {
    for (let start = 0; start < runIds.length; start += MAX_RUN_IDS) {
      const portion = runIds.slice(start, start + MAX_RUN_IDS);
      const body: RunIds = { run_ids: [...portion] };
      await this._post(path, body);
      onDone?.(portion);
      this._changed.emit(portion);
    }
  }

  private _post<T>(
    path: string,
    body: unknown,
    signal?: AbortSignal
  ): Promise<T> {
    return request(this._settings, path, { method: 'POST', body, signal });
  }

  private readonly _changed = new Signal<this, readonly string[]>(this);
}

function pathOf(runId: string, part = ''): string {
  const base = `trials/${encodeURIComponent(runId)}`;
  return part ? `${base}/${part}` : base;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

const MAX_RUN_IDS = 1000;
