import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { asRequestError } from '../../client';
import type { ExportFormat } from '../../client';
import type { TableRow } from '../../contract';
import type { TrialTableModel } from '../../models/trialTableModel';
import { MAX_COLUMNS, readKey } from '../../models/trialTableView';
import { tableCell } from '../../shared/chartData';
import { MIN_WIDTH } from '../../shared/grid/mouse';
import type { IGridActions } from '../../shared/grid/source';
import { save } from '../../shared/saveFile';
import { CommandIDs } from '../../tokens';
import { columnLabel } from './trialCells';

/** Trials that can be selected at once. */
const MAX_SELECTED = 10_000;
/** Trials whose values are copied at once. */
const MAX_COPIED = 1_000;
/** Trials that one filter can name. */
const PORTION = 200;

/** What people do with the table of trials, by pointer, key or command. */
export class TrialActions implements IGridActions {
  constructor(
    private readonly _model: TrialTableModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {}

  look(first: number, last: number): void {
    this._model.rows.look(first, last);
  }

  select(
    index: number,
    how: 'only' | 'toggle' | 'range',
    anchor: number
  ): void {
    const { selection, rows } = this._model;
    const row = rows.row(index);
    this._turn++;
    if (how === 'range') {
      const first = Math.min(index, anchor);
      const last = Math.max(index, anchor);
      const end = Math.min(last, first + MAX_SELECTED - 1);
      void this._selectFound(rows.ids(first, end), end < last);
    } else if (row?.is_group) {
      this.expand(index);
    } else if (row && how === 'toggle') {
      selection.toggle(row.id);
    } else if (row) {
      selection.set([row.id]);
    }
  }

  /** All, or none where all are. */
  selectAll(): void {
    const { selection, rows } = this._model;
    this._turn++;
    if (this.isAllSelected) {
      selection.clear();
    } else {
      const isMore = rows.matched > MAX_SELECTED;
      void this._selectFound(rows.allIds(MAX_SELECTED), isMore);
    }
  }

  get isAllSelected(): boolean | null {
    const { selection, rows } = this._model;
    if (selection.size === 0) {
      return false;
    }
    // Trials that the filter leaves out may be selected, too.
    const isSelected = ([, row]: [number, TableRow]) =>
      row.is_group || !row.matches || selection.has(row.id);
    const isAll =
      selection.size >= rows.matched && [...rows.rows()].every(isSelected);
    return isAll || null;
  }

  open(index: number): void {
    const row = this._model.rows.row(index);
    if (row?.is_group) {
      this.expand(index);
    } else if (row) {
      const { experiment } = this._model;
      const args = { run: row.id, experiment };
      void this._commands.execute(CommandIDs.showTrial, args);
    }
  }

  openJob(index: number): void {
    const row = this._model.rows.row(index);
    if (row?.job_id) {
      void this._commands.execute(CommandIDs.openJob, { id: row.job_id });
    }
  }

  expand(index: number, isOpen?: boolean): void {
    const row = this._model.rows.row(index);
    if (row && row.children > 0 && row.is_expanded !== isOpen) {
      this._model.toggle(row);
    }
  }

  sort(column: number, also: boolean): void {
    this._model.sortBy(this._model.columns[column], also);
  }

  resize(column: number, width: number): void {
    const key = this._model.columns[column];
    const rounded = Math.round(Math.min(1000, Math.max(MIN_WIDTH, width)));
    const { widths } = this._model.view;
    this._model.update({ widths: { ...widths, [key]: rounded } });
  }

  /** Move a column before another; where it goes decides whether it is pinned. */
  move(column: number, before: number): void {
    const { columns, pinned } = this._model;
    const key = columns[column];
    const isPinned = before < pinned || (before === pinned && column < pinned);
    const rest = columns.filter(each => each !== key);
    const target = before > column ? before - 1 : before;
    const next = [...rest.slice(0, target), key, ...rest.slice(target)];
    const others = this._model.view.pinned.filter(each => each !== key);
    const wanted = new Set(isPinned ? [...others, key] : others);
    const pins = next.filter(each => wanted.has(each));
    if (
      next.join('\n') !== columns.join('\n') ||
      isPinned !== column < pinned
    ) {
      this._model.show(next, pins);
    }
  }

  /** Show the selected trials side by side. */
  async compare(): Promise<void> {
    const { experiment, selection } = this._model;
    await this._commands.execute(CommandIDs.openComparison, {
      experiment,
      runs: selection.ids
    });
  }

  /** Delete the selected trials; the notice of it takes it back. */
  async delete(): Promise<void> {
    const trans = this._trans;
    const { client, selection } = this._model;
    const ids: string[] = [];
    try {
      await client.trials.delete(selection.ids, done => ids.push(...done));
    } catch (reason) {
      this._complain(reason);
    }
    if (ids.length === 0) {
      return;
    }
    selection.remove(ids);
    const said = trans._n(
      'Deleted %1 trial.',
      'Deleted %1 trials.',
      ids.length
    );
    Notification.info(said, {
      autoClose: 15_000,
      actions: [
        {
          label: trans.__('Undo'),
          callback: () => void this._restore(ids)
        }
      ]
    });
  }

  /** Put the selected rows, else the one given, on the clipboard as a table. */
  async copy(index: number): Promise<void> {
    const { selection, rows, columns } = this._model;
    const row = rows.row(index);
    const ids = selection.size > 0 ? selection.ids : row ? [row.id] : [];
    if (ids.length === 0) {
      return;
    }
    try {
      const found =
        selection.size === 0 && row?.is_group
          ? [row]
          : await this._rowsOf(ids.slice(0, MAX_COPIED));
      const lines = [
        columns.map(key => columnLabel(key, this._trans)),
        ...found.map(each => columns.map((_, i) => each.values[i] ?? ''))
      ];
      Clipboard.copyToSystem(
        lines.map(line => line.map(asField).join('\t')).join('\n')
      );
      if (ids.length > MAX_COPIED) {
        const trans = this._trans;
        Notification.warning(
          trans.__(
            'Copied the first %1 of %2 trials. Export them to have all.',
            MAX_COPIED,
            ids.length
          )
        );
      }
    } catch (reason) {
      this._complain(reason);
    }
  }

  /** Save all rows of the table in a file. */
  async export(format: ExportFormat): Promise<void> {
    const { client, experiment } = this._model;
    const task = client.trials
      .export(this._model.query(), format)
      .then(content => save(content, `${fileName(experiment)}.${format}`))
      .then(() => null);
    const trans = this._trans;
    Notification.promise(task, {
      pending: { message: trans.__('Exporting the table of %1…', experiment) },
      success: { message: () => trans.__('Exported %1.', experiment) },
      error: { message: reason => asRequestError(reason).message }
    });
    await task.catch(() => {
      // The notice says it.
    });
  }

  /** Show only the parameters that differ, among the selected trials where there are some. */
  async showDifferences(): Promise<void> {
    const { columns } = this._model;
    try {
      const differing = await this._differing();
      const kept = columns.filter(
        key => readKey(key).kind !== 'parameter' || differing.has(key)
      );
      const added = [...differing].filter(key => !kept.includes(key));
      const at = kept.findIndex(key => key === 'started');
      const place = at < 0 ? kept.length : at;
      this._model.show([
        ...kept.slice(0, place),
        ...added,
        ...kept.slice(place)
      ]);
    } catch (reason) {
      this._complain(reason);
    }
  }

  /** Keys of the parameters that differ, as many as a table can show. */
  private async _differing(): Promise<Set<string>> {
    const { client, experiment, selection } = this._model;
    const trans = this._trans;
    const isSome = selection.size > 1;
    const found = new Set<string>();
    if (isSome && selection.size > PORTION) {
      Notification.warning(
        trans.__(
          'Compared the first %1 of %2 selected trials.',
          PORTION,
          selection.size
        )
      );
    }
    for (let offset = 0; found.size < MAX_COLUMNS; offset += PORTION) {
      const { items, total } = await client.trials.columns({
        experiment,
        kind: 'parameter',
        offset,
        limit: PORTION
      });
      this._model.learn(items);
      const columns = items.map(({ key }) => key);
      const { differs } = await client.trials.table({
        ...this._model.query(),
        ...(isSome
          ? { filter: filterOf(selection.ids.slice(0, PORTION)) }
          : {}),
        columns,
        differences: true,
        group_by: null,
        tree: false,
        limit: 1
      });
      columns
        .filter((_, index) => differs[index])
        .forEach(key => found.add(key));
      if (items.length === 0 || offset + items.length >= total) {
        break;
      }
    }
    return found;
  }

  /** In the order of the table. */
  private async _rowsOf(ids: readonly string[]): Promise<TableRow[]> {
    const found: TableRow[] = [];
    for (let start = 0; start < ids.length; start += PORTION) {
      const { rows } = await this._model.client.trials.table({
        ...this._model.query(),
        filter: filterOf(ids.slice(start, start + PORTION)),
        group_by: null,
        tree: false,
        limit: PORTION
      });
      found.push(...rows);
    }
    if (ids.length > PORTION) {
      const order = await this._model.rows.allIds(MAX_SELECTED);
      const places = new Map(order?.map((id, place) => [id, place]));
      const placeOf = ({ id }: TableRow) => places.get(id) ?? Infinity;
      // Those that do not match stand last, and keep their order.
      found.sort((a, b) => {
        const [first, second] = [placeOf(a), placeOf(b)];
        return first === second ? 0 : first - second;
      });
    }
    return found;
  }

  /** Select what is found, unless something else was selected meanwhile. */
  private async _selectFound(
    asked: Promise<string[] | null>,
    isMore: boolean
  ): Promise<void> {
    const turn = this._turn;
    const trans = this._trans;
    let found: string[] | null;
    try {
      found = await asked;
    } catch (reason) {
      this._complain(reason);
      return;
    }
    if (turn !== this._turn) {
      return;
    }
    if (found === null) {
      Notification.warning(
        trans.__(
          'Nothing was selected: the order changed meanwhile. Try again.'
        )
      );
      return;
    }
    this._model.selection.set(found);
    if (isMore) {
      Notification.warning(
        trans.__(
          'Selected the first %1 trials, the most that can be selected at once.',
          MAX_SELECTED
        )
      );
    }
  }

  private async _restore(ids: readonly string[]): Promise<void> {
    const { client, selection } = this._model;
    const restored: string[] = [];
    try {
      await client.trials.restore(ids, done => restored.push(...done));
    } catch (reason) {
      this._complain(reason);
    }
    selection.set(restored);
  }

  private _complain(reason: unknown): void {
    const { message, hint } = asRequestError(reason);
    Notification.error([message, hint].filter(Boolean).join(' '));
  }

  /** Grows with every wish to select something. */
  private _turn = 0;
}

/** The filter that finds these trials. */
function filterOf(ids: readonly string[]): string {
  return `run_id in (${ids.map(id => JSON.stringify(id)).join(', ')})`;
}

/** A value in a table of text. */
function asField(value: unknown): string {
  const text = String(value);
  return text === '' || Number.isNaN(Number(text)) ? tableCell(text) : text;
}

function fileName(experiment: string): string {
  return experiment.replace(/[^\p{L}\p{N}._ -]+/gu, '_').slice(0, 100);
}
