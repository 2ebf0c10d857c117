import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { StudioClient } from '../../client';
import type { ExperimentsModel } from '../../models/experimentsModel';
import type { JobsModel } from '../../models/jobsModel';
import { TrialsModel } from '../../models/trialsModel';
import { experimentIcon } from '../../shared/icons';
import { TrialsTable } from './components/trialsTable';

export interface IExperimentTabOptions {
  name: string;
  client: StudioClient;
  jobs: JobsModel;
  experiments?: ExperimentsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The table of an experiment's trials as the content of a tab. */
class ExperimentContent extends ReactWidget {
  constructor(private readonly _options: IExperimentTabOptions) {
    super();
    this.addClass('jp-StudioExperiment');
    const { client, jobs, name, experiments } = _options;
    this.model = new TrialsModel(client, jobs, name, {}, experiments);
  }

  readonly model: TrialsModel;

  get experiment(): string {
    return this.model.experiment;
  }

  /** Mark the row of one trial. */
  mark(run: string): void {
    this._marked = run;
    this.update();
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    return (
      <TrialsTable
        model={this.model}
        marked={this._marked}
        commands={this._options.commands}
        trans={this._options.trans}
      />
    );
  }

  private _marked = '';
}

/** Make the tab of an experiment. */
export function createExperimentTab(
  options: IExperimentTabOptions
): MainAreaWidget<ExperimentContent> {
  const content = new ExperimentContent(options);
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `studio-experiment-${encodeURIComponent(options.name)}`;
  widget.title.icon = experimentIcon;
  widget.title.label = options.name;
  widget.title.caption = options.trans.__('Experiment %1', options.name);
  widget.title.closable = true;
  return widget;
}
