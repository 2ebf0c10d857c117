import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelWithToolbar } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';

/** A section of the side bar panel, whose body is loaded when it is first seen. */
export class LazySection extends PanelWithToolbar {
  constructor(
    private readonly _options: {
      id: string;
      label: string;
      makeBody: () => Promise<Widget>;
      trans: TranslationBundle;
    }
  ) {
    super();
    const { id, label } = _options;
    this.id = id;
    this.addClass('jp-StudioSection');
    this.title.label = label;
  }

  protected override onAfterAttach(): void {
    void this._load();
  }

  protected override onAfterShow(): void {
    void this._load();
  }

  private async _load(): Promise<void> {
    if (!this.isVisible || this._isLoaded) {
      return;
    }
    this._isLoaded = true;
    const failed = this._body;
    try {
      this._body = await this._options.makeBody();
      this._body.addClass('jp-StudioSection-body');
    } catch {
      // A server that is away: it is tried again when the section is seen again.
      this._isLoaded = false;
      this._body = this._sorry();
    }
    failed?.dispose();
    if (this.isDisposed) {
      this._body.dispose();
      return;
    }
    this.addWidget(this._body);
  }

  private _sorry(): Widget {
    const { trans } = this._options;
    const body = new Widget();
    body.addClass('jp-StudioEmpty');
    body.node.setAttribute('role', 'alert');
    body.node.textContent = trans.__(
      'This could not be loaded. Is the server there? Close the panel and open it again.'
    );
    return body;
  }

  private _body: Widget | null = null;
  private _isLoaded = false;
}
