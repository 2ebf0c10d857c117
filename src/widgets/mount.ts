import type { IModel, IView, ViewFactory } from './model';

/** Class of the pictures that a live view takes the place of. */
const PLACE = 'studio-widget';
/** Views that are in no page at present and are kept for the case that their place comes back. */
const SPARE = 4;
/** How long a widget must be nowhere to be seen before the kernel is told, in milliseconds. */
const GONE_AFTER = 10_000;

interface IMounted {
  place: Element;
  root: HTMLElement;
  view: IView;
  /** The picture. */
  kept: DocumentFragment;
}

/**
 * Puts live views of a model where the picture of it is in the page, for as long as it is.
 *
 * JupyterLab and Notebook get the picture as an output, and the live view goes there. When the output is replaced (by a
 * newer picture) the view moves to the new one with its state; when the model is gone, the picture is back.
 */
export class Mount {
  constructor(
    private readonly _model: IModel,
    private readonly _factory: ViewFactory
  ) {
    this._name = String(_model.get('_place'));
    // A notebook that is opened again makes its models anew; what is left of the earlier ones is out of date.
    for (const mount of mounts) {
      if (mount._name === this._name) {
        mount.dispose();
      }
    }
    mounts.add(this);
    this._model.on('comm_live_update', this._end);
    watch();
    this.look();
  }

  /** Look for places that came or went. */
  look(): void {
    if (isOver(this._model)) {
      this.dispose();
      return;
    }
    for (const place of document.getElementsByClassName(PLACE)) {
      if (
        place.classList.contains(this._name) &&
        !this._mounted.some(
          each => each.place === place && place.contains(each.root)
        )
      ) {
        this._fill(place);
      }
    }
    const spare = this._mounted.filter(each => !each.place.isConnected);
    for (const each of spare.slice(0, Math.max(0, spare.length - SPARE))) {
      this._drop(each);
    }
    this._tell(this._mounted.filter(each => each.place.isConnected).length);
  }

  dispose(): void {
    mounts.delete(this);
    this._model.off('comm_live_update', this._end);
    clearTimeout(this._gone);
    for (const each of [...this._mounted]) {
      this._drop(each);
    }
  }

  private _fill(place: Element): void {
    const kept = document.createDocumentFragment();
    kept.append(...place.childNodes);
    const orphan = this._mounted.find(each => !each.place.isConnected);
    if (orphan) {
      orphan.place = place;
      orphan.kept = kept;
      place.append(orphan.root);
      orphan.view.update();
      return;
    }
    const root = document.createElement('div');
    place.append(root);
    this._mounted.push({
      place,
      root,
      kept,
      view: this._factory(this._model, root)
    });
  }

  private _drop(mounted: IMounted): void {
    mounted.view.dispose();
    mounted.root.remove();
    mounted.place.append(mounted.kept);
    this._mounted.splice(this._mounted.indexOf(mounted), 1);
  }

  /** Tell the kernel in how many places it is seen; that it is nowhere only after a while. */
  private _tell(count: number): void {
    const tell = () => {
      this._gone = undefined;
      this._told = count;
      this._model.send({ kind: 'views', count });
    };
    if (count > 0) {
      clearTimeout(this._gone);
      this._gone = undefined;
      if (count !== this._told) {
        tell();
      }
    } else if (this._told && this._gone === undefined) {
      // Not put off by what else changes in the page.
      this._gone = setTimeout(tell, GONE_AFTER);
    }
  }

  /** The kernel was restarted or is gone: nothing more will come. */
  private readonly _end = (): void => this.dispose();

  private readonly _name: string;
  private readonly _mounted: IMounted[] = [];
  private _told: number | null = null;
  private _gone: ReturnType<typeof setTimeout> | undefined;
}

/** Whether the model's notebook was closed, or its kernel shut down: the model then stays in the page for nothing. */
function isOver(model: IModel): boolean {
  const manager = model.widget_manager;
  return (
    manager !== undefined &&
    (manager.isDisposed === true ||
      manager.context?.isDisposed === true ||
      manager.kernel === null)
  );
}

const mounts = new Set<Mount>();
let observer: MutationObserver | null = null;

/** One observer for all widgets of the page; it ends with the last of them. */
function watch(): void {
  if (observer) {
    return;
  }
  observer = new MutationObserver(() => {
    if (mounts.size === 0) {
      observer?.disconnect();
      observer = null;
      return;
    }
    for (const mount of mounts) {
      mount.look();
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
}
