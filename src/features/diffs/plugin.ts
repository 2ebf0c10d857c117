import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification, WidgetTracker } from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { asRequestError } from '../../client';
import { diffIcon } from '../../shared/icons';
import { CommandIDs, DOMAIN, IStudioClient } from '../../tokens';
import type { DiffContent } from './diffTab';
import { readArgs, runsOf } from './diffArgs';

/** What differs between trials beyond numbers: the tab in which they are held against each other. */
export const diffsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio_ext:diffs',
  description: 'What differs between trials: notebook, code, data, artefacts.',
  autoStart: true,
  requires: [IStudioClient],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    client: IStudioClient,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const tracker = new WidgetTracker<MainAreaWidget<DiffContent>>({
      namespace: 'studio-diffs'
    });
    const find = (runs: readonly string[]) =>
      tracker.find(({ content }) => content.model.runs.join() === runs.join());

    app.commands.addCommand(CommandIDs.openDiffs, {
      label: trans.__('Show Differences'),
      caption: trans.__(
        'Hold the notebooks, code and artefacts of trials against each other'
      ),
      icon: diffIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            first: {
              type: 'string',
              description: trans.__('Run id of the first trial')
            },
            second: {
              type: 'string',
              description: trans.__('Run id of the second trial')
            },
            runs: {
              type: 'array',
              items: { type: 'string' },
              description: trans.__(
                'Run ids of up to four trials whose artefacts are shown side by side'
              )
            },
            section: {
              type: 'string',
              description: trans.__(
                'What is shown first: notebook, code, environment, data or artifacts'
              )
            }
          }
        }
      },
      execute: async args => {
        const { first, second, runs, section } = readArgs(args);
        if (runs.length < 2) {
          Notification.error(
            trans.__('Choose two trials to hold against each other.'),
            { autoClose: 8000 }
          );
          return undefined;
        }
        try {
          const { createDiffTab } = await import('./diffTab');
          let widget = find(runs);
          if (!widget) {
            const made = createDiffTab({ client, runs, section, trans });
            made.content.model.choose(first, second);
            made.content.model.changed.connect(() => void tracker.save(made));
            widget = made;
            app.shell.add(made, 'main', { type: 'Studio differences' });
            await tracker.add(made);
          } else {
            widget.content.model.choose(first, second);
            if (section) {
              widget.content.model.show(section);
            }
          }
          app.shell.activateById(widget.id);
          return widget;
        } catch (reason) {
          Notification.error(asRequestError(reason).message, {
            autoClose: 8000
          });
          return undefined;
        }
      }
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openDiffs,
        args: ({ content }) => runsOf(content.model),
        name: ({ content }) => content.model.runs.join('-')
      });
    }
  }
};
