import type { SortKey, TrialColumn } from '../contract';
import type { ViewChart } from './views';

/** Which values of a metric are better. */
export type Direction = 'lower' | 'higher';

/** What somebody chose to see of an experiment's trials. */
export interface ITableView {
  /** In the filter language; empty: all. */
  filter: string;
  /** First column first; empty: newest first. */
  sort: SortKey[];
  /** Keys of the columns in order; null: the table chooses. */
  columns: string[] | null;
  /** Keys of columns that stay in sight, in order. */
  pinned: string[];
  /** Widths in pixels of columns that somebody resized. */
  widths: Record<string, number>;
  /** Column whose equal values make a group. */
  group: string | null;
  /** Whether components stand below their trial. */
  tree: boolean;
  /** Directions that somebody set, by base key of the metric. */
  directions: Record<string, Direction>;
  /** Whether columns with one value are left out. */
  hideConstant: boolean;
  /** What is shown of the trials. */
  parts: TableParts;
  /** Charts of the trials; null: those that suit them. */
  charts: ViewChart[] | null;
}

/** The table, charts of its trials, or both. */
export type TableParts = 'table' | 'charts' | 'both';

/** Largest number of columns in one answer, those for the table's own use included. */
export const MAX_COLUMNS = 290;

export function defaultView(): ITableView {
  return {
    filter: '',
    sort: [],
    columns: null,
    pinned: ['name'],
    widths: {},
    group: null,
    tree: false,
    directions: {},
    hideConstant: false,
    parts: 'table',
    charts: null
  };
}

/** The view in what was stored; whatever does not fit is left out. Whether its charts can be drawn the server knows. */
export function readView(stored: unknown): ITableView {
  const view = defaultView();
  if (!isRecord(stored)) {
    return view;
  }
  const { filter, sort, columns, pinned, widths, group, tree } = stored;
  const { directions, hideConstant } = stored;
  if (typeof filter === 'string') {
    view.filter = filter;
  }
  if (Array.isArray(sort)) {
    view.sort = sort.filter(isSortKey).slice(0, 5);
  }
  if (isTexts(columns) && columns.length > 0) {
    view.columns = [...new Set(columns)].slice(0, MAX_COLUMNS);
  }
  if (isTexts(pinned)) {
    view.pinned = [...new Set(pinned)];
  }
  if (isRecord(widths)) {
    for (const [key, width] of Object.entries(widths)) {
      if (typeof width === 'number' && width >= 24 && width <= 4000) {
        view.widths[key] = width;
      }
    }
  }
  if (typeof group === 'string' && group) {
    view.group = group;
  }
  view.tree = tree === true && view.group === null;
  if (isRecord(directions)) {
    for (const [key, direction] of Object.entries(directions)) {
      if (direction === 'lower' || direction === 'higher') {
        view.directions[key] = direction;
      }
    }
  }
  view.hideConstant = hideConstant === true;
  const { parts, charts } = stored;
  view.parts = parts === 'charts' || parts === 'both' ? parts : 'table';
  if (Array.isArray(charts)) {
    view.charts = charts as ViewChart[];
  }
  return view;
}

/** A column's key, taken apart. */
export interface IKey {
  kind: 'attribute' | 'parameter' | 'metric' | 'tag';
  /** Name of the parameter, metric or tag. */
  name: string;
  /** Which value of a metric. */
  summary: Summary;
  /** The key without its summary. */
  base: string;
}

export type Summary = 'last' | 'min' | 'max';

const KINDS: [string, IKey['kind']][] = [
  ['params.', 'parameter'],
  ['metrics.', 'metric'],
  ['tags.', 'tag']
];

/** Take a key apart that the server wrote. */
export function readKey(key: string): IKey {
  const found = KINDS.find(([prefix]) => key.startsWith(prefix));
  if (!found) {
    return { kind: 'attribute', name: key, summary: 'last', base: key };
  }
  const [prefix, kind] = found;
  const summary = kind === 'metric' ? summaryOf(key) : 'last';
  const base = summary === 'last' ? key : key.slice(0, -4);
  const text = base.slice(prefix.length);
  const quoted = text.length > 2 && text.startsWith('`') && text.endsWith('`');
  const name = quoted ? text.slice(1, -1).replace(/``/g, '`') : text;
  return { kind, name, summary, base };
}

/** The key of another value of the same metric. */
export function withSummary(base: string, summary: Summary): string {
  return summary === 'last' ? base : `${base}.${summary}`;
}

/** A name that ends so stands in backquotes, and a key then ends with one. */
function summaryOf(key: string): Summary {
  const end = key.slice(-4);
  return end === '.min' ? 'min' : end === '.max' ? 'max' : 'last';
}

/** Metrics or parameters that a table shows of itself. */
const AUTOMATIC = 8;

const FIRST = ['name', 'status'];
const LAST = ['started', 'duration', 'notebook', 'commit'];

/** Attributes in the order in which they are offered. */
export const ATTRIBUTES = [
  ...FIRST,
  'started',
  'ended',
  'duration',
  'notebook',
  'commit',
  'user',
  'job',
  'run_id',
  'parent'
];

/**
 * Which trial and how it ended, what came out, what went in, where it came from.
 * Libraries log dozens of parameters that are the same everywhere: those that
 * tell trials apart come first.
 */
export function automaticColumns(
  metrics: readonly TrialColumn[],
  parameters: readonly TrialColumn[]
): string[] {
  const differing = parameters.filter(({ constant }) => !constant);
  const shown = differing.length > 0 ? differing : parameters;
  return [
    ...FIRST,
    ...chosen(metrics).map(({ key }) => key),
    ...chosen(shown).map(({ key }) => key),
    ...LAST
  ];
}

/** Those that most trials have, in their own order. */
function chosen(columns: readonly TrialColumn[]): TrialColumn[] {
  if (columns.length <= AUTOMATIC) {
    return [...columns];
  }
  const best = new Set(
    [...columns].sort((a, b) => weight(b) - weight(a)).slice(0, AUTOMATIC)
  );
  return columns.filter(column => best.has(column));
}

function weight({ count, constant }: TrialColumn): number {
  return constant ? count / 2 : count;
}

/** The columns in their order on the screen: pinned ones first. */
export function arrange(
  columns: readonly string[],
  pinned: readonly string[]
): { columns: string[]; pinned: number } {
  const first = pinned.filter(key => columns.includes(key));
  return {
    columns: [...first, ...columns.filter(key => !first.includes(key))],
    pinned: first.length
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.every(
      item => typeof item === 'string' && item.length > 0 && item.length <= 600
    )
  );
}

function isSortKey(value: unknown): value is SortKey {
  return (
    isRecord(value) &&
    isTexts([value['key']]) &&
    (value['descending'] === undefined ||
      typeof value['descending'] === 'boolean')
  );
}
