import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Widget } from '@lumino/widgets';
import React from 'react';
import { JobModel } from '../../models/jobModel';
import type { JobsModel } from '../../models/jobsModel';
import { LogModel } from '../../models/logModel';
import { MetricsModel } from '../../models/metricsModel';
import { ResourcesModel } from '../../models/resourcesModel';
import { jobIcon } from '../../shared/icons';
import type { INotebookParts } from '../../shared/readOnlyNotebook';
import { ViewStack } from '../../shared/viewStack';
import '../../../style/base.css';
import '../../../style/tabs.css';
import type { JobTabName } from './commands';
import { JobFiles } from './components/jobFiles';
import { JobHeader, tabLabels } from './components/jobHeader';
import { JobLog } from './components/jobLog';
import { JobMetrics } from './components/jobMetrics';
import { JobOverview } from './components/jobOverview';
import { JobResources } from './components/jobResources';
import { NotebookView } from './notebookView';

export interface IJobTabOptions {
  id: string;
  jobs: JobsModel;
  commands: CommandRegistry;
  documents: IDocumentManager;
  trans: TranslationBundle;
  /** What a notebook is drawn with; null where notebooks cannot be drawn. */
  notebook: INotebookParts | null;
  /** Another tab is shown. */
  onTab: () => void;
}

/** Everything about one job: a header and one of several views below it. */
export class JobContent extends ViewStack<JobTabName> {
  constructor(private readonly _options: IJobTabOptions) {
    super('overview');
    const { id, jobs, commands, trans } = _options;
    this.model = new JobModel(jobs, id);
    this.log = new LogModel(jobs.client.jobs, id);
    this.metrics = new MetricsModel(jobs, id);
    this.resources = new ResourcesModel(jobs, id);
    this.model.changed.connect(this._onModelChanged, this);
    this.open(
      ReactWidget.create(
        <JobHeader
          model={this.model}
          commands={commands}
          trans={trans}
          tabChanged={this.tabChanged}
          currentTab={() => this.tab}
          onTab={name => this.showTab(name)}
        />
      )
    );
  }

  readonly model: JobModel;
  readonly log: LogModel;
  readonly metrics: MetricsModel;
  readonly resources: ResourcesModel;

  get jobId(): string {
    return this.model.id;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.model.dispose();
    this.log.dispose();
    this.metrics.dispose();
    this.resources.dispose();
    super.dispose();
  }

  protected labelOf(name: JobTabName): string {
    return tabLabels(this._options.trans)[name];
  }

  protected create(name: JobTabName): Widget {
    const { commands, documents, trans, notebook } = this._options;
    switch (name) {
      case 'overview':
        return ReactWidget.create(
          <JobOverview
            model={this.model}
            metrics={this.metrics}
            commands={commands}
            documents={documents}
            trans={trans}
            onMetrics={() => this.showTab('metrics')}
          />
        );
      case 'metrics':
        return ReactWidget.create(
          <JobMetrics model={this.metrics} job={this.model} trans={trans} />
        );
      case 'resources':
        return ReactWidget.create(
          <JobResources model={this.resources} job={this.model} trans={trans} />
        );
      case 'log':
        return ReactWidget.create(<JobLog model={this.log} trans={trans} />);
      case 'files':
        return ReactWidget.create(
          <JobFiles model={this.model} documents={documents} trans={trans} />
        );
      case 'notebook':
        return new NotebookView({
          model: this.model,
          contents: documents.services.contents,
          commands,
          parts: notebook,
          trans
        });
    }
  }

  protected follow(): void {
    const tab = this.isVisible ? this.tab : null;
    this.log.setActive(tab === 'log');
    this.metrics.setActive(tab === 'metrics' || tab === 'overview');
    this.resources.setActive(tab === 'resources');
  }

  private _onModelChanged(): void {
    const { job } = this.model;
    const widget = this.parent;
    if (job && widget) {
      widget.title.label = job.name;
      widget.title.caption = job.notebook;
    }
  }
}

/** Make the tab of a job. */
export function createJobTab(
  options: IJobTabOptions
): MainAreaWidget<JobContent> {
  const content = new JobContent(options);
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `studio-job-${options.id}`;
  widget.title.icon = jobIcon;
  widget.title.label = options.trans.__('Job');
  widget.title.closable = true;
  content.tabChanged.connect(() => options.onTab());
  return widget;
}
