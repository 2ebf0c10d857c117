import { Notification } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import { asRequestError } from '../../client';
import type { StudioClient } from '../../client';
import type { ViewExport } from '../../contract';
import type { CompareModel } from '../../models/compareModel';
import { save } from '../../shared/saveFile';
import { CommandIDs } from '../../tokens';
import type { CompareContent } from './compareTab';
import type { CompareView } from './compareView';

type Args = ReadonlyPartialJSONObject;

export interface ICompareCommandsOptions {
  commands: CommandRegistry;
  palette: ICommandPalette | null;
  client: StudioClient;
  /** The comparison that is in front; null where none is. */
  current: () => CompareContent | null;
  /** Save one that is in front. */
  save: () => Promise<void>;
  trans: TranslationBundle;
}

/** What can be done with the comparison in front. */
export function addCompareCommands(options: ICompareCommandsOptions): void {
  const { commands, palette, client, current, trans } = options;
  const run = {
    run: { type: 'string', description: trans.__('Run id of the trial') }
  };
  const add = (
    id: string,
    label: string | ((view: CompareView | null, args: Args) => string),
    execute: (view: CompareView, args: Args) => unknown,
    args: ReadonlyJSONObject = {},
    isEdit = true
  ) => {
    commands.addCommand(id, {
      label: given =>
        typeof label === 'string'
          ? label
          : label(current()?.view ?? null, given),
      describedBy: { args: { type: 'object', properties: args } },
      isEnabled: () => {
        const view = current()?.view;
        return view != null && !(isEdit && view.model.isReadOnly);
      },
      execute: async given => {
        const view = current()?.view;
        view?.drafts.flush();
        try {
          return view ? await execute(view, given) : undefined;
        } catch (reason) {
          const { message, hint } = asRequestError(reason);
          Notification.error([message, hint].filter(Boolean).join(' '));
          return undefined;
        }
      }
    });
  };
  add(
    CommandIDs.setBaseline,
    (view, args) =>
      view?.model.baseline?.id === args['run']
        ? trans.__('No Baseline')
        : trans.__('Set as Baseline'),
    ({ model }, args) => {
      const id = text(args['run']);
      model.update({ baseline: model.baseline?.id === id ? null : id });
    },
    run
  );
  add(
    CommandIDs.hideTrial,
    (view, args) =>
      view?.model.trials.find(({ id }) => id === args['run'])?.isHidden
        ? trans.__('Draw Again')
        : trans.__('Hide'),
    ({ model }, args) => {
      const trial = model.trials.find(({ id }) => id === args['run']);
      if (trial) {
        model.hide(trial.id, !trial.isHidden);
      }
    },
    run
  );
  add(
    CommandIDs.removeTrial,
    trans.__('Take Out of the Comparison'),
    ({ model }, args) => model.remove([text(args['run'])]),
    run
  );
  add(
    CommandIDs.diffTrials,
    trans.__('Diff with the Baseline'),
    ({ model }, args) =>
      commands.hasCommand(CommandIDs.openDiffs) && model.baseline
        ? commands.execute(CommandIDs.openDiffs, {
            first: model.baseline.id,
            second: text(args['run'])
          })
        : undefined,
    run,
    false
  );
  add(
    CommandIDs.toggleDifferences,
    trans.__('Show Only What Differs'),
    ({ model }) =>
      model.update({
        only_differences: !(model.view.only_differences ?? true)
      })
  );
  add(
    CommandIDs.addToComparison,
    trans.__('Add Trials to the Comparison…'),
    async ({ model }, args) => {
      const { addTrials } = await import('./addTrials');
      await addTrials(model, client, args, trans);
    },
    {
      experiment: { type: 'string' },
      runs: { type: 'array', items: { type: 'string' } }
    }
  );
  add(
    CommandIDs.saveView,
    trans.__('Save View…'),
    () => options.save(),
    {},
    false
  );
  add(
    CommandIDs.exportView,
    trans.__('Export the Comparison as HTML'),
    async ({ model }) => {
      const title = model.view.title || trans.__('comparison');
      save(
        await client.views.export(shownBy(model)),
        `${fileName(title)}.html`
      );
    },
    {},
    false
  );
  for (const command of [
    CommandIDs.addToComparison,
    CommandIDs.toggleDifferences,
    CommandIDs.saveView,
    CommandIDs.exportView
  ]) {
    palette?.addItem({ command, category: trans.__('Studio') });
  }
}

/** A view as the tab shows it. */
function shownBy(model: CompareModel): ViewExport {
  const { view, comparison, trials } = model;
  // Charts that suit the trials are those that are seen, not those that would be chosen now.
  const charts = view.charts ?? (comparison ? [...model.charts] : null);
  return {
    view: { ...view, charts },
    colours: Object.fromEntries(trials.map(({ id, colour }) => [id, colour]))
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A name that every file system takes. */
export function fileName(title: string): string {
  const plain = title.replace(/[^\p{L}\p{N}._ -]+/gu, '_').trim();
  return plain.replace(/^\.+/, '').slice(0, 100) || 'comparison';
}
