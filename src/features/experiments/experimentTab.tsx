import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg, ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Debouncer } from '@lumino/polling';
import { Panel } from '@lumino/widgets';
import type { Widget } from '@lumino/widgets';
import React from 'react';
import type { StudioClient } from '../../client';
import type { ExperimentsModel } from '../../models/experimentsModel';
import type { JobsModel } from '../../models/jobsModel';
import type { TrialColours } from '../../models/trialColours';
import { TrialTableModel } from '../../models/trialTableModel';
import { readView } from '../../models/trialTableView';
import type { ITableView } from '../../models/trialTableView';
import { FittedSplit } from '../../shared/fittedSplit';
import { GridView } from '../../shared/grid/view';
import { experimentIcon } from '../../shared/icons';
import { CommandIDs } from '../../tokens';
import type { IComparisonViews } from '../../tokens';
import { ColumnChooser } from './components/columnChooser';
import { TableHeader } from './components/tableHeader';
import { ReadAhead } from './readAhead';
import type { SavedFilters } from './savedFilters';
import { TableUi } from './tableUi';
import { TrialActions } from './trialActions';
import { TrialCharts } from './trialCharts';
import { TrialSource } from './trialSource';

/** How long changes of the view are gathered before they are kept, in milliseconds. */
const KEEP = 250;

export interface IExperimentTabOptions {
  name: string;
  client: StudioClient;
  jobs: JobsModel;
  experiments?: ExperimentsModel;
  colours: TrialColours;
  /** Null where charts cannot be drawn. */
  views: IComparisonViews | null;
  saved: SavedFilters | null;
  state: IStateDB | null;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The table of an experiment's trials as the content of a tab. */
export class ExperimentContent extends Panel {
  constructor(
    private readonly _options: IExperimentTabOptions,
    view: ITableView
  ) {
    super();
    const { client, jobs, name, experiments, commands, views, trans } =
      _options;
    this._filter = view.filter;
    this.addClass('jp-StudioExperiment');
    this.model = new TrialTableModel({
      client,
      jobs,
      experiments,
      experiment: name,
      view
    });
    this.actions = new TrialActions(this.model, commands, trans);
    this._ahead = new ReadAhead(
      client.trials,
      name,
      this.model.selection,
      async () => views?.prepare()
    );
    this._source = new TrialSource(this.model, trans);
    this.grid = new GridView({
      source: this._source,
      actions: this.actions,
      isAllSelected: () => this.actions.isAllSelected,
      words: { best: trans.__('best'), loading: trans.__('loading') }
    });
    this.model.mayReorder = () =>
      this.model.selection.size === 0 && this.grid.isUndisturbed;
    this._chooser = this._makeChooser();
    this._exportMenu = new MenuSvg({ commands });
    for (const format of ['csv', 'parquet']) {
      this._exportMenu.addItem({
        command: CommandIDs.exportTrials,
        args: { format }
      });
    }
    this._exportMenu.addItem({ command: CommandIDs.copyTrials });
    this._body.addClass('jp-StudioExperiment-body');
    this._body.addWidget(this.grid);
    this._body.addWidget(this._chooser);
    this._split.addClass('jp-StudioExperiment-split');
    this._split.addWidget(this._body);
    this.addWidget(this._makeHeader());
    this.addWidget(this._split);
    this._source.lineOf = id => this._lineOf(id);
    _options.colours.changed.connect(this._onColours, this);
    this.ui.changed.connect(this._sync, this);
    this.model.changed.connect(this._sync, this);
    this.model.selection.changed.connect(() => {
      this._source.touch();
      this.grid.redraw();
    });
    this.model.viewChanged.connect((_, next) => {
      // To show one trial is no wish to see only that one the next time.
      const filter =
        next.filter === this._found
          ? this._filter
          : (this._filter = next.filter);
      this._unkept = { ...next, filter };
      void this._keep.invoke(this._unkept).catch(() => undefined);
    });
    this._sync();
  }

  readonly model: TrialTableModel;
  readonly actions: TrialActions;
  readonly grid: GridView;
  readonly ui = new TableUi();

  /** Null until they are shown for the first time. */
  get charts(): TrialCharts | null {
    return this._charts;
  }

  get experiment(): string {
    return this.model.experiment;
  }

  /** Mark the row of one trial, and find it where it is far down. */
  mark(run: string): void {
    this._source.marked = run;
    const reveal = (isLast: boolean) => {
      for (const [index, row] of this.model.rows.rows()) {
        if (row.id === run) {
          this.grid.reveal(index);
          return;
        }
      }
      if (isLast) {
        this._found = `run_id = ${JSON.stringify(run)}`;
        this.model.update({ filter: this._found });
      } else {
        this._whenReady(() => reveal(true));
      }
    };
    reveal(this.model.rows.isReady && !this.model.rows.isLoading);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._keep.dispose();
    this._ahead.dispose();
    this._options.colours.changed.disconnect(this._onColours, this);
    if (this._unkept) {
      void this._save(this._unkept).catch(() => undefined);
    }
    this._exportMenu.dispose();
    this._source.dispose();
    super.dispose();
    this.model.dispose();
  }

  protected override onActivateRequest(_: Message): void {
    this.grid.activate();
  }

  protected override onAfterShow(_: Message): void {
    this.model.setActive(true);
  }

  protected override onBeforeHide(_: Message): void {
    this.model.setActive(false);
    this._ahead.stop();
  }

  private _whenReady(then: () => void): void {
    const { rows } = this.model;
    const look = () => {
      if (rows.isReady && !rows.isLoading) {
        rows.changed.disconnect(look);
        then();
      }
    };
    rows.changed.connect(look);
  }

  private _makeHeader(): ReactWidget {
    const { commands, saved, trans } = this._options;
    const header = ReactWidget.create(
      <TableHeader
        model={this.model}
        ui={this.ui}
        saved={saved}
        commands={commands}
        charts={this._options.views ? () => this._charts : undefined}
        onExport={(left, top) => this._exportMenu.open(left, top)}
        trans={trans}
      />
    );
    header.addClass('jp-StudioExperiment-header');
    return header;
  }

  private _makeChooser(): ReactWidget {
    const chooser = ReactWidget.create(
      <ColumnChooser
        model={this.model}
        ui={this.ui}
        onDifferences={() => void this.actions.showDifferences()}
        onClose={() => this.ui.show(null)}
        trans={this._options.trans}
      />
    );
    chooser.addClass('jp-StudioExperiment-side');
    return chooser;
  }

  private _sync(): void {
    const { rows } = this.model;
    this.grid.setHidden(!rows.isReady || rows.total === 0);
    this._chooser.setHidden(this.ui.panel !== 'columns');
    this.grid.toggleClass('jp-mod-loading', rows.isLoading);
    const { parts } = this.model.view;
    const canChart = this._options.views !== null;
    const isChart = canChart && parts !== 'table' && rows.total > 0;
    if (isChart && !this._charts) {
      this._charts = this._makeCharts(this._options.views!);
    }
    const isOther = this._charts?.isHidden === isChart;
    const shown: Widget[] = [];
    if (!isChart || parts !== 'charts') {
      shown.push(this._body);
    }
    if (this._charts && isChart) {
      shown.push(this._charts);
    }
    this._split.showOnly(shown);
    if (isOther) {
      this._source.touch();
    }
  }

  private _makeCharts(views: IComparisonViews): TrialCharts {
    const { jobs, colours } = this._options;
    const charts = new TrialCharts(this.model, views, jobs, colours);
    charts.model.changed.connect(this._drawLines, this);
    this._split.addWidget(charts);
    this._split.setRelativeSizes([1, 1]);
    return charts;
  }

  /** The colour of a trial that is drawn, or that was and is selected. */
  private _lineOf(id: string): number | undefined {
    const { colours } = this._options;
    const isDrawn = this._charts?.draws(id) || this.model.selection.has(id);
    return isDrawn ? colours.get(id) : undefined;
  }

  /** Which rows have a line, if those are others than before. */
  private _drawLines(): void {
    const drawn = JSON.stringify(this._charts?.model.drawn);
    if (drawn !== this._drawn) {
      this._drawn = drawn;
      this._source.touch();
    }
  }

  private _onColours(): void {
    // Rows have lines only where there are charts, or are selected: a table that is hidden behind a comparison has neither.
    if (this._charts || this.model.selection.size > 0) {
      this._source.touch();
    }
  }

  private readonly _ahead: ReadAhead;
  private readonly _body = new Panel();
  private _charts: TrialCharts | null = null;
  private readonly _chooser: ReactWidget;
  private _drawn = '';
  private readonly _exportMenu: MenuSvg;
  private readonly _keep = new Debouncer<void, void, [ITableView]>(
    view => this._save(view),
    KEEP
  );
  private async _save(view: ITableView): Promise<void> {
    const { name, state } = this._options;
    this._unkept = null;
    await state?.save(
      stateKey(name),
      view as unknown as ReadonlyPartialJSONValue
    );
  }
  /** The filter of the person. */
  private _filter: string;
  /** The filter that shows the trial which was asked for. */
  private _found = '';
  private readonly _source: TrialSource;
  private readonly _split = new FittedSplit({
    orientation: 'vertical',
    spacing: 5
  });
  /** A change of the view that was not kept yet. */
  private _unkept: ITableView | null = null;
}

function stateKey(experiment: string): string {
  return `studio_ext:trials:${experiment}`;
}

/** Make the tab of an experiment, as it was left. */
export async function createExperimentTab(
  options: IExperimentTabOptions
): Promise<MainAreaWidget<ExperimentContent>> {
  const stored = await options.state
    ?.fetch(stateKey(options.name))
    .catch(() => undefined);
  const content = new ExperimentContent(options, readView(stored));
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `studio-experiment-${encodeURIComponent(options.name)}`;
  widget.title.icon = experimentIcon;
  widget.title.label = options.name;
  widget.title.caption = options.trans.__('Experiment %1', options.name);
  widget.title.closable = true;
  return widget;
}
