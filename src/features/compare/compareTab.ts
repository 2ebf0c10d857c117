import { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { Panel } from '@lumino/widgets';
import type { StudioClient } from '../../client';
import type { JobsModel } from '../../models/jobsModel';
import type { TrialColours } from '../../models/trialColours';
import type { IViewText } from '../../models/viewText';
import { compareIcon } from '../../shared/icons';
import type { CompareView } from './compareView';
import { DocumentText } from './viewTexts';

/** What every comparison needs. */
export interface ICompareParts {
  client: StudioClient;
  jobs: JobsModel;
  colours: TrialColours;
  commands: CommandRegistry;
  /** Null where Markdown cannot be drawn: notes are shown as they are written. */
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
  /** What is loaded when the first comparison is opened. */
  load: () => Promise<{ CompareView: typeof CompareView }>;
}

/** A comparison as the content of a tab; its code is loaded when the first one is opened. */
export class CompareContent extends Panel {
  /**
   * @param source - where its view is kept.
   * @param isFile - whether that is a file.
   */
  constructor(
    readonly source: IViewText,
    readonly isFile: boolean,
    private readonly _parts: ICompareParts
  ) {
    super();
    this.addClass('jp-StudioCompare');
    this.toggleClass('jp-mod-loose', !isFile);
    this.ready = this._load();
  }

  /** Resolves when it is shown. */
  readonly ready: Promise<CompareView | null>;

  /** Null until its code is there. */
  get view(): CompareView | null {
    return this._view;
  }

  private async _load(): Promise<CompareView | null> {
    await this._parts.colours.ready;
    // An empty text would be taken for an empty view.
    await this.source.ready;
    const { CompareView } = await this._parts.load();
    if (this.isDisposed) {
      return null;
    }
    this._view = new CompareView(this.source, this.isFile, this._parts);
    this.addWidget(this._view);
    return this._view;
  }

  private _view: CompareView | null = null;
}

/** Opens `.studio-view` files. */
export class ViewWidgetFactory extends ABCWidgetFactory<
  DocumentWidget<CompareContent>
> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions,
    private readonly _parts: ICompareParts
  ) {
    super(options);
  }

  protected createNewWidget(
    context: DocumentRegistry.Context
  ): DocumentWidget<CompareContent> {
    const content = new CompareContent(
      new DocumentText(context),
      true,
      this._parts
    );
    const widget = new DocumentWidget({ content, context });
    widget.toolbar.hide();
    widget.title.icon = compareIcon;
    return widget;
  }
}
