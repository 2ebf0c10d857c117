import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { Signal } from '@lumino/signaling';
import type { IViewText } from '../../models/viewText';
import type { View } from '../../models/views';

/** The text of a file that is open: a text editor beside it sees every change at once, and the other way round. */
export class DocumentText implements IViewText {
  constructor(context: DocumentRegistry.Context) {
    this._model = context.model;
    this.ready = context.ready;
    this.changed = new Signal<this, void>(this);
    this.saving = new Signal<this, void>(this);
    this._model.contentChanged.connect(() => this.changed.emit());
    context.saveState.connect((_, state) => {
      if (state === 'started') {
        this.saving.emit();
      }
    });
  }

  readonly ready: Promise<void>;
  readonly changed: Signal<this, void>;
  readonly saving: Signal<this, void>;

  get text(): string {
    return this._model.toString();
  }

  set(text: string): void {
    if (text !== this.text) {
      this._model.fromString(text);
      // The model itself takes only typing for a change.
      this._model.dirty = true;
    }
  }

  private readonly _model: DocumentRegistry.IModel;
}

/** The text of a comparison that was not saved. */
export class LooseText implements IViewText {
  /**
   * @param _view - what it says, where it was made from that.
   */
  constructor(
    private _text = '',
    private _view: View | null = null
  ) {}

  readonly ready = Promise.resolve();
  readonly changed = new Signal<this, void>(this);

  get text(): string {
    return this._text;
  }

  get view(): View | null {
    return this._view;
  }

  set(text: string): void {
    if (text !== this._text) {
      this._text = text;
      this._view = null;
      this.changed.emit();
    }
  }
}
