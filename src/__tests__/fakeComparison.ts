import type { ComparedRow, ComparedTrial, Comparison } from '../contract';

export function comparedTrial(
  fields: Partial<ComparedTrial> = {}
): ComparedTrial {
  return {
    run_id: 'run0',
    experiment: 'churn',
    name: 'trial 0',
    status: 'FINISHED',
    started: 1_000,
    ended: 1_060,
    job_id: null,
    ...fields
  };
}

/** A row with these values; of a metric, with a history. */
export function comparedRow(
  key: string,
  values: ComparedRow['values'],
  fields: Partial<ComparedRow> = {}
): ComparedRow {
  const kinds = { metrics: 'metric', params: 'parameter', tags: 'tag' };
  const [prefix] = key.split('.');
  const kind = kinds[prefix as keyof typeof kinds] ?? 'attribute';
  const numbers = values.map(each => (typeof each === 'number' ? each : null));
  const isMetric = kind === 'metric';
  return {
    key,
    kind,
    name: kind === 'attribute' ? key : key.slice(prefix.length + 1),
    numeric: values.every(each => each === null || typeof each === 'number'),
    differs: new Set(values).size > 1,
    better: null,
    values,
    lows: isMetric ? numbers : [],
    highs: isMetric ? numbers.map(each => each && each + 1) : [],
    ...fields
  };
}

/** Some trials side by side: `run0`, `run1`, ... */
export function comparison(
  count: number,
  rows: ComparedRow[],
  fields: Partial<Comparison> = {}
): Comparison {
  return {
    trials: Array.from({ length: count }, (_, index) =>
      comparedTrial({ run_id: `run${index}`, name: `trial ${index}` })
    ),
    rows,
    total_rows: rows.length,
    differing_rows: rows.filter(({ differs }) => differs).length,
    missing: [],
    left_out: 0,
    charts: [],
    index: {
      phase: 'ready',
      indexed: 0,
      expected: null,
      seen: 1,
      swept: null,
      message: '',
      hint: ''
    },
    ...fields
  };
}
