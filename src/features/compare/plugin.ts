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
import { Debouncer } from '@lumino/polling';
import { asRequestError } from '../../client';
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
import { ViewWidgetFactory, createLooseTab } from './compareTab';
import type { CompareContent } from './compareTab';
import { LooseText } from './viewTexts';

const FACTORY = 'Studio View';
const FILE_TYPE = 'studio-view';
const SUFFIX = '.studio-view';
/** How long changes of a comparison that was not saved are gathered, in milliseconds. */
const KEEP = 300;

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
        client,
        current: () => front()?.content ?? null,
        save,
        trans
      });
      for (const command of [
        CommandIDs.addToComparison,
        CommandIDs.toggleDifferences,
        CommandIDs.saveView,
        CommandIDs.exportView
      ]) {
        palette?.addItem({ command, category: trans.__('Studio') });
      }
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
      const there = loose.find(widget => widget.id === id);
      if (there) {
        shell.activateById(id);
        return there;
      }
      const widget = createLooseTab(id, source, parts);
      const name = () => {
        const model = widget.content.view?.model;
        const count = model?.trials.length ?? 0;
        widget.title.label =
          model?.view.title ||
          (count > 0
            ? trans._n('Compare %1 trial', 'Compare %1 trials', count)
            : trans.__('Compare'));
      };
      name();
      const keep = new Debouncer(() => loose.save(widget), KEEP);
      widget.disposed.connect(() => keep.dispose());
      source.changed.connect(() => void keep.invoke().catch(() => undefined));
      void widget.content.ready.then(view => view?.model.changed.connect(name));
      shell.add(widget, 'main', { type: 'Studio comparison' });
      await loose.add(widget);
      shell.activateById(widget.id);
      return widget;
    }

    async function save(): Promise<void> {
      const widget = front();
      if (!widget) {
        return;
      }
      if (widget.content.isFile) {
        await commands.execute('docmanager:save');
        return;
      }
      const { saveView } = await load();
      const path = await saveView({
        content: widget.content,
        suffix: SUFFIX,
        folder: browser?.model.path ?? '',
        contents: app.serviceManager.contents,
        documents,
        trans
      });
      // The tab of the file takes the place of the one that had none.
      if (path && documents.openOrReveal(path, FACTORY)) {
        widget.dispose();
      }
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
          const { newView } = await load();
          const source =
            typeof view === 'string'
              ? new LooseText(view)
              : typeof experiment === 'string' && ids.length > 0
                ? newView(experiment, ids, trans)
                : new LooseText();
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
