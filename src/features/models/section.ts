import type { TranslationBundle } from '@jupyterlab/translation';
import {
  PanelWithToolbar,
  ToolbarButton,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';

/** The section Models of the side bar panel; its list is made when it is first seen. */
export class ModelsSection extends PanelWithToolbar {
  constructor(
    private readonly _options: {
      makeList: () => Promise<Widget>;
      onRefresh: () => void;
      trans: TranslationBundle;
    }
  ) {
    super();
    const { onRefresh, trans } = _options;
    this.id = 'studio-models-section';
    this.addClass('jp-StudioSection');
    this.title.label = trans.__('Models');
    this.toolbar.addItem(
      'refresh',
      new ToolbarButton({
        icon: refreshIcon,
        tooltip: trans.__('Look for models now'),
        onClick: onRefresh
      })
    );
  }

  protected override onAfterAttach(): void {
    this._seen();
  }

  protected override onAfterShow(): void {
    this._seen();
  }

  private _seen(): void {
    if (!this.isVisible || this._isMade) {
      return;
    }
    this._isMade = true;
    void this._options.makeList().then(list => {
      if (this.isDisposed) {
        list.dispose();
        return;
      }
      list.addClass('jp-StudioSection-body');
      this.addWidget(list);
    });
  }

  private _isMade = false;
}
