import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  IToolbarWidgetRegistry,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { FileDialog, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ToolbarButton } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { runAsJobIcon } from '../../shared/icons';
import { CommandIDs, DOMAIN, IStudioClient } from '../../tokens';

const PLUGIN_ID = 'studio_ext:submit';

/** What the command takes: a form for these notebooks. */
interface IRunArgs {
  paths: string[];
  /** The job whose values fill the form. */
  job?: string;
}

/** Opens Run as job from the toolbar, file browser, launcher and palette. */
export const submitPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Runs notebooks as jobs: the form and every way to it.',
  autoStart: true,
  requires: [IStudioClient, IDocumentManager],
  optional: [
    ITranslator,
    ICommandPalette,
    ILauncher,
    ILayoutRestorer,
    INotebookTracker,
    IFileBrowserFactory,
    IToolbarWidgetRegistry,
    ISettingRegistry
  ],
  activate: (
    app: JupyterFrontEnd,
    client: IStudioClient,
    documents: IDocumentManager,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null,
    browsers: IFileBrowserFactory | null,
    toolbars: IToolbarWidgetRegistry | null,
    registry: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const tracker = new WidgetTracker<MainAreaWidget>({
      namespace: 'studio-submit'
    });
    const open = new Map<string, MainAreaWidget>();

    async function show(args: IRunArgs): Promise<MainAreaWidget> {
      const key = JSON.stringify([args.paths, args.job ?? '']);
      const existing = open.get(key);
      if (existing && !existing.isDisposed) {
        app.shell.activateById(existing.id);
        return existing;
      }
      const { createForm } = await import('./lazy');
      const widget = createForm({
        args,
        client,
        contents: app.serviceManager.contents,
        documents,
        preferences: () => Private.preferences(registry),
        trans,
        onSubmitted: jobs => void Private.opened(commands, jobs)
      });
      open.set(key, widget);
      widget.disposed.connect(() => open.delete(key));
      app.shell.add(widget, 'main', { type: 'Studio form' });
      app.shell.activateById(widget.id);
      void tracker.add(widget);
      Private.args.set(widget, args);
      return widget;
    }

    commands.addCommand(CommandIDs.runAsJob, {
      label: args =>
        args['isLauncher']
          ? trans.__('Run Notebook as Job')
          : trans.__('Run Notebook as Job…'),
      caption: trans.__('Run a notebook as a job and record it as a trial'),
      icon: runAsJobIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: {
              type: 'string',
              description: trans.__('Path of the notebook')
            },
            paths: {
              type: 'array',
              items: { type: 'string' },
              description: trans.__('Paths of several notebooks')
            },
            job: {
              type: 'string',
              description: trans.__('Id of the job whose values fill the form')
            },
            isLauncher: {
              type: 'boolean',
              description: trans.__('Whether the launcher asks')
            }
          }
        }
      },
      execute: async args => {
        const current = args['isLauncher']
          ? null
          : Private.currentPath(app, notebooks);
        const paths =
          Private.pathsOf(args) ??
          (current ? [current] : await Private.ask(documents, trans));
        if (paths.length > 0) {
          const job = typeof args['job'] === 'string' ? args['job'] : undefined;
          return show({ paths, job });
        }
        return undefined;
      }
    });

    commands.addCommand(CommandIDs.runSelected, {
      label: trans.__('Run as Job…'),
      caption: trans.__('Run the selected notebooks as jobs'),
      icon: runAsJobIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => Private.selected(browsers).length > 0,
      execute: () => {
        const paths = Private.selected(browsers);
        return paths.length > 0 ? show({ paths }) : undefined;
      }
    });

    toolbars?.addFactory<NotebookPanel>(
      'Notebook',
      'studio-run-as-job',
      panel =>
        new ToolbarButton({
          icon: runAsJobIcon,
          label: trans.__('Run as job'),
          tooltip: trans.__('Run this notebook as a job'),
          onClick: () => {
            // The path now: the notebook may have been renamed since.
            void commands.execute(CommandIDs.runAsJob, {
              path: panel.context.path
            });
          }
        })
    );
    palette?.addItem({
      command: CommandIDs.runAsJob,
      category: trans.__('Studio')
    });
    launcher?.add({
      command: CommandIDs.runAsJob,
      args: { isLauncher: true },
      category: trans.__('Other'),
      rank: 1
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.runAsJob,
        args: widget => {
          const { paths, job } = Private.args.get(widget) ?? { paths: [] };
          return job ? { paths, job } : { paths };
        },
        name: widget => JSON.stringify(Private.args.get(widget) ?? widget.id)
      });
    }
  }
};

namespace Private {
  /** What each form was opened with, to open it again after a reload. */
  export const args = new WeakMap<MainAreaWidget, IRunArgs>();

  /** What the settings say the form shall choose first. */
  export async function preferences(
    registry: ISettingRegistry | null
  ): Promise<{ runner: string; image: string }> {
    const settings = await registry?.load(PLUGIN_ID).catch(() => null);
    const text = (name: string) => {
      const value = settings?.composite[name];
      return typeof value === 'string' ? value.trim() : '';
    };
    return { runner: text('runner'), image: text('image') };
  }

  /** Paths in the arguments of a command, or null. */
  export function pathsOf(values: {
    path?: unknown;
    paths?: unknown;
  }): string[] | null {
    if (typeof values.path === 'string' && values.path !== '') {
      return [values.path];
    }
    if (Array.isArray(values.paths)) {
      return values.paths.filter(
        (item): item is string => typeof item === 'string'
      );
    }
    return null;
  }

  /** Path of the notebook that is in front, if one is. */
  export function currentPath(
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null
  ): string | null {
    const panel = notebooks?.currentWidget;
    return panel && panel === app.shell.currentWidget
      ? panel.context.path
      : null;
  }

  /** Paths of the notebooks that are selected in the file browser. */
  export function selected(browsers: IFileBrowserFactory | null): string[] {
    const browser = browsers?.tracker.currentWidget;
    return browser
      ? [...browser.selectedItems()]
          .filter(item => item.type === 'notebook')
          .map(item => item.path)
      : [];
  }

  /** Let the person choose notebooks. */
  export async function ask(
    documents: IDocumentManager,
    trans: TranslationBundle
  ): Promise<string[]> {
    const { value } = await FileDialog.getOpenFiles({
      manager: documents,
      title: trans.__('Which notebook shall run as a job?'),
      filter: model => (model.type === 'notebook' ? {} : null)
    });
    return (value ?? [])
      .filter(model => model.type === 'notebook')
      .map(model => model.path);
  }

  /** Show what was submitted: the job, or the list when there are several. */
  export async function opened(
    commands: CommandRegistry,
    jobs: readonly { id: string }[]
  ): Promise<void> {
    if (jobs.length === 1) {
      await commands.execute(CommandIDs.openJob, { id: jobs[0].id });
    } else {
      await commands.execute(CommandIDs.showPanel);
    }
  }
}
