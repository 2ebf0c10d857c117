import { Panel } from '@lumino/widgets';
import { asRequestError } from '../../client';
import { CompareModel } from '../../models/compareModel';
import { MAX_TRIALS } from '../../models/compareQuery';
import type { JobsModel } from '../../models/jobsModel';
import type { TrialColours } from '../../models/trialColours';
import type { TrialTableModel } from '../../models/trialTableModel';
import { writeView } from '../../models/viewText';
import type { View } from '../../models/views';
import type { IComparisonViews } from '../../tokens';

/** Trials that match of which charts are drawn. */
const FIRST = 50;

/** Charts of the trials in a table: the first that match, or those that were selected. */
export class TrialCharts extends Panel {
  constructor(
    private readonly _table: TrialTableModel,
    private readonly _views: IComparisonViews,
    jobs: JobsModel,
    colours: TrialColours
  ) {
    super();
    this.addClass('jp-StudioExperiment-charts');
    this.model = new CompareModel({
      client: _table.client,
      jobs,
      colours,
      selection: _table.selection,
      view: this._view()
    });
    _table.viewChanged.connect(this._follow, this);
    this.model.viewChanged.connect(this._keep, this);
    this.ready = this._load();
  }

  readonly model: CompareModel;

  /** Resolves when they are shown. */
  readonly ready: Promise<void>;

  /** Whether a trial is drawn. */
  draws(id: string): boolean {
    return this.isVisible && this.model.drawn.some(each => each.id === id);
  }

  /** Whether only those are drawn that were selected when this was said. */
  get isChosen(): boolean {
    return this._chosen !== null;
  }

  /** Draw what is selected now, or the first that match. */
  choose(isChosen: boolean): void {
    const { ids } = this._table.selection;
    this._chosen = isChosen && ids.length > 0 ? ids.slice(0, MAX_TRIALS) : null;
    this._leftOut = this._chosen ? ids.length - this._chosen.length : 0;
    this._follow();
  }

  /** How many of those that were selected are more than charts take. */
  get leftOut(): number {
    return this._leftOut;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._table.viewChanged.disconnect(this._follow, this);
    super.dispose();
    this.model.dispose();
  }

  protected override onAfterAttach(): void {
    this.model.setActive(this.isVisible);
  }

  protected override onAfterShow(): void {
    this.model.setActive(true);
  }

  protected override onAfterHide(): void {
    this.model.setActive(false);
  }

  protected override onBeforeDetach(): void {
    this.model.setActive(false);
  }

  private async _load(): Promise<void> {
    await this._restore();
    if (this.isDisposed) {
      return;
    }
    const charts = await this._views.createCharts(this.model);
    if (this.isDisposed) {
      charts.dispose();
    } else {
      this.addWidget(charts);
    }
  }

  /** Show the charts that were kept: the server says whether it knows them. */
  private async _restore(): Promise<void> {
    let { charts } = this._table.view;
    if (!charts) {
      return;
    }
    try {
      const text = writeView({ charts });
      charts = (await this.model.client.views.read(text)).charts ?? null;
    } catch (reason) {
      // They are of another version: those that suit the trials are shown instead.
      if (asRequestError(reason).status === 400) {
        charts = null;
      }
    }
    if (!this.isDisposed) {
      this.model.setView({ ...this.model.view, charts });
    }
  }

  /** What somebody changes of the charts is kept with the table. */
  private _keep(): void {
    this._table.update({ charts: this.model.view.charts ?? null });
  }

  private _follow(): void {
    const { sources } = this._view();
    if (JSON.stringify(sources) !== JSON.stringify(this.model.view.sources)) {
      this.model.setView({ ...this.model.view, sources });
    }
  }

  private _view(): View {
    const { experiment, view } = this._table;
    return {
      sources: [
        this._chosen
          ? { experiment, run_ids: this._chosen }
          : { experiment, filter: view.filter, sort: view.sort, limit: FIRST }
      ]
    };
  }

  private _chosen: string[] | null = null;
  private _leftOut = 0;
}
