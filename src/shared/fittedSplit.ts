import { MessageLoop } from '@lumino/messaging';
import type { Message } from '@lumino/messaging';
import { SplitPanel, Widget } from '@lumino/widgets';

/** A split whose size the style sheet decides: it follows when what stands beside it grows. */
export class FittedSplit extends SplitPanel {
  /** Show these widgets and hide the others. Once all are shown again, each is as large as it was before. */
  showOnly(shown: readonly Widget[]): void {
    const { widgets } = this;
    const areAll = widgets.every(widget => shown.includes(widget));
    if (!areAll && widgets.every(({ isHidden }) => !isHidden)) {
      this._sizes = this.relativeSizes();
    }
    widgets.forEach(widget => widget.setHidden(!shown.includes(widget)));
    if (areAll && this._sizes) {
      this.setRelativeSizes(this._sizes);
      this._sizes = null;
    }
  }

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
  /** What the widgets had of it before some were hidden. */
  private _sizes: number[] | null = null;
}
