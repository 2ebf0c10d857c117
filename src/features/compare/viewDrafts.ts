import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import type { CompareModel } from '../../models/compareModel';
import type { View } from '../../models/views';

/** How long somebody's typing has to rest, in milliseconds. */
const REST = 300;

/** What can be typed into a view. */
export type ViewTexts = Pick<View, 'title' | 'notes'>;

/** What is being typed and is not in the view yet: it gets there soon, or when somebody needs it there. */
export class ViewDrafts implements IDisposable {
  constructor(private readonly _model: CompareModel) {
    _model.changed.connect(this._onChanged, this);
  }

  /** What is not in the view yet. */
  get texts(): ViewTexts {
    return this._texts;
  }

  /** What the view could not take; null where there is nothing of that. */
  get unkept(): ViewTexts | null {
    return this._isNew ? this._texts : null;
  }

  get isDisposed(): boolean {
    return this._rest.isDisposed;
  }

  /** Keep what was typed. */
  set(texts: ViewTexts): void {
    this._texts = { ...this._texts, ...texts };
    void this._rest.invoke().catch(() => undefined);
  }

  /** Put what was typed into the view now. */
  flush(): void {
    if (this._model.isReadOnly) {
      this._isLate = true;
      return;
    }
    this._isLate = false;
    const { _texts: texts, _isNew: isNew } = this;
    this._texts = {};
    if (isNew) {
      this._model.update(texts);
    }
  }

  dispose(): void {
    this._model.changed.disconnect(this._onChanged, this);
    this._rest.dispose();
    this._texts = {};
  }

  private _onChanged(): void {
    if (this._isLate && !this._model.isReadOnly) {
      this.flush();
    }
  }

  /** Whether it is not what the view says anyway. */
  private get _isNew(): boolean {
    const { view } = this._model;
    return (['title', 'notes'] as const).some(
      key =>
        this._texts[key] !== undefined && this._texts[key] !== (view[key] ?? '')
    );
  }

  /** Whether the view could not take it yet. */
  private _isLate = false;
  private readonly _rest = new Debouncer(() => this.flush(), REST);
  private _texts: ViewTexts = {};
}
