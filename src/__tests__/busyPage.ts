import { act, cleanup } from '@testing-library/react';

/** A page that has time only when it is told to. */
export class BusyPage {
  constructor() {
    Object.assign(window, {
      requestIdleCallback: (callback: IdleRequestCallback) => {
        this._waiting.set(++this._asked, callback);
        return this._asked;
      },
      cancelIdleCallback: (handle: number) => this._waiting.delete(handle)
    });
  }

  rest(): void {
    const idle = { didTimeout: false, timeRemaining: () => 10 };
    const asked = [...this._waiting.values()];
    this._waiting.clear();
    act(() => asked.forEach(each => each(idle)));
  }

  dispose(): void {
    cleanup();
    Object.assign(window, {
      requestIdleCallback: undefined,
      cancelIdleCallback: undefined
    });
  }

  private _asked = 0;
  private readonly _waiting = new Map<number, IdleRequestCallback>();
}
