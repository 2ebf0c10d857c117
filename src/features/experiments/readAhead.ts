import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import type { TrialsClient } from '../../client';
import { MAX_TRIALS } from '../../models/compareQuery';
import type { TrialSelection } from '../../models/trialSelection';

/** How long a selection stands before it is read for, in milliseconds. */
const STANDS = 250;
/** Charts of a comparison that are seen at once, about. */
const CHARTS = 6;
/** Fewest points that can be asked for: the server reads all the same. */
const POINTS = 4;

/**
 * Has the server read the histories of the trials that are selected, and the
 * page fetch what shows them: whoever selects some is about to compare them, and
 * the first read of a store takes longest. Long histories are begun only.
 */
export class ReadAhead implements IDisposable {
  constructor(
    private readonly _client: Pick<TrialsClient, 'compare' | 'series'>,
    private readonly _experiment: string,
    private readonly _selection: TrialSelection,
    private readonly _prepare: () => Promise<void>
  ) {
    this._debouncer = new Debouncer(() => this._read(), STANDS);
    _selection.changed.connect(this._onChanged, this);
  }

  get isDisposed(): boolean {
    return this._debouncer.isDisposed;
  }

  /** Whoever compares asks now: what is read ahead would only be in the way. */
  stop(): void {
    void this._debouncer.stop();
    this._abort.abort();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._selection.changed.disconnect(this._onChanged, this);
    this._debouncer.dispose();
    this._abort.abort();
  }

  private _onChanged(): void {
    this._abort.abort();
    // What goes wrong is told when it is asked for in earnest.
    void this._debouncer.invoke().catch(() => undefined);
  }

  private async _read(): Promise<void> {
    const { ids: run_ids } = this._selection;
    if (run_ids.length < 2 || run_ids.length > MAX_TRIALS) {
      return;
    }
    const { signal } = (this._abort = new AbortController());
    void this._prepare().catch(() => undefined);
    const sources = [{ experiment: this._experiment, run_ids }];
    const found = await this._client.compare(
      { sources, limit: 0, suited: true },
      signal
    );
    const lines = found.charts.flatMap(chart =>
      chart.type === 'line' ? [chart] : []
    );
    for (const { metrics, x } of lines.slice(0, CHARTS)) {
      if (signal.aborted) {
        return;
      }
      const place = x === 'metric' ? 'step' : x;
      await this._client.series(
        { run_ids, metrics, x: place, max_points: POINTS },
        signal
      );
    }
  }

  private _abort = new AbortController();
  private readonly _debouncer: Debouncer<void>;
}
