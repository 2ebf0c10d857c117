import { Clipboard } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import type { ExportFormat } from '../../client';
import { readKey } from '../../models/trialTableView';
import { CommandIDs } from '../../tokens';
import type { ExperimentContent } from './experimentTab';

export interface ITrialCommandsOptions {
  commands: CommandRegistry;
  palette: ICommandPalette | null;
  /** The table that is in front; null where none is. */
  current: () => ExperimentContent | null;
  trans: TranslationBundle;
}

type Args = ReadonlyPartialJSONObject;

interface ICommand {
  id: string;
  label: string | ((args: Args) => string);
  /** JSON schemas of its arguments. */
  args?: ReadonlyJSONObject;
  isEnabled?: (table: ExperimentContent) => boolean;
  isToggled?: (table: ExperimentContent, args: Args) => boolean;
  execute: (
    table: ExperimentContent,
    args: Args,
    commands: CommandRegistry
  ) => unknown;
  /** Arguments with which it stands in the palette; none: it does not. */
  palette?: ReadonlyJSONObject[];
}

/** Everything that can be done with the table in front, as commands. */
export function addTrialCommands(options: ITrialCommandsOptions): void {
  const { commands, palette, current, trans } = options;
  for (const each of commandsOf(trans)) {
    commands.addCommand(each.id, {
      label:
        typeof each.label === 'string'
          ? each.label
          : args => (each.label as (args: Args) => string)(args),
      describedBy: { args: { type: 'object', properties: each.args ?? {} } },
      isEnabled: () => {
        const table = current();
        return table !== null && (each.isEnabled?.(table) ?? true);
      },
      isToggleable: each.isToggled !== undefined,
      isToggled: args => {
        const table = current();
        return table !== null && (each.isToggled?.(table, args) ?? false);
      },
      execute: args => {
        const table = current();
        return table ? each.execute(table, args, commands) : undefined;
      }
    });
    for (const args of each.palette ?? []) {
      const category = trans.__('Studio');
      palette?.addItem({ command: each.id, category, args });
    }
  }
}

function commandsOf(trans: TranslationBundle): ICommand[] {
  return [
    ...rowCommands(trans),
    ...columnCommands(trans),
    ...tableCommands(trans)
  ];
}

function rowCommands(trans: TranslationBundle): ICommand[] {
  const rowOf = (table: ExperimentContent) =>
    table.model.rows.row(table.grid.place.row);
  return [
    {
      id: CommandIDs.openTrial,
      label: trans.__('Show Trial'),
      isEnabled: table => rowOf(table)?.is_group === false,
      execute: table => table.actions.open(table.grid.place.row)
    },
    {
      id: CommandIDs.openTrialJob,
      label: trans.__('Open Job of Trial'),
      isEnabled: table => Boolean(rowOf(table)?.job_id),
      execute: table => table.actions.openJob(table.grid.place.row)
    },
    {
      id: CommandIDs.compareTrials,
      label: trans.__('Compare Selected Trials'),
      palette: [{}],
      isEnabled: table => table.model.selection.size > 1,
      execute: table => table.actions.compare()
    },
    {
      id: CommandIDs.registerTrial,
      label: trans.__('Register Model…'),
      isEnabled: table => rowOf(table)?.is_group === false,
      execute: async (table, _, commands) => {
        const run = rowOf(table)?.id ?? '';
        const made = await commands.execute(CommandIDs.registerModel, { run });
        if (document.activeElement === document.body) {
          // The menu took the focus from the table, and gave it to nobody.
          table.grid.activate();
        }
        return made;
      }
    },
    {
      id: CommandIDs.showTrialLineage,
      label: trans.__('Show Lineage'),
      isEnabled: table => rowOf(table)?.is_group === false,
      execute: (table, _, commands) =>
        commands.execute(CommandIDs.openLineage, {
          kind: 'trial',
          id: rowOf(table)?.id ?? ''
        })
    },
    {
      id: CommandIDs.copyTrials,
      label: trans.__('Copy Trials'),
      palette: [{}],
      execute: table => table.actions.copy(table.grid.place.row)
    },
    {
      id: CommandIDs.copyRunId,
      label: trans.__('Copy Run Id'),
      isEnabled: table => rowOf(table)?.is_group === false,
      execute: table => Clipboard.copyToSystem(rowOf(table)?.id ?? '')
    },
    {
      id: CommandIDs.selectAllTrials,
      label: trans.__('Select All Trials'),
      palette: [{}],
      execute: table => table.actions.selectAll()
    },
    {
      id: CommandIDs.deleteTrials,
      label: trans.__('Delete Trials'),
      palette: [{}],
      isEnabled: table => table.model.selection.size > 0,
      execute: table => table.actions.delete()
    }
  ];
}

function columnCommands(trans: TranslationBundle): ICommand[] {
  const keyOf = (table: ExperimentContent, args: Args = {}) =>
    typeof args['key'] === 'string'
      ? args['key']
      : table.model.columns[table.grid.place.column];
  const key = {
    key: {
      type: 'string',
      description: trans.__('Key of the column, such as metrics.rmse')
    }
  };
  const isMetric = (table: ExperimentContent) =>
    readKey(keyOf(table) ?? '').kind === 'metric';
  return [
    {
      id: CommandIDs.sortTrials,
      label: args =>
        args['descending']
          ? trans.__('Sort Descending')
          : trans.__('Sort Ascending'),
      args: { ...key, descending: { type: 'boolean' } },
      execute: (table, args) =>
        table.model.update({
          sort: [
            {
              key: keyOf(table, args),
              descending: args['descending'] === true
            }
          ]
        })
    },
    {
      id: CommandIDs.clearSort,
      label: trans.__('Newest Trials First'),
      palette: [{}],
      execute: table => table.model.update({ sort: [] })
    },
    {
      id: CommandIDs.pinColumn,
      label: trans.__('Pin Column'),
      args: key,
      isToggled: (table, args) =>
        table.model.view.pinned.includes(keyOf(table, args)),
      execute: (table, args) => table.model.togglePin(keyOf(table, args))
    },
    {
      id: CommandIDs.hideColumn,
      label: trans.__('Hide Column'),
      args: key,
      isEnabled: table => table.model.columns.length > 1,
      execute: (table, args) => {
        const hidden = keyOf(table, args);
        const { columns } = table.model;
        table.model.show(columns.filter(each => each !== hidden));
      }
    },
    {
      id: CommandIDs.setDirection,
      label: args =>
        args['direction'] === 'lower'
          ? trans.__('Lower Is Better')
          : trans.__('Higher Is Better'),
      args: {
        ...key,
        direction: { type: 'string', enum: ['lower', 'higher'] }
      },
      isEnabled: isMetric,
      isToggled: (table, args) =>
        table.model.direction(keyOf(table, args)) === args['direction'],
      execute: (table, args) =>
        table.model.setDirection(
          keyOf(table, args),
          args['direction'] === 'lower' ? 'lower' : 'higher'
        )
    },
    {
      id: CommandIDs.groupTrials,
      label: trans.__('Group by Column'),
      args: key,
      isToggled: (table, args) => table.model.view.group === keyOf(table, args),
      execute: (table, args) => {
        const wanted = keyOf(table, args);
        const isSame = table.model.view.group === wanted;
        table.model.update({ group: isSame ? null : wanted });
      }
    }
  ];
}

function tableCommands(trans: TranslationBundle): ICommand[] {
  return [
    {
      id: CommandIDs.filterTrials,
      label: trans.__('Filter Trials'),
      args: {
        filter: {
          type: 'string',
          description: trans.__('Filter to apply; without it, it can be typed')
        }
      },
      palette: [{}],
      execute: (table, args) => {
        if (typeof args['filter'] === 'string') {
          table.model.update({ filter: args['filter'] });
        } else {
          table.ui.wantFilter();
        }
      }
    },
    {
      id: CommandIDs.showConditions,
      label: trans.__('Filter Trials by Conditions'),
      palette: [{}],
      execute: table => table.ui.show('conditions')
    },
    {
      id: CommandIDs.showSavedFilters,
      label: trans.__('Saved Filters of Trials'),
      palette: [{}],
      execute: table => table.ui.show('saved')
    },
    {
      id: CommandIDs.chooseColumns,
      label: trans.__('Choose Columns of Trials'),
      palette: [{}],
      execute: table => table.ui.toggle('columns')
    },
    {
      id: CommandIDs.showDifferences,
      label: trans.__('Show Only Parameters That Differ'),
      palette: [{}],
      execute: table => table.actions.showDifferences()
    },
    {
      id: CommandIDs.hideConstant,
      label: trans.__('Hide Columns with One Value'),
      palette: [{}],
      isToggled: table => table.model.view.hideConstant,
      execute: table =>
        table.model.update({ hideConstant: !table.model.view.hideConstant })
    },
    {
      id: CommandIDs.toggleTree,
      label: trans.__('Trials as a Tree'),
      palette: [{}],
      isToggled: table => table.model.view.tree,
      execute: table => table.model.update({ tree: !table.model.view.tree })
    },
    {
      id: CommandIDs.exportTrials,
      label: args =>
        args['format'] === 'parquet'
          ? trans.__('Export Trials as Parquet')
          : trans.__('Export Trials as CSV'),
      args: { format: { type: 'string', enum: ['csv', 'parquet'] } },
      palette: [{ format: 'csv' }, { format: 'parquet' }],
      execute: (table, args) => {
        const format: ExportFormat =
          args['format'] === 'parquet' ? 'parquet' : 'csv';
        return table.actions.export(format);
      }
    },
    {
      id: CommandIDs.refreshTrials,
      label: trans.__('Refresh Trials'),
      palette: [{}],
      execute: table => table.model.refresh()
    }
  ];
}
