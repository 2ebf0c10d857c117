import type { TranslationBundle } from '@jupyterlab/translation';
import type { Extent, TableRow } from '../../contract';
import { readKey } from '../../models/trialTableView';
import { asNumber, trialWord } from '../../models/trialWords';
import {
  baseName,
  formatAgo,
  formatDuration,
  formatNumber,
  formatParameter,
  formatTime
} from '../../shared/format';
import type { IGridCell } from '../../shared/grid/source';
import { shapeOf } from '../../shared/shapes';

export { asNumber, columnLabel, trialWord } from '../../models/trialWords';

type Value = TableRow['values'][number];

/** What a cell is made from. */
export interface ICellContext {
  row: TableRow;
  /** The value of another column of the same row. */
  read: (key: string) => Value;
  extent: Extent | null;
  /** The best value of the column; null where none is. */
  best: number | null;
  /** Whether rows stand below others. */
  isTree: boolean;
  /** Epoch seconds. */
  now: number;
  trans: TranslationBundle;
}

/** What a trial's cell shows in a column. */
export function trialCell(key: string, context: ICellContext): IGridCell {
  const { row } = context;
  if (key === 'name') {
    return nameCell(context);
  }
  if (row.is_group) {
    return groupCell(key, context);
  }
  const value = context.read(key);
  switch (key) {
    case 'status':
      return statusCell(row.status, context.trans);
    case 'started':
    case 'ended':
      return timeCell(value, context);
    case 'duration':
      return durationCell(value, context);
    case 'notebook':
    case 'parent':
    case 'job':
    case 'run_id':
    case 'commit':
      return referenceCell(key, value, context);
    default:
      return valueCell(key, value, context);
  }
}

function cell(text: string, more: Partial<IGridCell> = {}): IGridCell {
  return { text, title: text, align: 'left', tone: 'plain', ...more };
}

function nameCell({ row, isTree, trans }: ICellContext): IGridCell {
  const caret =
    row.children > 0 ? (row.is_expanded ? 'open' : 'closed') : 'none';
  const shared = {
    depth: row.depth,
    caret: isTree ? caret : undefined
  } as const;
  if (row.is_group) {
    const value = row.name === '' ? trans.__('(no value)') : row.name;
    const text = trans.__('%1 (%2)', value, formatNumber(row.children));
    return cell(text, { ...shared, title: value, tone: 'strong' });
  }
  return cell(row.name, {
    ...shared,
    title: row.name ? `${row.name}\n${row.id}` : row.id,
    tone: 'link'
  });
}

function statusCell(status: string, trans: TranslationBundle): IGridCell {
  return cell(trialWord(status, trans), { shape: shapeOf(status) });
}

function timeCell(value: Value, { now, trans }: ICellContext): IGridCell {
  return typeof value === 'number'
    ? cell(formatAgo(value, now, trans), { title: formatTime(value) })
    : cell('');
}

/** What runs goes on: its duration is counted here. */
function durationCell(value: Value, context: ICellContext): IGridCell {
  const started = context.read('started');
  const seconds =
    context.row.status === 'RUNNING' && typeof started === 'number'
      ? context.now - started
      : value;
  return typeof seconds === 'number'
    ? cell(formatDuration(seconds), { align: 'right' })
    : cell('', { align: 'right' });
}

function referenceCell(
  key: string,
  value: Value,
  { read, trans }: ICellContext
): IGridCell {
  if (value === null || value === '') {
    return cell('');
  }
  const text = String(value);
  if (key === 'notebook') {
    return cell(baseName(text), { title: text });
  }
  if (key !== 'commit') {
    return cell(text, { tone: 'code' });
  }
  const isDirty = isTrue(read('dirty'));
  return cell(`${text.slice(0, 8)}${isDirty ? '*' : ''}`, {
    tone: 'code',
    title: isDirty
      ? trans.__('%1, with changes that were not committed', text)
      : text
  });
}

function isTrue(value: Value): boolean {
  return value === true || value === 'true' || value === 'True' || value === 1;
}

function valueCell(
  key: string,
  value: Value,
  { best, row }: ICellContext
): IGridCell {
  const isMetric = readKey(key).kind === 'metric';
  if (value === null) {
    return cell('', { align: isMetric ? 'right' : 'left' });
  }
  const number = asNumber(value);
  if (isMetric && number !== null) {
    return cell(formatNumber(number), {
      title: String(number),
      align: 'right',
      isBest: row.matches && best !== null && number === best
    });
  }
  const text = String(value);
  const isNumber =
    number !== null || (text.trim() !== '' && Number.isFinite(Number(text)));
  const line = text.length > 400 ? `${text.slice(0, 400)}…` : text;
  return cell(formatParameter(line.replace(/\s+/g, ' ')), {
    title: text.slice(0, 2000),
    align: isNumber ? 'right' : 'left'
  });
}

/** A group shows the mean of its trials, or what all of them have. */
function groupCell(key: string, context: ICellContext): IGridCell {
  const { extent, trans } = context;
  const value = context.read(key);
  if (value === null || key === 'dirty') {
    return cell('');
  }
  if (key === 'status') {
    return statusCell(String(value), trans);
  }
  if (key === 'started' || key === 'ended') {
    return extent
      ? cell(formatAgo(extent.maximum, context.now, trans), {
          tone: 'dim',
          title: trans.__(
            'From %1 to %2',
            formatTime(extent.minimum),
            formatTime(extent.maximum)
          )
        })
      : cell('');
  }
  const number = asNumber(value);
  if (number === null) {
    return { ...valueCell(key, value, context), isBest: false, tone: 'dim' };
  }
  const show = key === 'duration' ? formatDuration : formatNumber;
  const isSpread = extent !== null && extent.minimum !== extent.maximum;
  return cell(show(number), {
    align: 'right',
    tone: 'dim',
    title: isSpread
      ? trans.__(
          'Mean %1, from %2 to %3',
          show(extent.mean),
          show(extent.minimum),
          show(extent.maximum)
        )
      : String(number)
  });
}
