import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError } from '../client';
import { ModelsClient } from '../client/registry';
import type { RequestError, StudioClient } from '../client';
import type { ModelVersion, RegisteredModel, RegisterModel } from '../contract';

/** Time between two looks, in milliseconds: others register models, too. */
const INTERVAL = 15_000;

/** All registered models, last changed first. */
export class ModelsModel implements IDisposable {
  constructor(
    readonly client: StudioClient,
    interval: number = INTERVAL
  ) {
    this.registry = new ModelsClient(client.settings);
    let ticks = 0;
    this._poll = new Poll({
      auto: false,
      // The first tick is at once, and `load` has looked.
      factory: () => (ticks++ > 0 ? this._look(true) : Promise.resolve()),
      frequency: { interval, backoff: false },
      standby: 'when-hidden'
    });
  }

  readonly registry: ModelsClient;

  /** The list has changed, or could not be asked for. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Something of the model of this name was changed from here. */
  get modelChanged(): ISignal<this, string> {
    return this._modelChanged;
  }

  /** What to show; null before the first answer. */
  get items(): readonly RegisteredModel[] | null {
    return this._items;
  }

  get error(): RequestError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  /** Look now, and from then on every few seconds while the page is seen. */
  async load(): Promise<void> {
    await this._look(false);
    if (!this._isDisposed && this._poll.state.phase === 'constructed') {
      void this._poll.start();
    }
  }

  async register(request: RegisterModel): Promise<ModelVersion> {
    const made = await this.registry.register(request);
    this.tell(made.name);
    return made;
  }

  /** A model was changed: have everybody look again. */
  tell(name: string): void {
    if (!this._isDisposed) {
      this._modelChanged.emit(name);
      void this._look(true);
    }
  }

  /** Ask; `quiet`: say only what is new. */
  private async _look(quiet: boolean): Promise<void> {
    const before = JSON.stringify([this._items, this._error?.message]);
    const turn = ++this._turn;
    try {
      const found = await this.registry.list();
      if (turn !== this._turn) {
        return;
      }
      this._items = found;
      this._error = null;
    } catch (reason) {
      this._error = asRequestError(reason);
    }
    const after = JSON.stringify([this._items, this._error?.message]);
    if (!this._isDisposed && !(quiet && before === after)) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _error: RequestError | null = null;
  private _isDisposed = false;
  private _items: RegisteredModel[] | null = null;
  private readonly _modelChanged = new Signal<this, string>(this);
  private readonly _poll: Poll;
  private _turn = 0;
}
