import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  InputDialog,
  Notification,
  WidgetTracker,
  showDialog
} from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Debouncer } from '@lumino/polling';
import { asRequestError } from '../../client';
import { writeView } from '../../models/viewText';
import { MAX_TRIALS, viewOf } from '../../models/views';
import { compareIcon } from '../../shared/icons';
import {
  CommandIDs,
  DOMAIN,
  IComparisonViews,
  IJobsModel,
  IStudioClient,
  ITrialColours
} from '../../tokens';
import { addCompareCommands, fileName } from './commands';
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
    const parts = { client, jobs, colours, commands, rendermime, trans };

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
      text: string,
      id: string
    ): Promise<MainAreaWidget<CompareContent>> {
      const there = loose.find(widget => widget.id === id);
      if (there) {
        shell.activateById(id);
        return there;
      }
      const source = new LooseText(text);
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
      const title = widget.content.view?.model.view.title ?? '';
      const folder = browser?.model.path ?? '';
      const { value } = await InputDialog.getText({
        title: trans.__('Save the view'),
        label: trans.__('Path'),
        text: PathExt.join(
          folder,
          `${fileName(title || trans.__('comparison'))}${SUFFIX}`
        ),
        okLabel: trans.__('Save')
      });
      if (!value?.trim()) {
        return;
      }
      const given = value.trim();
      const path = given.endsWith(SUFFIX) ? given : `${given}${SUFFIX}`;
      const { contents } = app.serviceManager;
      const opened = () => {
        const other = documents.findWidget(path, null);
        return other && documents.contextForWidget(other);
      };
      const isThere = await contents
        .get(path, { content: false })
        .then(() => true)
        .catch(() => false);
      if (isThere) {
        const { button } = await showDialog({
          title: trans.__('Replace the file?'),
          body: opened()?.model.dirty
            ? trans.__(
                '%1 is there already, and open with changes that are not saved: they will be lost.',
                path
              )
            : trans.__('%1 is there already.', path),
          buttons: [
            Dialog.cancelButton(),
            Dialog.warnButton({ label: trans.__('Replace') })
          ]
        });
        if (!button.accept) {
          return;
        }
      }
      await contents.save(path, {
        type: 'file',
        format: 'text',
        content: widget.content.source.text
      });
      // Where it is open, it still says what was there before.
      await opened()?.revert();
      // The tab of the file takes the place of the one that had none.
      if (documents.openOrReveal(path, FACTORY)) {
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
        if (ids.length > MAX_TRIALS) {
          Notification.warning(
            trans.__(
              'The first %1 of %2 trials are compared, the most that can be at once.',
              MAX_TRIALS,
              ids.length
            )
          );
        }
        const text =
          typeof view === 'string'
            ? view
            : typeof experiment === 'string' && ids.length > 0
              ? writeView(viewOf(experiment, ids))
              : '';
        try {
          return await open(
            text,
            typeof id === 'string' && id ? id : newId(loose)
          );
        } catch (reason) {
          Notification.error(asRequestError(reason).message);
          return undefined;
        }
      }
    });
    addCompareCommands({
      commands,
      client,
      current: () => front()?.content ?? null,
      save,
      trans
    });
    for (const command of [
      CommandIDs.openComparison,
      CommandIDs.addToComparison,
      CommandIDs.toggleDifferences,
      CommandIDs.saveView,
      CommandIDs.exportView
    ]) {
      palette?.addItem({ command, category: trans.__('Studio') });
    }
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
        const { createCharts } = await import('./compareView');
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
