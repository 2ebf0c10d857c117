import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { DiffPart } from '../../contract';

/** The parts in the order in which they are shown. */
export const PARTS: readonly DiffPart[] = [
  'notebook',
  'code',
  'environment',
  'data',
  'artifacts'
];

/** Most trials whose artefacts are shown side by side. */
export const MOST_RUNS = 4;

/** What a tab is opened with. */
export interface IDiffArgs {
  first: string;
  second: string;
  /** Each once; the two among them. */
  runs: string[];
  section?: DiffPart;
}

/** What the command was given, whoever gave it. */
export function readArgs(args: ReadonlyPartialJSONObject): IDiffArgs {
  const given: unknown[] = Array.isArray(args['runs']) ? args['runs'] : [];
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const named = [text(args['first']), text(args['second'])];
  const runs = [...new Set([...given.map(text), ...named])].filter(Boolean);
  const pair = named.filter(Boolean);
  const kept = [
    ...runs.filter(run => pair.includes(run)),
    ...runs.filter(run => !pair.includes(run))
  ].slice(0, MOST_RUNS);
  const shown = runs.filter(run => kept.includes(run));
  const first = named[0] || shown.find(run => run !== named[1]) || '';
  const second = named[1] || shown.find(run => run !== first) || '';
  const section = PARTS.find(part => part === args['section']);
  return { first, second, runs: shown, section };
}

/** The same again, to open the tab once more. */
export function runsOf(model: {
  runs: readonly string[];
  first: string;
  second: string;
  section: DiffPart;
}): ReadonlyPartialJSONObject {
  const { runs, first, second, section } = model;
  return { runs: [...runs], first, second, section };
}
