import type { IStateDB } from '@jupyterlab/statedb';
import { Debouncer } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

/** Trials whose colour is remembered. */
const MAX_TRIALS = 2_000;
/** Positions in the list of colours, dashes included. */
const COLOURS = 32;
/** How long changes are gathered before they are kept, in milliseconds. */
const KEEP = 500;
const STATE = 'studio_ext:trial-colours';

/**
 * Which colour each trial has, in all charts and tables.
 *
 * A trial keeps its colour, also over a reload. Where two that have the same come to be drawn together, the later one
 * gets another, everywhere.
 */
export class TrialColours {
  constructor(private readonly _state: IStateDB | null = null) {
    this.ready = this._load();
  }

  /** Resolves when what was kept is known. */
  readonly ready: Promise<void>;

  /** Emitted when a trial got another colour than it had. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Position in the list of colours; undefined for a trial that was never drawn. */
  get(id: string): number | undefined {
    return this._colours.get(id);
  }

  /** Give colours to trials that are drawn together. */
  assign(ids: readonly string[]): void {
    const used = new Set<number>();
    const clashing: string[] = [];
    const fresh: string[] = [];
    for (const id of new Set(ids)) {
      const colour = this._colours.get(id);
      if (colour === undefined) {
        fresh.push(id);
      } else if (used.has(colour) && used.size < COLOURS) {
        clashing.push(id);
      } else {
        used.add(colour);
      }
    }
    // One that had a colour gets one that nobody has, lest it clashes elsewhere next.
    const known = new Set(this._colours.values());
    for (const id of clashing) {
      const colour = first(each => !used.has(each) && !known.has(each));
      this._set(id, colour ?? first(each => !used.has(each)) ?? 0, used);
    }
    for (const id of fresh) {
      const colour = first(each => !used.has(each));
      this._set(id, colour ?? this._colours.size % COLOURS, used);
    }
    // Those that were drawn last are forgotten last.
    for (const id of ids) {
      const colour = this._colours.get(id);
      if (colour !== undefined) {
        this._colours.delete(id);
        this._colours.set(id, colour);
      }
    }
    if (fresh.length > 0 || clashing.length > 0) {
      this._forget();
      void this._keep.invoke().catch(() => undefined);
      this._changed.emit();
    }
  }

  private _set(id: string, colour: number, used: Set<number>): void {
    this._colours.set(id, colour);
    used.add(colour);
  }

  private _forget(): void {
    for (const id of this._colours.keys()) {
      if (this._colours.size <= MAX_TRIALS) {
        return;
      }
      this._colours.delete(id);
    }
  }

  private async _load(): Promise<void> {
    const stored = await this._state?.fetch(STATE).catch(() => undefined);
    if (Array.isArray(stored)) {
      for (const each of stored.slice(-MAX_TRIALS)) {
        const [id, colour] = Array.isArray(each) ? each : [];
        if (typeof id === 'string' && isColour(colour)) {
          // What was assigned meanwhile stays.
          if (!this._colours.has(id)) {
            this._colours.set(id, colour);
          }
        }
      }
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  /** In the order in which they were drawn last. */
  private readonly _colours = new Map<string, number>();
  private readonly _keep = new Debouncer(
    () => this._state?.save(STATE, [...this._colours]),
    KEEP
  );
}

function first(isFree: (colour: number) => boolean): number | undefined {
  for (let colour = 0; colour < COLOURS; colour++) {
    if (isFree(colour)) {
      return colour;
    }
  }
  return undefined;
}

function isColour(value: unknown): value is number {
  return (
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < COLOURS
  );
}
