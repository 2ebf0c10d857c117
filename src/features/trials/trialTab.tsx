import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Widget } from '@lumino/widgets';
import React from 'react';
import { ArtifactsModel } from '../../models/artifactsModel';
import type { JobsModel } from '../../models/jobsModel';
import { TrialModel } from '../../models/trialModel';
import { trialIcon } from '../../shared/icons';
import type { INotebookParts } from '../../shared/readOnlyNotebook';
import { ViewStack } from '../../shared/viewStack';
import '../../../style/base.css';
import '../../../style/tabs.css';
import { TrialArtifacts } from './components/trialArtifacts';
import { TrialHeader, tabLabels } from './components/trialHeader';
import { TrialMetrics } from './components/trialMetrics';
import { TrialOverview } from './components/trialOverview';
import { TrialParameters } from './components/trialParameters';
import {
  TrialCode,
  TrialData,
  TrialEnvironment
} from './components/trialRecord';
import { NoteDraft } from './noteDraft';
import { TrialDeeds } from './trialDeeds';
import type { TrialTabName } from './trialTabs';

export interface ITrialTabOptions {
  run: string;
  /** Name of its experiment, where that is known already. */
  experiment: string;
  jobs: JobsModel;
  commands: CommandRegistry;
  documents: IDocumentManager;
  rendermime: IRenderMimeRegistry | null;
  /** What a notebook is drawn with; null where notebooks cannot be drawn. */
  notebook: INotebookParts | null;
  /** Address of MLflow's pages that the settings name; empty: none. */
  mlflowUrl: () => string;
  trans: TranslationBundle;
}

/** Everything about one trial: a header and one of several views below it. */
export class TrialContent extends ViewStack<TrialTabName> {
  constructor(private readonly _options: ITrialTabOptions) {
    super('overview');
    const { run, jobs, trans } = _options;
    this.addClass('jp-StudioTrial');
    this.model = new TrialModel(jobs, run);
    this.artifacts = new ArtifactsModel(this.model.client);
    this.deeds = new TrialDeeds({ ..._options, model: this.model });
    this._draft = new NoteDraft(jobs.client.settings.baseUrl, run);
    this.model.changed.connect(this._onModelChanged, this);
    this.open(
      ReactWidget.create(
        <TrialHeader
          model={this.model}
          deeds={this.deeds}
          trans={trans}
          tabChanged={this.tabChanged}
          currentTab={() => this.tab}
          onTab={name => this.showTab(name)}
        />
      )
    );
  }

  readonly model: TrialModel;
  readonly artifacts: ArtifactsModel;
  readonly deeds: TrialDeeds;

  get run(): string {
    return this.model.runId;
  }

  get experiment(): string {
    return this.model.detail?.trial.experiment ?? this._options.experiment;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.model.dispose();
    super.dispose();
  }

  protected labelOf(name: TrialTabName): string {
    return tabLabels(null, this._options.trans)[name];
  }

  protected create(name: TrialTabName): Widget {
    const { notebook, rendermime, trans } = this._options;
    const { model, artifacts, deeds } = this;
    const shared = { model, deeds, trans };
    const record = {
      ...shared,
      parts: notebook,
      onArtifact: (path: string) => {
        artifacts.reveal(path);
        this.showTab('artifacts');
      }
    };
    switch (name) {
      case 'overview':
        return ReactWidget.create(
          <TrialOverview
            {...shared}
            draft={this._draft}
            rendermime={rendermime}
            onTab={tab => this.showTab(tab)}
          />
        );
      case 'metrics':
        return ReactWidget.create(<TrialMetrics {...shared} />);
      case 'parameters':
        return ReactWidget.create(<TrialParameters {...shared} />);
      case 'artifacts':
        return ReactWidget.create(
          <TrialArtifacts {...record} artifacts={artifacts} />
        );
      case 'code':
        return ReactWidget.create(<TrialCode {...record} />);
      case 'environment':
        return ReactWidget.create(<TrialEnvironment {...record} />);
      case 'data':
        return ReactWidget.create(<TrialData {...record} />);
    }
  }

  protected follow(): void {
    const isSeen = this.isVisible;
    this.model.setActive(isSeen);
    this.model.metrics?.setActive(
      isSeen && (this.tab === 'metrics' || this.tab === 'overview')
    );
  }

  private _onModelChanged(): void {
    this.follow();
    const { detail } = this.model;
    const widget = this.parent;
    if (detail && widget) {
      const { name, experiment, run_id } = detail.trial;
      widget.title.label = name || run_id.slice(0, 8);
      widget.title.caption = `${experiment} / ${name}\n${run_id}`;
    }
  }

  private readonly _draft: NoteDraft;
}

/** Make the tab of a trial. */
export function createTrialTab(
  options: ITrialTabOptions
): MainAreaWidget<TrialContent> {
  const content = new TrialContent(options);
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `studio-trial-${options.run}`;
  widget.title.icon = trialIcon;
  widget.title.label = options.trans.__('Trial');
  widget.title.closable = true;
  return widget;
}
