import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, DOMAIN, IJobsModel, IStudioPanel } from '../../tokens';
import { addJobCommands } from './commands';
import type { JobTabName } from './commands';
import { OutputRefresher } from './outputRefresher';
import { createJobsSection } from './jobsSection';

/** A job's tab as far as the plugin needs to know it. */
interface IJobContent {
  jobId: string;
  tab: JobTabName;
  showTab(name: JobTabName): void;
}

/** The list of jobs, the tab of a job, and all commands on jobs. */
export const jobsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio_ext:jobs',
  description: 'Jobs: the live list, the tab of each job, their commands.',
  autoStart: true,
  requires: [IJobsModel, IStudioPanel, IDocumentManager],
  optional: [
    ITranslator,
    ICommandPalette,
    ILayoutRestorer,
    IRenderMimeRegistry,
    NotebookPanel.IContentFactory,
    IEditorServices
  ],
  activate: (
    app: JupyterFrontEnd,
    jobs: IJobsModel,
    panel: IStudioPanel,
    documents: IDocumentManager,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    rendermime: IRenderMimeRegistry | null,
    contentFactory: NotebookPanel.IContentFactory | null,
    editors: IEditorServices | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const { section, reload } = createJobsSection({ jobs, commands, trans });
    panel.addSection(section, 10);
    const refresher = new OutputRefresher(jobs, () =>
      [...app.shell.widgets('main')].map(widget =>
        documents.contextForWidget(widget)
      )
    );
    section.disposed.connect(() => refresher.dispose());

    const tracker = new WidgetTracker<MainAreaWidget>({
      namespace: 'studio-jobs'
    });
    const contentOf = (widget: MainAreaWidget) =>
      widget.content as unknown as IJobContent;

    async function open(id: string, tab?: JobTabName): Promise<MainAreaWidget> {
      let widget = tracker.find(item => contentOf(item).jobId === id);
      if (!widget) {
        const { createJobTab } = await import('./jobTab');
        // Another click may have made it while the code was fetched.
        widget = tracker.find(item => contentOf(item).jobId === id);
        if (!widget) {
          const created = createJobTab({
            id,
            jobs,
            commands,
            documents,
            trans,
            notebook:
              rendermime && contentFactory && editors
                ? {
                    rendermime,
                    contentFactory,
                    mimeTypeService: editors.mimeTypeService
                  }
                : null,
            onTab: () => void tracker.save(created)
          });
          widget = created;
          app.shell.add(widget, 'main', { type: 'Studio job' });
          await tracker.add(widget);
        }
      }
      if (tab) {
        contentOf(widget).showTab(tab);
      }
      app.shell.activateById(widget.id);
      return widget;
    }

    addJobCommands({
      app,
      documents,
      jobs,
      trans,
      open,
      current: () => {
        const widget = tracker.currentWidget;
        return widget && widget === app.shell.currentWidget
          ? contentOf(widget).jobId
          : null;
      },
      reload
    });
    for (const command of [
      CommandIDs.openOutput,
      CommandIDs.saveCopy,
      CommandIDs.showLog,
      CommandIDs.stopJob,
      CommandIDs.runAgain,
      CommandIDs.deleteJob,
      CommandIDs.refreshJobs
    ]) {
      palette?.addItem({ command, category: trans.__('Studio') });
    }
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openJob,
        args: widget => {
          const { jobId, tab } = contentOf(widget);
          return { id: jobId, tab };
        },
        name: widget => contentOf(widget).jobId
      });
    }
  }
};
