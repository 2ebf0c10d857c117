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
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ToolbarButton, refreshIcon } from '@jupyterlab/ui-components';
import type { LineageKind } from '../../contract';
import { asRequestError } from '../../client';
import type { ModelsModel } from '../../models/modelsModel';
import { lineageIcon, modelIcon } from '../../shared/icons';
import { LazySection } from '../../shared/lazySection';
import { CommandIDs, DOMAIN, IStudioClient, IStudioPanel } from '../../tokens';
import type { LineageContent } from './lineageTab';
import type { ModelContent } from './modelTab';

const KINDS: readonly LineageKind[] = ['data', 'job', 'trial', 'model'];

/** Registered models: the list, each one's versions, and what came from what. */
export const modelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio_ext:models',
  description: 'Models: the list, the versions of each, and lineage.',
  autoStart: true,
  requires: [IStudioClient, IStudioPanel],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    client: IStudioClient,
    panel: IStudioPanel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    let models: ModelsModel | null = null;
    const load = async () => {
      const parts = await import('./lazy');
      models ??= new parts.ModelsModel(client);
      return { ...parts, models };
    };
    const section = new LazySection({
      id: 'studio-models-section',
      label: trans.__('Models'),
      makeBody: async () => {
        const { createModelList, models } = await load();
        return createModelList(models, commands, trans);
      },
      trans
    });
    section.toolbar.addItem(
      'refresh',
      new ToolbarButton({
        icon: refreshIcon,
        tooltip: trans.__('Look for models now'),
        onClick: () => void commands.execute(CommandIDs.refreshModels)
      })
    );
    section.disposed.connect(() => models?.dispose());
    panel.addSection(section, 30);
    const modelTabs = new WidgetTracker<MainAreaWidget<ModelContent>>({
      namespace: 'studio-models'
    });
    const lineageTabs = new WidgetTracker<MainAreaWidget<LineageContent>>({
      namespace: 'studio-lineage'
    });

    const openModel = async (name: string, version: string) => {
      const { createModelTab, models } = await load();
      let widget = modelTabs.find(({ content }) => content.name === name);
      if (!widget) {
        widget = createModelTab({ name, models, commands, trans });
        app.shell.add(widget, 'main', { type: 'Studio model' });
        await modelTabs.add(widget);
      }
      if (version) {
        widget.content.mark(version);
      }
      app.shell.activateById(widget.id);
      return widget;
    };

    const openLineage = async (kind: LineageKind, id: string) => {
      const { createLineageTab } = await load();
      let widget = lineageTabs.find(({ content: { model } }) => {
        return model.root.kind === kind && model.root.id === id;
      });
      if (!widget) {
        const root = { kind, id };
        widget = createLineageTab({ root, client, commands, trans });
        app.shell.add(widget, 'main', { type: 'Studio lineage' });
        await lineageTabs.add(widget);
      }
      app.shell.activateById(widget.id);
      return widget;
    };

    const choose = async () => {
      const items = (await (await load()).models.registry.list()).map(
        ({ name }) => name
      );
      if (items.length === 0) {
        Notification.info(
          trans.__('There are no models yet. Register one from a trial.')
        );
        return '';
      }
      const title = trans.__('Which model?');
      return (await InputDialog.getItem({ title, items })).value ?? '';
    };

    /** What goes wrong is said, not thrown. */
    const told = async <T>(task: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await task();
      } catch (reason) {
        Notification.error(asRequestError(reason).message);
        return undefined;
      }
    };

    commands.addCommand(CommandIDs.openModel, {
      label: trans.__('Open Model…'),
      caption: trans.__('Show the versions of a registered model'),
      icon: modelIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            name: {
              type: 'string',
              description: trans.__('Name of the model')
            },
            version: {
              type: 'string',
              description: trans.__('Version to mark')
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
      execute: args =>
        told(async () => {
          // Elsewhere it would be what was right-clicked some time ago.
          const row =
            args['fromMenu'] === true
              ? app.contextMenuHitTest(
                  node => node.dataset['model'] !== undefined
                )
              : undefined;
          const name =
            text(args['name']) || row?.dataset['model'] || (await choose());
          return name ? openModel(name, text(args['version'])) : undefined;
        })
    });
    commands.addCommand(CommandIDs.registerModel, {
      label: trans.__('Register Model…'),
      caption: trans.__('Make a version of a model out of a trial'),
      icon: modelIcon,
      describedBy: {
        args: {
          type: 'object',
          required: ['run'],
          properties: {
            run: {
              type: 'string',
              description: trans.__('Run id of the trial')
            },
            path: {
              type: 'string',
              description: trans.__('Which model of the trial')
            }
          }
        }
      },
      isEnabled: args => text(args['run']) !== '',
      execute: args =>
        told(async () => {
          const { registerModel, models } = await load();
          const [run, path] = [text(args['run']), text(args['path'])];
          return registerModel({ models, run, path, commands, trans });
        })
    });
    commands.addCommand(CommandIDs.refreshModels, {
      label: trans.__('Refresh Models'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => (await load()).models.load()
    });
    commands.addCommand(CommandIDs.openLineage, {
      label: trans.__('Show Lineage'),
      caption: trans.__('Show what something came from, and what came from it'),
      icon: lineageIcon,
      describedBy: {
        args: {
          type: 'object',
          required: ['kind', 'id'],
          properties: {
            kind: { type: 'string', enum: [...KINDS] },
            id: {
              type: 'string',
              description: trans.__(
                'Run id, job id, digest of data, or name/version of a model'
              )
            }
          }
        }
      },
      isEnabled: args => isKind(args['kind']) && text(args['id']) !== '',
      execute: args =>
        told(async () => {
          const { kind } = args;
          return isKind(kind) ? openLineage(kind, text(args['id'])) : undefined;
        })
    });
    palette?.addItem({
      command: CommandIDs.openModel,
      category: trans.__('Studio')
    });
    if (restorer) {
      void restorer.restore(modelTabs, {
        command: CommandIDs.openModel,
        args: ({ content }) => ({ name: content.name }),
        name: ({ content }) => content.name
      });
      void restorer.restore(lineageTabs, {
        command: CommandIDs.openLineage,
        args: ({ content }) => ({ ...content.model.root }),
        name: ({ content: { model } }) => `${model.root.kind}:${model.root.id}`
      });
    }
  }
};

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isKind(value: unknown): value is LineageKind {
  return KINDS.some(each => each === value);
}
