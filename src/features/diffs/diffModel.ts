import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../../client';
import type { RequestError, TrialsClient } from '../../client';
import type {
  ArtifactDiff,
  DiffPart,
  DiffTrial,
  TrialDiff
} from '../../contract';

/** One answer: there, on its way, or refused. */
export interface IAnswer {
  diff: TrialDiff | null;
  error: RequestError | null;
}

const WAITING: IAnswer = { diff: null, error: null };

/** Two of some trials held against each other. Parts are fetched when they are shown, and kept. */
export class DiffModel implements IDisposable {
  /** `runs`: two to four run ids, each once. */
  constructor(
    readonly client: TrialsClient,
    readonly runs: readonly string[],
    section: DiffPart = 'notebook'
  ) {
    [this._first, this._second] = runs;
    this._section = section;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get first(): string {
    return this._first;
  }

  get second(): string {
    return this._second;
  }

  get section(): DiffPart {
    return this._section;
  }

  get isDisposed(): boolean {
    return this._abort.signal.aborted;
  }

  /** What a trial is called, as far as that is known: with its id where another one has the same name. */
  name(run: string): string {
    const id = run.slice(0, 8);
    const name = this._trials.get(run)?.name;
    const isTaken = this.runs.some(
      each => each !== run && this._trials.get(each)?.name === name
    );
    return name === undefined ? id : isTaken ? `${name} (${id})` : name;
  }

  /** What is known of a trial. */
  trial(run: string): DiffTrial | null {
    return this._trials.get(run) ?? null;
  }

  /** The answer of a part, which is asked for if it was not. */
  part(part: DiffPart, path = ''): IAnswer {
    return this._get(this._first, this._second, part, path);
  }

  /** The answer of a part, where it was asked for. */
  known(part: DiffPart): TrialDiff | null {
    return (
      this._answers.get(key(this._first, this._second, part))?.diff ?? null
    );
  }

  /**
   * The artefacts of all trials: those of the two first, then what only the
   * others have.
   */
  artifacts(): { items: ArtifactDiff[]; answer: IAnswer } {
    const answer = this.part('artifacts');
    const items = [...(answer.diff?.artifacts ?? [])];
    const known = new Set(items.map(({ path }) => path));
    for (const run of this.runs) {
      if (run !== this._first && run !== this._second && answer.diff) {
        const other = this._get(this._first, run, 'artifacts', '').diff;
        for (const item of other?.artifacts ?? []) {
          if (!known.has(item.path)) {
            known.add(item.path);
            items.push({ ...item, change: 'unknown' });
          }
        }
      }
    }
    return { items, answer };
  }

  show(section: DiffPart): void {
    if (section !== this._section) {
      this._section = section;
      this._changed.emit();
    }
  }

  /** Which two; trials that are not among the runs are left aside. */
  choose(first: string, second: string): void {
    const known = this.runs.includes(first) && this.runs.includes(second);
    if (known && first !== second) {
      this._first = first;
      this._second = second;
      this._changed.emit();
    }
  }

  swap(): void {
    this.choose(this._second, this._first);
  }

  /** Ask again. */
  refresh(): void {
    this._answers.clear();
    this._changed.emit();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._abort.abort();
      Signal.clearData(this);
    }
  }

  private _get(
    first: string,
    second: string,
    part: DiffPart,
    path: string
  ): IAnswer {
    const name = key(first, second, part, path);
    const known = this._answers.get(name);
    if (!known) {
      this._answers.set(name, WAITING);
      void this._ask(name, first, second, part, path);
    }
    return known ?? WAITING;
  }

  private async _ask(
    name: string,
    first: string,
    second: string,
    part: DiffPart,
    path: string
  ): Promise<void> {
    let answer: IAnswer;
    try {
      const { signal } = this._abort;
      const diff = await this.client.diff(first, second, part, {
        path,
        signal
      });
      answer = { diff, error: null };
      this._trials.set(first, diff.first);
      this._trials.set(second, diff.second);
    } catch (reason) {
      if (isAbort(reason)) {
        return;
      }
      answer = { diff: null, error: asRequestError(reason) };
    }
    if (!this.isDisposed && this._answers.has(name)) {
      this._answers.set(name, answer);
      this._changed.emit();
    }
  }

  private readonly _abort = new AbortController();
  private readonly _answers = new Map<string, IAnswer>();
  private readonly _changed = new Signal<this, void>(this);
  private _first: string;
  private _second: string;
  private _section: DiffPart;
  private readonly _trials = new Map<string, DiffTrial>();
}

function key(first: string, second: string, part: string, path = ''): string {
  return JSON.stringify([first, second, part, path]);
}
