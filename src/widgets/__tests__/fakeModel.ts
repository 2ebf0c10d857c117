import type { IModel } from '../model';

/** A model without a kernel: what the kernel would set is set here, what is sent to it is kept. */
export class FakeModel implements IModel {
  constructor(values: Record<string, unknown> = {}) {
    this._values = {
      _place: 'studio-place-1',
      _beat: 1000,
      _state: {},
      ...values
    };
  }

  get(name: string): unknown {
    return this._values[name];
  }

  on(name: string, callback: () => void): void {
    this._listeners.push([name, callback]);
  }

  off(name: string, callback: () => void): void {
    this._listeners = this._listeners.filter(
      ([other, each]) => other !== name || each !== callback
    );
  }

  send(content: unknown): void {
    this.sent.push(content);
  }

  set(name: string, value: unknown): void {
    this._values[name] = value;
    this.trigger(`change:${name}`);
  }

  trigger(name: string): void {
    for (const [other, callback] of [...this._listeners]) {
      if (other === name) {
        callback();
      }
    }
  }

  get listeners(): number {
    return this._listeners.length;
  }

  readonly sent: unknown[] = [];
  widget_manager?: IModel['widget_manager'];
  private _values: Record<string, unknown>;
  private _listeners: [string, () => void][] = [];
}
