import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError, isAbort } from '../../client';
import type { RequestError } from '../../client';
import type { CompareModel } from '../../models/compareModel';
import { writeView } from '../../models/viewText';
import type { IViewText } from '../../models/viewText';
import type { ViewEdit } from '../../models/views';

/** How long somebody's typing has to rest, in milliseconds. */
const REST = 200;
/** How long to wait before a server that did not answer is asked again, in milliseconds. */
const RETRY = 2_000;

/**
 * Keeps a text and a comparison the same: a change of either is seen in the other.
 *
 * A comparison whose text is not known, or is no view, is only shown: the text is somebody's work, and nothing is
 * written over it.
 */
export class ViewFile implements IDisposable {
  constructor(
    readonly source: IViewText,
    private readonly _model: CompareModel
  ) {
    source.changed.connect(this._onText, this);
    _model.viewChanged.connect(this._onView, this);
    _model.isReadOnly = true;
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

  /** Whether something was changed that is not in the text: that has to be read first. */
  get isBehind(): boolean {
    return this._edits.length > 0;
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
    this._again.dispose();
    this.source.changed.disconnect(this._onText, this);
    this._model.viewChanged.disconnect(this._onView, this);
    Signal.clearData(this);
  }

  private _onText(): void {
    if (!this._isRead || this._error || this._edits.length > 0) {
      // What is being read is not what it says any more.
      this._abort?.abort();
      void this._rest.invoke().catch(() => undefined);
    }
  }

  private _onView(_: CompareModel, edit: ViewEdit): void {
    if (this._isRead) {
      this._write();
    } else {
      // The text was changed elsewhere: it is read first, and changed then.
      this._edits.push(edit);
    }
  }

  /** Whether the comparison shows what the text says. */
  private get _isRead(): boolean {
    return this.source.text === this._written;
  }

  private _write(): void {
    this._edits.length = 0;
    this._written = writeView(this._model.view);
    this.source.set(this._written);
  }

  private async _read(): Promise<void> {
    const { text } = this.source;
    this._abort?.abort();
    const abort = (this._abort = new AbortController());
    try {
      const view =
        this.source.view ??
        (await this._model.client.views.read(text, abort.signal));
      if (this._abort !== abort || text !== this.source.text) {
        return;
      }
      this._written = text;
      this._error = null;
      this._isReady = true;
      const edits = this._edits.splice(0);
      this._model.setView(edits.reduce((before, edit) => edit(before), view));
      if (edits.length > 0) {
        this._write();
      }
      this._model.isReadOnly = false;
    } catch (reason) {
      if (isAbort(reason) || this._abort !== abort) {
        return;
      }
      this._error = asRequestError(reason);
      this._model.isReadOnly = true;
      if (this._error.status !== 400) {
        void this._again.invoke().catch(() => undefined);
      }
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _abort: AbortController | null = null;
  private readonly _again = new Debouncer(() => this._read(), RETRY);
  private readonly _changed = new Signal<this, void>(this);
  /** What was changed here since the text was changed elsewhere. */
  private readonly _edits: ViewEdit[] = [];
  private _error: RequestError | null = null;
  private _isDisposed = false;
  private _isReady = false;
  private readonly _rest = new Debouncer(() => this._read(), REST);
  /** What the comparison shows, as a text. */
  private _written: string | null = null;
}
