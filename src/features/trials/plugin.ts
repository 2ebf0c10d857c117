import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { trialIcon } from '../../shared/icons';
import { CommandIDs, DOMAIN, IJobsModel } from '../../tokens';
import type { TrialContent } from './trialTab';
import { toTrialTab } from './trialTabs';
import type { TrialTabName } from './trialTabs';

const PLUGIN = 'studio_ext:trials';

/** The tab of a trial. */
export const trialsPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'Trials: a tab with everything about one trial.',
  autoStart: true,
  requires: [IJobsModel, IDocumentManager],
  optional: [
    ITranslator,
    ILayoutRestorer,
    IRenderMimeRegistry,
    NotebookPanel.IContentFactory,
    IEditorServices,
    ISettingRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    jobs: IJobsModel,
    documents: IDocumentManager,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    rendermime: IRenderMimeRegistry | null,
    contentFactory: NotebookPanel.IContentFactory | null,
    editors: IEditorServices | null,
    settings: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const tracker = new WidgetTracker<MainAreaWidget<TrialContent>>({
      namespace: 'studio-trials'
    });
    const find = (run: string) =>
      tracker.find(({ content }) => content.run === run);
    let mlflowUrl = '';
    // Without its settings the address that the server knows is used.
    void settings
      ?.load(PLUGIN)
      .then(loaded => {
        const read = () => {
          mlflowUrl = String(loaded.get('mlflowUrl').composite ?? '');
          tracker.forEach(({ content }) => content.model.settingsChanged());
        };
        read();
        loaded.changed.connect(read);
      })
      .catch(() => undefined);

    async function show(
      run: string,
      experiment: string,
      tab?: TrialTabName
    ): Promise<MainAreaWidget> {
      let widget = find(run);
      if (!widget) {
        const { createTrialTab } = await import('./trialTab');
        // Another click may have made it while the code was fetched.
        widget = find(run);
        if (!widget) {
          const made = createTrialTab({
            run,
            experiment,
            jobs,
            commands,
            documents,
            rendermime,
            notebook:
              rendermime && contentFactory && editors
                ? {
                    rendermime,
                    contentFactory,
                    mimeTypeService: editors.mimeTypeService
                  }
                : null,
            mlflowUrl: () => mlflowUrl,
            trans
          });
          widget = made;
          app.shell.add(made, 'main', { type: 'Studio trial' });
          await tracker.add(made);
          made.content.tabChanged.connect(() => void tracker.save(made));
        }
      }
      if (tab) {
        widget.content.showTab(tab);
      }
      app.shell.activateById(widget.id);
      return widget;
    }

    commands.addCommand(CommandIDs.showTrial, {
      label: trans.__('Show Trial'),
      caption: trans.__('Show everything about a trial'),
      icon: trialIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            run: { type: 'string', description: trans.__('Run id') },
            experiment: {
              type: 'string',
              description: trans.__('Name of the experiment')
            },
            tab: {
              type: 'string',
              description: trans.__('View of the trial to show')
            }
          },
          required: ['run']
        }
      },
      isEnabled: args => typeof args['run'] === 'string',
      execute: async args => {
        const { run, experiment } = args;
        return typeof run === 'string' && run
          ? show(run, String(experiment ?? ''), toTrialTab(args['tab']))
          : undefined;
      }
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.showTrial,
        args: ({ content: { run, experiment, tab } }) => ({
          run,
          experiment,
          tab
        }),
        name: ({ content }) => content.run
      });
    }
  }
};
