import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  Notification,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { asRequestError } from '../../client';
import { compareQuery, sourceOf } from '../../models/compareQuery';
import { compareIcon } from '../../shared/icons';
import { once } from '../../shared/once';
import {
  CommandIDs,
  DOMAIN,
  IComparisonViews,
  IJobsModel,
  IStudioClient,
  ITrialColours
} from '../../tokens';
import { ViewWidgetFactory } from './compareTab';
import type { CompareContent } from './compareTab';
import { LooseText } from './viewTexts';

const FACTORY = 'Studio View';
const FILE_TYPE = 'studio-view';
const SUFFIX = '.studio-view';

/** The Compare tab, and the files that keep what it shows. */
export const comparePlugin: JupyterFrontEndPlugin<IComparisonViews> = {
  id: 'studio_ext:compare',
  description: 'Trials side by side, and files that keep what is compared.',
  autoStart: true,
  provides: IComparisonViews,
  requires: [IStudioClient, IJobsModel, ITrialColours, IDocumentManager],
  optional: [
    ITranslator,
    ICommandPalette,
    ILayoutRestorer,
    IDefaultFileBrowser,
    IRenderMimeRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    client: IStudioClient,
    jobs: IJobsModel,
    colours: ITrialColours,
    documents: IDocumentManager,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    rendermime: IRenderMimeRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands, docRegistry, shell } = app;
    /** What comparisons need; their commands are there from the first one on. */
    const load = once(async () => {
      const code = await import('./lazy');
      code.addCompareCommands({
        commands,
        palette,
        client,
        current: () => front()?.content ?? null,
        save: async () => {
          const widget = front();
          if (widget) {
            await code.saveView({
              widget,
              suffix: SUFFIX,
              factory: FACTORY,
              folder: browser?.model.path ?? '',
              commands,
              contents: app.serviceManager.contents,
              documents,
              trans
            });
          }
        },
        trans
      });
      return code;
    });
    const parts = {
      client,
      jobs,
      colours,
      commands,
      rendermime,
      trans,
      load
    };

    docRegistry.addFileType({
      name: FILE_TYPE,
      displayName: trans.__('Comparison of trials'),
      extensions: [SUFFIX],
      mimeTypes: ['application/json'],
      fileFormat: 'text',
      contentType: 'file',
      icon: compareIcon
    });
    const factory = new ViewWidgetFactory(
      {
        name: FACTORY,
        label: trans.__('Comparison of Trials'),
        modelName: 'text',
        fileTypes: [FILE_TYPE],
        defaultFor: [FILE_TYPE],
        translator: translator ?? undefined
      },
      parts
    );
    const files = new WidgetTracker<MainAreaWidget<CompareContent>>({
      namespace: 'studio-views'
    });
    const loose = new WidgetTracker<MainAreaWidget<CompareContent>>({
      namespace: 'studio-comparisons'
    });
    factory.widgetCreated.connect((_, widget) => {
      void files.add(widget);
      widget.context.pathChanged.connect(() => void files.save(widget));
    });
    docRegistry.addWidgetFactory(factory);

    const front = (): MainAreaWidget<CompareContent> | null => {
      const { currentWidget } = shell;
      const found = (tracker: typeof loose) =>
        tracker.find(widget => widget === currentWidget);
      return found(loose) ?? found(files) ?? null;
    };

    /** Open a comparison that is in no file. */
    async function open(
      source: LooseText,
      id: string
    ): Promise<MainAreaWidget<CompareContent>> {
      const { createLooseTab } = await load();
      const there = loose.find(widget => widget.id === id);
      if (there) {
        shell.activateById(id);
        return there;
      }
      const widget = createLooseTab(id, source, parts, each =>
        loose.save(each)
      );
      shell.add(widget, 'main', { type: 'Studio comparison' });
      await loose.add(widget);
      shell.activateById(widget.id);
      return widget;
    }

    commands.addCommand(CommandIDs.openComparison, {
      label: trans.__('Compare Trials'),
      caption: trans.__('Show trials side by side'),
      icon: compareIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            experiment: {
              type: 'string',
              description: trans.__('Name of the experiment')
            },
            runs: {
              type: 'array',
              items: { type: 'string' },
              description: trans.__('Run ids of the trials')
            },
            view: {
              type: 'string',
              description: trans.__('Text of a view, instead of these')
            },
            id: {
              type: 'string',
              description: trans.__('Id of the tab')
            }
          }
        }
      },
      execute: async args => {
        const { experiment, runs, view, id } = args;
        const ids = Array.isArray(runs)
          ? runs.filter(each => typeof each === 'string')
          : [];
        try {
          let source: LooseText;
          if (typeof view === 'string') {
            source = new LooseText(view);
          } else if (typeof experiment === 'string' && ids.length > 0) {
            // While what shows the answer is fetched.
            client.trials.compareAhead(
              compareQuery([sourceOf(experiment, ids)])
            );
            source = (await load()).newView(experiment, ids, trans);
          } else {
            source = new LooseText();
          }
          return await open(
            source,
            typeof id === 'string' && id ? id : newId(loose)
          );
        } catch (reason) {
          Notification.error(asRequestError(reason).message);
          return undefined;
        }
      }
    });
    palette?.addItem({
      command: CommandIDs.openComparison,
      category: trans.__('Studio')
    });
    if (restorer) {
      void restorer.restore(files, {
        command: 'docmanager:open',
        args: widget => ({ path: pathOf(widget, documents), factory: FACTORY }),
        name: widget => pathOf(widget, documents)
      });
      void restorer.restore(loose, {
        command: CommandIDs.openComparison,
        args: ({ id, content }) => ({ id, view: content.source.text }),
        name: ({ id }) => id
      });
    }
    return {
      prepare: async () => (await load()).prepareLines(),
      createCharts: async model => {
        const { createCharts } = await load();
        return createCharts(model, parts);
      }
    };
  }
};

function pathOf(
  widget: MainAreaWidget<CompareContent>,
  documents: IDocumentManager
): string {
  return documents.contextForWidget(widget)?.path ?? '';
}

function newId(tracker: WidgetTracker): string {
  const make = () =>
    `studio-compare-${Math.random().toString(36).slice(2, 10)}`;
  let id = make();
  while (tracker.find(widget => widget.id === id)) {
    id = make();
  }
  return id;
}
