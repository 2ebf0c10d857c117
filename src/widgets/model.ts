/** What a widget's front end is given: the part of anywidget's model that is used here. */
export interface IModel {
  get(name: string): unknown;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
  send(content: unknown): void;
  /** The host's manager of widgets. JupyterLab's knows its notebook (`context`) and the kernel of it. */
  widget_manager?: {
    isDisposed?: boolean;
    context?: { isDisposed: boolean } | null;
    kernel?: unknown;
  };
}

/** A live view of a model's state in some element. */
export interface IView {
  /** The state, or whether the kernel is heard of, has changed. */
  update(): void;
  dispose(): void;
}

/** Makes a view below `root`. */
export type ViewFactory = (model: IModel, root: HTMLElement) => IView;

/** Seconds without any word from the kernel after which what is shown is called old; it speaks every 8 s. */
const SILENCE = 25;

/** The state as the kernel said it last. */
export function stateOf<T>(model: IModel): T {
  return model.get('_state') as T;
}

/** When the kernel last looked, in seconds since the epoch by the kernel's clock. */
export function beatOf(model: IModel): number {
  const beat = model.get('_beat');
  return typeof beat === 'number' ? beat : 0;
}

/**
 * Knows how long ago the kernel was heard of, and what time it is there: clocks of two machines differ.
 */
export class Pulse {
  constructor(
    private readonly _model: IModel,
    private readonly _now: () => number = () => Date.now() / 1000
  ) {
    this._beat = beatOf(_model);
    this._heard = this._now();
    this._model.on('change:_beat', this._hear);
    this._model.on('change:_state', this._hear);
  }

  /** Whether nothing was heard for so long that the kernel must be gone or stuck. */
  get silent(): boolean {
    return this._now() - this._heard > SILENCE;
  }

  /** The time at the kernel; it stands still when the kernel is silent. */
  get time(): number {
    const since = this._now() - this._heard;
    return this._beat + (this.silent ? 0 : Math.max(0, since));
  }

  /** When it was last heard of, by the kernel's clock. */
  get last(): number {
    return this._beat;
  }

  dispose(): void {
    this._model.off('change:_beat', this._hear);
    this._model.off('change:_state', this._hear);
  }

  private readonly _hear = (): void => {
    const beat = beatOf(this._model);
    this._heard = this._now();
    this._beat = Math.max(this._beat, beat);
  };

  private _beat: number;
  private _heard: number;
}
