import { asRequestError } from '../client';
import type { RequestError, StudioClient } from '../client';
import type { TrialColumn } from '../contract';
import { automaticColumns, readKey } from './trialTableView';

/** Columns of a kind from which the table chooses. */
const CHOICE = 200;
/** Columns that are looked for by name in one go. */
const MISSING = 20;

/** What is known of the columns of an experiment's trials. */
export class TrialColumns {
  constructor(
    private readonly _client: StudioClient,
    private readonly _experiment: string
  ) {}

  /** Those that a table shows where nobody chose. */
  get automatic(): readonly string[] {
    return this._automatic;
  }

  /** Why the last look failed. */
  get error(): RequestError | null {
    return this._error;
  }

  /** What is known of a column, by its key; of a metric whichever value is shown. */
  fact(key: string): TrialColumn | undefined {
    return this._facts.get(readKey(key).base);
  }

  /** Add what was found out of columns. */
  learn(columns: readonly TrialColumn[]): void {
    for (const column of columns) {
      this._facts.set(column.key, column);
    }
  }

  /** Take note of how many trials there are by now; true: other trials, which may have other columns. */
  notice(trials: number): boolean {
    const isNew = trials !== this._trials;
    this._trials = trials;
    return isNew;
  }

  /**
   * Ask which columns there are, and about those that are chosen. False: a later
   * question was asked meanwhile, and its answer counts.
   */
  async load(chosen: readonly string[]): Promise<boolean> {
    const turn = ++this._turn;
    try {
      const [metrics, parameters] = await Promise.all([
        this._ask('metric'),
        this._ask('parameter')
      ]);
      if (turn !== this._turn) {
        return false;
      }
      this.learn([...metrics.items, ...parameters.items]);
      this._trials = metrics.trials;
      this._automatic = automaticColumns(metrics.items, parameters.items);
      await this._learnMissing(chosen);
      this._error = null;
    } catch (reason) {
      this._error = asRequestError(reason);
    }
    return turn === this._turn;
  }

  /** What is not among the first of its kind has to be looked for by name. */
  private async _learnMissing(chosen: readonly string[]): Promise<void> {
    const missing = chosen
      .map(readKey)
      .filter(
        ({ kind, base }) => kind !== 'attribute' && !this._facts.has(base)
      )
      .slice(0, MISSING);
    for (const { kind, name } of missing) {
      this.learn((await this._ask(kind, name)).items);
    }
  }

  private _ask(kind: string, text?: string) {
    return this._client.trials.columns({
      experiment: this._experiment,
      kind,
      ...(text === undefined ? { limit: CHOICE } : { text, limit: MISSING })
    });
  }

  private _automatic: string[] = [];
  private _error: RequestError | null = null;
  private readonly _facts = new Map<string, TrialColumn>();
  private _trials = 0;
  private _turn = 0;
}
