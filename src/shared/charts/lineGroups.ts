import type { TranslationBundle } from '@jupyterlab/translation';
import type { ILineGroup } from './lineData';
import { categoryOf } from './scales';
import type { IChartColumn, IChartTrial } from './types';

/** Trials with the same value of a column. A group has the colour of its first trial. */
export function lineGroups(
  column: IChartColumn,
  trials: readonly IChartTrial[],
  trans: TranslationBundle
): ILineGroup[] {
  const groups = new Map<
    number | string | null,
    { label: string; colour: number; runIds: string[] }
  >();
  trials.forEach(({ id, colour }, index) => {
    const value = column.values[index] ?? null;
    const label = value === null ? trans.__('(no value)') : categoryOf(value);
    const group = groups.get(value) ?? { label, colour, runIds: [] };
    group.runIds.push(id);
    groups.set(value, group);
  });
  const found = [...groups];
  // Numbers that look the same when they are cut short are written in full.
  const isClear =
    new Set(found.map(([, { label }]) => label)).size === found.length;
  return found.map(([value, group]) =>
    isClear || value === null ? group : { ...group, label: String(value) }
  );
}
