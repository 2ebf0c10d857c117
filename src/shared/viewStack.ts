import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { Panel, PanelLayout, Widget } from '@lumino/widgets';

/** A header, and below it one of several views. A view is made when it is first asked for. */
export abstract class ViewStack<Name extends string> extends Widget {
  /** @param _tab - the view that is shown first. */
  constructor(private _tab: Name) {
    super();
    this.addClass('jp-StudioJob');
  }

  /** The view that is shown. */
  get tab(): Name {
    return this._tab;
  }

  /** Emitted when another view is shown. */
  get tabChanged(): ISignal<this, Name> {
    return this._tabChanged;
  }

  /** Show one of the views. */
  showTab(name: Name): void {
    let view = this._views.get(name);
    if (!view) {
      view = this.create(name);
      view.addClass('jp-StudioJob-view');
      view.node.setAttribute('role', 'tabpanel');
      view.node.setAttribute('aria-label', this.labelOf(name));
      view.hide();
      this._views.set(name, view);
      this._body.addWidget(view);
    }
    this._tab = name;
    for (const [other, widget] of this._views) {
      widget.setHidden(other !== name);
    }
    this.follow();
    this._tabChanged.emit(name);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      Signal.clearData(this);
      super.dispose();
    }
  }

  /** Put the parts together; to be called once everything that views need is there. */
  protected open(header: Widget): void {
    const layout = (this.layout = new PanelLayout());
    header.addClass('jp-StudioJob-top');
    this._body.addClass('jp-StudioJob-body');
    layout.addWidget(header);
    layout.addWidget(this._body);
    this.showTab(this._tab);
  }

  protected abstract create(name: Name): Widget;

  protected abstract labelOf(name: Name): string;

  /** Follow what is seen, and nothing else. */
  protected abstract follow(): void;

  protected override onAfterShow(): void {
    this.follow();
  }

  protected override onAfterHide(): void {
    this.follow();
  }

  protected override onAfterAttach(): void {
    this.follow();
  }

  private readonly _body = new Panel();
  private readonly _tabChanged = new Signal<this, Name>(this);
  private readonly _views = new Map<Name, Widget>();
}
