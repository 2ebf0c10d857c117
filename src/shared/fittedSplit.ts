import { MessageLoop } from '@lumino/messaging';
import type { Message } from '@lumino/messaging';
import { SplitPanel, Widget } from '@lumino/widgets';

/** A split whose size the style sheet decides: it follows when what stands beside it grows. */
export class FittedSplit extends SplitPanel {
  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (typeof ResizeObserver !== 'undefined') {
      this._observer = new ResizeObserver(() =>
        MessageLoop.postMessage(this, Widget.ResizeMessage.UnknownSize)
      );
      this._observer.observe(this.node);
    }
  }

  /** A tab that is moved is detached, and attached again. */
  protected override onBeforeDetach(message: Message): void {
    this._observer?.disconnect();
    super.onBeforeDetach(message);
  }

  private _observer: ResizeObserver | null = null;
}
