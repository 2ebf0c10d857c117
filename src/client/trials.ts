import type { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type {
  ColumnPage,
  CompareQuery,
  Comparison,
  DiffPart,
  FilterCheck,
  FilterQuery,
  Importance,
  ImportanceQuery,
  RunIds,
  SeriesQuery,
  TrialDiff,
  TrialQuery,
  TrialTablePage
} from '../contract';
import type { IHistoryPage } from './histories';
import { download, request, requestBytes } from './request';

/** Media type of answers with arrays in the place of lists. */
const PACKED = 'application/vnd.studio.series';

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

/** How long the answer to a question that was asked ahead counts, in milliseconds. */
const AHEAD = 3_000;

export type ExportFormat = 'csv' | 'parquet';

type OnDone = (runIds: readonly string[]) => void;

/** The REST resource of the table of trials. */
export class TrialsClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Run ids of trials that this page changed, deleted or restored. */
  get changed(): ISignal<this, readonly string[]> {
    return this._changed;
  }

  /** Tell whoever shows them that trials were changed. */
  tell(runIds: readonly string[]): void {
    this._changed.emit(runIds);
  }

  table(query: TrialQuery, signal?: AbortSignal): Promise<TrialTablePage> {
    return this._post('trials/table', query, signal);
  }

  /** Some trials side by side; the answer may be one that was asked for ahead, which `signal` does not end. */
  compare(query: CompareQuery, signal?: AbortSignal): Promise<Comparison> {
    const { _ahead: ahead } = this;
    if (ahead?.query !== JSON.stringify(query)) {
      return this._post('trials/compare', query, signal);
    }
    this._ahead = null;
    return ahead.answer;
  }

  /** Ask now what is going to be compared: the answer is that of the next comparison, where that asks the same soon. */
  compareAhead(query: CompareQuery): void {
    const asked = JSON.stringify(query);
    if (this._ahead?.query === asked) {
      return;
    }
    const answer = this._post<Comparison>('trials/compare', query);
    const made = (this._ahead = { query: asked, answer });
    const drop = () => {
      if (this._ahead === made) {
        this._ahead = null;
      }
    };
    // Of what failed whoever compares asks anew.
    answer.catch(drop);
    setTimeout(drop, AHEAD);
  }

  /** How much each parameter matters for a metric. */
  importance(
    query: ImportanceQuery,
    signal?: AbortSignal
  ): Promise<Importance> {
    return this._post('trials/importance', query, signal);
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

  /** Histories of metrics of many trials. */
  series(query: SeriesQuery, signal?: AbortSignal): Promise<IHistoryPage> {
    // It is fetched beside what it reads: JupyterLab starts without it.
    const reader = import('./histories').then(({ read }) => read);
    // Where the request fails, nobody asks for it.
    reader.catch(() => undefined);
    return requestBytes(
      this._settings,
      'trials/series',
      { method: 'POST', body: query, accept: PACKED, signal },
      reader
    );
  }

  /** All rows of a query as a file. */
  export(query: TrialQuery, format: ExportFormat): Promise<Blob> {
    return download(this._settings, 'trials/export', {
      method: 'POST',
      query: { format },
      body: query
    });
  }

  /**
   * One part of what differs between two trials; `path`: of the artefacts only
   * this one, with the differences of its text.
   */
  diff(
    first: string,
    second: string,
    part: DiffPart,
    options: { path?: string; signal?: AbortSignal } = {}
  ): Promise<TrialDiff> {
    const runs = [first, second].map(encodeURIComponent);
    return request(this._settings, `trials/${runs[0]}/diff/${runs[1]}`, {
      query: { part, path: options.path },
      signal: options.signal
    });
  }

  /** The content of an artefact. */
  artifact(run: string, path: string, signal?: AbortSignal): Promise<Blob> {
    const segments = [run, 'artifacts', ...path.split('/')];
    const address = segments.map(encodeURIComponent).join('/');
    return download(this._settings, `records/runs/${address}`, { signal });
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

  private _ahead: { query: string; answer: Promise<Comparison> } | null = null;
  private readonly _changed = new Signal<this, readonly string[]>(this);
}

const MAX_RUN_IDS = 1000;
