import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  InputDialog,
  Notification,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ToolbarButton, addIcon } from '@jupyterlab/ui-components';
import { asRequestError } from '../../client';
import type { ExperimentsModel } from '../../models/experimentsModel';
import { experimentIcon } from '../../shared/icons';
import { LazySection } from '../../shared/lazySection';
import { once } from '../../shared/once';
import {
  CommandIDs,
  DOMAIN,
  IComparisonViews,
  IJobsModel,
  IStudioClient,
  IStudioPanel,
  ITrialColours
} from '../../tokens';
import type { ExperimentContent } from './experimentTab';

const PLUGIN = 'studio_ext:experiments';

/** The list of experiments and the table of each one's trials. */
export const experimentsPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'Experiments: the list, and the table of trials of each.',
  autoStart: true,
  requires: [IStudioClient, IJobsModel, IStudioPanel, ITrialColours],
  optional: [
    ITranslator,
    ICommandPalette,
    ILayoutRestorer,
    ISettingRegistry,
    IStateDB,
    IComparisonViews
  ],
  activate: (
    app: JupyterFrontEnd,
    client: IStudioClient,
    jobs: IJobsModel,
    panel: IStudioPanel,
    colours: ITrialColours,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    state: IStateDB | null,
    views: IComparisonViews | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    let experiments: ExperimentsModel | null = null;
    const load = async () => {
      const parts = await import('./lazy');
      experiments ??= new parts.ExperimentsModel(client, jobs);
      return { ...parts, model: experiments };
    };
    const section = new LazySection({
      id: 'studio-experiments-section',
      label: trans.__('Experiments'),
      makeBody: async () => {
        const { createExperimentList, model } = await load();
        return createExperimentList(model, commands, trans);
      },
      trans
    });
    section.toolbar.addItem(
      'new',
      new ToolbarButton({
        icon: addIcon,
        tooltip: trans.__('New experiment'),
        onClick: () => void commands.execute(CommandIDs.newExperiment)
      })
    );
    section.disposed.connect(() => experiments?.dispose());
    panel.addSection(section, 20);
    const tracker = new WidgetTracker<MainAreaWidget<ExperimentContent>>({
      namespace: 'studio-experiments'
    });
    const find = (name: string) =>
      tracker.find(({ content }) => content.experiment === name);
    /** What tables need; their commands are there from the first one on. */
    const loadTab = once(async () => {
      const parts = await import('./lazyTab');
      const loaded = await settings?.load(PLUGIN).catch(() => null);
      parts.addTrialCommands({
        commands,
        palette,
        current: () => tracker.currentWidget?.content ?? null,
        trans
      });
      return {
        ...parts,
        saved: loaded ? new parts.SavedFilters(loaded) : null
      };
    });

    async function open(name: string, run: string): Promise<MainAreaWidget> {
      let widget = find(name);
      if (!widget) {
        const [{ createExperimentTab, saved }, { model }] = await Promise.all([
          loadTab(),
          load()
        ]);
        const made = await createExperimentTab({
          name,
          client,
          jobs,
          experiments: model,
          colours,
          views,
          saved,
          state,
          commands,
          trans
        });
        widget = find(name);
        if (widget) {
          made.dispose();
        } else {
          widget = made;
          app.shell.add(widget, 'main', { type: 'Studio experiment' });
          await tracker.add(widget);
        }
      }
      if (run) {
        widget.content.mark(run);
      }
      app.shell.activateById(widget.id);
      return widget;
    }

    async function choose(): Promise<string | null> {
      const items = (await client.experiments.list()).map(item => item.name);
      const { value } = await InputDialog.getItem({
        title: trans.__('Which experiment?'),
        items
      });
      return value;
    }

    commands.addCommand(CommandIDs.openExperiment, {
      label: trans.__('Open Experiment…'),
      caption: trans.__('Show the trials of an experiment'),
      icon: experimentIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            name: {
              type: 'string',
              description: trans.__('Name of the experiment')
            },
            run: {
              type: 'string',
              description: trans.__('Run id of the trial to mark')
            },
            fromMenu: {
              type: 'boolean',
              description: trans.__(
                'Whether to take the row that was right-clicked'
              )
            }
          }
        }
      },
      execute: async args => {
        try {
          // Elsewhere it would be what was right-clicked some time ago.
          const row =
            args['fromMenu'] === true
              ? app.contextMenuHitTest(
                  node => node.dataset['experiment'] !== undefined
                )
              : undefined;
          const name =
            typeof args['name'] === 'string'
              ? args['name']
              : (row?.dataset['experiment'] ?? (await choose()));
          const run = typeof args['run'] === 'string' ? args['run'] : '';
          return name ? await open(name, run) : undefined;
        } catch (reason) {
          Notification.error(asRequestError(reason).message);
          return undefined;
        }
      }
    });
    commands.addCommand(CommandIDs.newExperiment, {
      label: trans.__('New Experiment…'),
      caption: trans.__('Make an experiment that collects trials'),
      icon: experimentIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const { value } = await InputDialog.getText({
          title: trans.__('New experiment'),
          label: trans.__('Name'),
          okLabel: trans.__('Create')
        });
        const name = value?.trim();
        if (!name) {
          return undefined;
        }
        try {
          const made = await client.experiments.create(name);
          await (await load()).model.load();
          return await open(made.name, '');
        } catch (reason) {
          Notification.error(asRequestError(reason).message);
          return undefined;
        }
      }
    });
    for (const command of [
      CommandIDs.openExperiment,
      CommandIDs.newExperiment
    ]) {
      palette?.addItem({ command, category: trans.__('Studio') });
    }
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openExperiment,
        args: widget => ({ name: widget.content.experiment }),
        name: widget => widget.content.experiment
      });
    }
  }
};
