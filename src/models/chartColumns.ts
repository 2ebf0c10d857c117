import type { ComparedRow, ComparedTrial } from '../contract';
import type { IChartColumn } from '../shared/charts/types';
import { asNumber } from './trialWords';

/** Names of trials; where several have the same, with the beginning of the run id. */
export function labelsOf(
  trials: readonly Pick<ComparedTrial, 'name' | 'run_id'>[]
): string[] {
  const counts = new Map<string, number>();
  for (const { name } of trials) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return trials.map(({ name, run_id }) => {
    if (name === '') {
      return run_id.slice(0, 8);
    }
    return counts.get(name) === 1 ? name : `${name} (${run_id.slice(0, 8)})`;
  });
}

/** A row of a comparison as charts take it. `places`: which of its trials are drawn. A row that is not there has no values. */
export function chartColumn(
  key: string,
  row: ComparedRow | undefined,
  places: readonly number[]
): IChartColumn {
  const better = row?.better;
  return {
    key,
    label: row?.name ?? key,
    isNumeric: row?.numeric ?? false,
    better: better === 'lower' || better === 'higher' ? better : undefined,
    values: places.map(place => {
      const value = row?.values[place] ?? null;
      if (row?.numeric) {
        return asNumber(value);
      }
      return typeof value === 'boolean' ? String(value) : value;
    })
  };
}
