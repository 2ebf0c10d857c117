import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError } from '../client';
import { ModelsClient } from '../client/registry';
import type { RequestError, StudioClient } from '../client';
import type { ModelVersion, RegisteredModel, RegisterModel } from '../contract';
import { Attention } from './attention';

/** Time between two looks, in milliseconds: others register models, too. */
const INTERVAL = 15_000;

/** All registered models, last changed first. */
export class ModelsModel implements IDisposable {
  constructor(
    readonly client: StudioClient,
    interval: number = INTERVAL
  ) {
    this.registry = new ModelsClient(client.settings);
    this._poll = new Poll({
      auto: false,
      // Whoever shows the list first asks by itself.
      factory: () => this._work ?? this._look(true),
      frequency: { interval, backoff: false },
      name: 'studio_ext:ModelsModel',
      standby: 'never'
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
      this._attention.dispose();
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  /** Look now. */
  load(): Promise<void> {
    return this._look(false);
  }

  /** Say whether something that shows models is seen: then it is looked at once, and every few seconds. */
  setSeen(viewer: object, isSeen: boolean): void {
    this._attention.set(viewer, isSeen);
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
  private _look(quiet: boolean): Promise<void> {
    const work = this._ask(quiet).finally(() => {
      this._work = this._work === work ? null : this._work;
    });
    return (this._work = work);
  }

  private async _ask(quiet: boolean): Promise<void> {
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

  private readonly _attention = new Attention(isLooking => {
    void (isLooking ? this._poll.start() : this._poll.stop());
  });
  private readonly _changed = new Signal<this, void>(this);
  private _error: RequestError | null = null;
  private _isDisposed = false;
  private _items: RegisteredModel[] | null = null;
  private readonly _modelChanged = new Signal<this, string>(this);
  private readonly _poll: Poll;
  private _turn = 0;
  /** What is being asked for just now. */
  private _work: Promise<void> | null = null;
}
