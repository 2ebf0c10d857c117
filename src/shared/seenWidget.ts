import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';

/** A widget drawn by React that hears when it comes into sight and when it goes. */
export abstract class SeenWidget extends ReactWidget {
  /** May be called with the same again. */
  protected abstract onSeen(isSeen: boolean): void;

  protected override onAfterShow(): void {
    this.onSeen(this.isVisible);
  }

  protected override onAfterHide(): void {
    this.onSeen(false);
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this.onSeen(this.isVisible);
  }

  protected override onBeforeDetach(msg: Message): void {
    super.onBeforeDetach(msg);
    this.onSeen(false);
  }
}
