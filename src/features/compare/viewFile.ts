import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../../client';
import type { RequestError } from '../../client';
import type { CompareModel } from '../../models/compareModel';
import { writeView } from '../../models/viewText';
import type { IViewText } from '../../models/viewText';
import type { View } from '../../models/views';

/** How long somebody's typing has to rest, in milliseconds. */
const REST = 200;

/** The text of a file that is open: a text editor beside it sees every change at once, and the other way round. */
export class DocumentText implements IViewText {
  constructor(context: DocumentRegistry.Context) {
    this._model = context.model;
    this.changed = new Signal<this, void>(this);
    this._model.contentChanged.connect(() => this.changed.emit());
  }

  readonly changed: Signal<this, void>;

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
  constructor(private _text = '') {}

  readonly changed = new Signal<this, void>(this);

  get text(): string {
    return this._text;
  }

  set(text: string): void {
    if (text !== this._text) {
      this._text = text;
      this.changed.emit();
    }
  }
}

/** Keeps a text and a comparison the same: a change of either is seen in the other. */
export class ViewFile implements IDisposable {
  constructor(
    readonly source: IViewText,
    private readonly _model: CompareModel
  ) {
    source.changed.connect(this._onText, this);
    _model.viewChanged.connect(this._onView, this);
    void this._read();
  }

  /** Emitted when it becomes known whether the text is a view. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether the text was read. */
  get isReady(): boolean {
    return this._isReady;
  }

  /** What is wrong with the text; the comparison shows what it said before then. */
  get error(): RequestError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Read the text again. */
  retry(): void {
    void this._read();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._abort?.abort();
    this._rest.dispose();
    this.source.changed.disconnect(this._onText, this);
    this._model.viewChanged.disconnect(this._onView, this);
    Signal.clearData(this);
  }

  private _onText(): void {
    if (this.source.text !== this._written) {
      // What is being read is not what it says any more.
      this._abort?.abort();
      void this._rest.invoke().catch(() => undefined);
    }
  }

  private _onView(_: CompareModel, view: View): void {
    // A text that could not be read is somebody's work: it is not written over.
    if (this._error === null && this._isReady) {
      this._written = writeView(view);
      this.source.set(this._written);
    }
  }

  private async _read(): Promise<void> {
    const { text } = this.source;
    this._abort?.abort();
    const abort = (this._abort = new AbortController());
    try {
      const view = await this._model.client.views.read(text, abort.signal);
      if (this._abort !== abort || text !== this.source.text) {
        return;
      }
      this._written = text;
      this._error = null;
      this._isReady = true;
      this._model.setView(view);
    } catch (reason) {
      if (isAbort(reason) || this._abort !== abort) {
        return;
      }
      this._error = asRequestError(reason);
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _abort: AbortController | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _error: RequestError | null = null;
  private _isDisposed = false;
  private _isReady = false;
  private readonly _rest = new Debouncer(() => this._read(), REST);
  /** What the comparison shows, as a text. */
  private _written: string | null = null;
}
