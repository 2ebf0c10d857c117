import { Notification } from '@jupyterlab/apputils';
import { MenuSvg, ReactWidget } from '@jupyterlab/ui-components';
import { Panel } from '@lumino/widgets';
import React from 'react';
import { CompareModel } from '../../models/compareModel';
import type { IViewTrial } from '../../models/compareModel';
import { writeView } from '../../models/viewText';
import type { IViewText } from '../../models/viewText';
import { prepareLines } from '../../shared/charts/specChart';
import { FittedSplit } from '../../shared/fittedSplit';
import { CommandIDs } from '../../tokens';
import type { ICompareParts } from './compareTab';
import { CompareUi } from './compareUi';
import type { ShownParts } from './compareUi';
import { ChartGrid } from './components/chartGrid';
import { CompareHeader } from './components/compareHeader';
import { DifferenceTable } from './components/differenceTable';
import { ViewDrafts } from './viewDrafts';
import { ViewFile } from './viewFile';

/** Trials side by side: which they are, their charts, and what differs. */
export class CompareView extends Panel {
  constructor(
    readonly source: IViewText,
    readonly isFile: boolean,
    private readonly _parts: ICompareParts
  ) {
    super();
    const { client, jobs, colours, commands, rendermime, trans } = _parts;
    this.addClass('jp-StudioCompare-view');
    this.model = new CompareModel({ client, jobs, colours });
    this.file = new ViewFile(source, this.model);
    this.drafts = new ViewDrafts(this.model);
    source.saving?.connect(this.drafts.flush, this.drafts);
    const menu = this._openMenu.bind(this);
    const header = ReactWidget.create(
      <CompareHeader
        model={this.model}
        file={this.file}
        drafts={this.drafts}
        ui={this.ui}
        isFile={isFile}
        commands={commands}
        rendermime={rendermime}
        onMenu={menu}
        trans={trans}
      />
    );
    header.addClass('jp-StudioCompare-header');
    this._charts = createCharts(this.model, _parts);
    this._table = ReactWidget.create(
      <DifferenceTable
        model={this.model}
        ui={this.ui}
        onMenu={menu}
        trans={trans}
      />
    );
    this._table.addClass('jp-StudioCompare-table');
    this._split = new FittedSplit({ orientation: 'vertical', spacing: 5 });
    this._split.addClass('jp-StudioCompare-body');
    this._split.addWidget(this._charts);
    this._split.addWidget(this._table);
    this._split.setRelativeSizes([0.56, 0.44]);
    this.addWidget(header);
    this.addWidget(this._split);
    this.ui.changed.connect(this._sync, this);
    this._sync();
  }

  readonly model: CompareModel;
  readonly file: ViewFile;
  readonly drafts: ViewDrafts;
  readonly ui = new CompareUi();

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._menu?.dispose();
    this.source.saving?.disconnect(this.drafts.flush, this.drafts);
    this.drafts.flush();
    this._offerUnkept();
    this.drafts.dispose();
    this.file.dispose();
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

  /** What could not be written, because the text cannot be read, is not lost with the tab. */
  private _offerUnkept(): void {
    const { commands, trans } = this._parts;
    const texts = this.drafts.unkept;
    if (!texts && !this.file.isBehind) {
      return;
    }
    const view = writeView({ ...this.model.view, ...texts });
    Notification.warning(
      this.file.error
        ? trans.__(
            'What you changed last is not in the comparison that was closed, as its text cannot be read.'
          )
        : trans.__(
            'What you changed last is not in the comparison that was closed, as its text was still being read.'
          ),
      {
        autoClose: false,
        actions: [
          {
            label: trans.__('Open as a new comparison'),
            callback: () =>
              void commands.execute(CommandIDs.openComparison, { view })
          }
        ]
      }
    );
  }

  private _sync(): void {
    const { shown } = this.ui;
    const parts: Record<ShownParts, ReactWidget[]> = {
      both: [this._charts, this._table],
      charts: [this._charts],
      table: [this._table]
    };
    this._split.showOnly(parts[shown]);
  }

  /** What can be done with one of the trials. */
  private _openMenu(trial: IViewTrial, left: number, top: number): void {
    const { commands } = this._parts;
    this._menu?.dispose();
    const menu = (this._menu = new MenuSvg({ commands }));
    const { experiment, run_id: run } = trial.facts;
    const { baseline } = this.model;
    menu.addItem({ command: CommandIDs.setBaseline, args: { run } });
    menu.addItem({ command: CommandIDs.hideTrial, args: { run } });
    menu.addItem({ command: CommandIDs.removeTrial, args: { run } });
    menu.addItem({ type: 'separator' });
    if (baseline && baseline.id !== trial.id) {
      menu.addItem({ command: CommandIDs.diffTrials, args: { run } });
    }
    if (commands.hasCommand(CommandIDs.showTrial)) {
      const args = { experiment, run };
      menu.addItem({ command: CommandIDs.showTrial, args });
    }
    const args = { name: experiment, run };
    menu.addItem({ command: CommandIDs.openExperiment, args });
    menu.open(left, top);
  }

  private readonly _charts: ReactWidget;
  private _menu: MenuSvg | null = null;
  private readonly _split: FittedSplit;
  private readonly _table: ReactWidget;
}

/** The charts of a comparison, also for tabs that have a table of their own. */
export function createCharts(
  model: CompareModel,
  parts: Pick<ICompareParts, 'trans'>
): ReactWidget {
  prepareLines();
  const charts = ReactWidget.create(
    <ChartGrid model={model} trans={parts.trans} />
  );
  charts.addClass('jp-StudioCompare-charts');
  return charts;
}
