import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError } from '../client';
import type { RequestError } from '../client';
import type { ModelVersion, RegisteredModel, UpdateModel } from '../contract';
import { Attention } from './attention';
import type { ModelsModel } from './modelsModel';

/** One registered model with its versions. */
export class RegisteredModelModel implements IDisposable {
  constructor(
    readonly models: ModelsModel,
    readonly name: string
  ) {
    models.changed.connect(this._onListChanged, this);
    models.modelChanged.connect(this._onModelChanged, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null before the first answer. */
  get model(): RegisteredModel | null {
    return this._model;
  }

  /** Newest first. */
  get versions(): readonly ModelVersion[] {
    return this._versions;
  }

  /** Whether there are older versions than those. */
  get hasMore(): boolean {
    return this._hasMore;
  }

  /** Versions that are chosen, to be compared. */
  get chosen(): ReadonlySet<string> {
    return this._chosen;
  }

  get error(): RequestError | null {
    return this._error;
  }

  /** Whether the model is not there any more. */
  get isDeleted(): boolean {
    return this._error?.status === 404;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._attention.dispose();
      this.models.setSeen(this, false);
      Signal.clearData(this);
    }
  }

  /** Whether somebody sees it: only then is it followed. */
  setActive(isActive: boolean): void {
    this._attention.set(this, isActive);
  }

  async load(): Promise<void> {
    const turn = ++this._turn;
    const { registry } = this.models;
    let error: RequestError | null = null;
    try {
      const [model, versions] = await Promise.all([
        registry.get(this.name),
        registry.versions(this.name)
      ]);
      if (turn !== this._turn || this._isDisposed) {
        return;
      }
      this._model = model;
      this._versions = versions.items;
      this._hasMore = versions.more;
      const known = new Set(versions.items.map(({ version }) => version));
      this._chosen = new Set([...this._chosen].filter(each => known.has(each)));
    } catch (reason) {
      error = asRequestError(reason);
    }
    if (turn === this._turn && !this._isDisposed) {
      this._error = error;
      this._changed.emit();
    }
  }

  choose(version: string, isChosen: boolean): void {
    const chosen = new Set(this._chosen);
    if (isChosen) {
      chosen.add(version);
    } else {
      chosen.delete(version);
    }
    this._chosen = chosen;
    this._changed.emit();
  }

  /**
   * Let an alias stand for a version. `seen`: the version that the person saw
   * it stand for, empty for none; where that is wrong, nothing is done.
   */
  setAlias(alias: string, version: string, seen: string): Promise<void> {
    const { registry } = this.models;
    return this._change(
      registry.setAlias(this.name, alias, { version, held_by: seen })
    );
  }

  /** `seen`: as above; where it stands for another one by now, it stays. */
  deleteAlias(alias: string, seen: string): Promise<void> {
    const { registry } = this.models;
    return this._change(registry.deleteAlias(this.name, alias, seen));
  }

  /** Change the note of the model, or of a version. */
  describe(change: UpdateModel, version?: string): Promise<void> {
    const { registry } = this.models;
    return this._change(
      version === undefined
        ? registry.describe(this.name, change)
        : registry.describeVersion(this.name, version, change)
    );
  }

  deleteVersion(version: string): Promise<void> {
    return this._change(this.models.registry.deleteVersion(this.name, version));
  }

  delete(): Promise<void> {
    return this._change(this.models.registry.delete(this.name));
  }

  /** Whatever comes of a change, look what is there now. */
  private async _change(change: Promise<unknown>): Promise<void> {
    try {
      await change;
    } finally {
      this.models.tell(this.name);
    }
  }

  private _onModelChanged(_: ModelsModel, name: string): void {
    if (name === this.name) {
      void this.load();
    }
  }

  /** Somebody else may have changed it. */
  private _onListChanged(): void {
    const listed = this.models.items?.find(({ name }) => name === this.name);
    const isSame = (model: RegisteredModel) =>
      JSON.stringify(model) === JSON.stringify(listed);
    if (this._model && !this.models.error && !isSame(this._model)) {
      void this.load();
    }
  }

  private readonly _attention = new Attention(isLooking => {
    this.models.setSeen(this, isLooking);
    if (isLooking && this._model) {
      // The list does not tell of all that changes in versions.
      void this.load();
    }
  });
  private readonly _changed = new Signal<this, void>(this);
  private _chosen: Set<string> = new Set();
  private _error: RequestError | null = null;
  private _hasMore = false;
  private _isDisposed = false;
  private _model: RegisteredModel | null = null;
  private _turn = 0;
  private _versions: ModelVersion[] = [];
}
