import type { ComparedRow, Comparison } from '../contract';
import { newChartId } from './views';
import type { ViewChart } from './views';

/** Lines of metrics that are drawn without being asked for. */
const MAX_LINES = 12;
/** Axes of parallel coordinates that are chosen without being asked for. */
const MAX_AXES = 8;
/** From so many trials on a chart of each one as a point tells something. */
const SOME = 3;
/** From so many on it can be told which parameters matter. */
const MANY = 10;

const CHECKED = /(^|[^a-z])(val|valid|validation|test|eval)([^a-z]|$)/i;
const LOW = 0.01;
const HIGH = 100;

/** Charts that suit the trials: the histories of what was measured, and what the parameters have to do with it. */
export function defaultCharts(comparison: Comparison): ViewChart[] {
  const { rows, trials } = comparison;
  const metrics = rows
    .filter(({ kind }) => kind === 'metric')
    .sort((a, b) => interest(b) - interest(a));
  const charts: ViewChart[] = metrics
    .filter(hasHistory)
    .slice(0, MAX_LINES)
    .map((row, index) => ({
      id: `line-${index + 1}`,
      type: 'line',
      metrics: [row.name]
    }));
  const [main] = metrics.filter(row => row.numeric && row.differs);
  const parameters = rows.filter(
    row => row.kind === 'parameter' && row.differs && isChoice(row)
  );
  if (!main || parameters.length === 0 || trials.length < SOME) {
    return charts;
  }
  // What was tried with more values says more about the metric.
  const numeric = parameters
    .filter(row => row.numeric)
    .sort((a, b) => distinct(b) - distinct(a));
  const [first] = numeric.length > 0 ? numeric : parameters;
  const axes = [...numeric, ...parameters.filter(row => !row.numeric)];
  const shown = axes.slice(0, MAX_AXES - 1);
  if (shown.length > 1) {
    charts.push({
      id: 'parallel-1',
      type: 'parallel',
      keys: [...shown, main].map(({ key }) => key),
      log: shown.filter(isWide).map(({ key }) => key),
      colour: main.key,
      wide: true
    });
  }
  charts.push({
    id: 'scatter-1',
    type: 'scatter',
    x: first.key,
    y: main.key,
    log_x: isWide(first)
  });
  if (trials.length >= MANY) {
    charts.push({ id: 'importance-1', type: 'importance', metric: main.key });
  }
  return charts;
}

/**
 * The charts as they are, and behind them what has come to suit the trials: they go on, and nothing moves meanwhile.
 * The same array where nothing has.
 */
export function extendCharts(
  charts: readonly ViewChart[],
  comparison: Comparison
): readonly ViewChart[] {
  const known = new Set(charts.map(contentOf));
  const types = new Set(charts.map(({ type }) => type));
  const next = [...charts];
  for (const chart of defaultCharts(comparison)) {
    const isLine = chart.type === 'line';
    const lines = next.filter(({ type }) => type === 'line').length;
    const isNew = isLine
      ? lines < MAX_LINES && !known.has(contentOf(chart))
      : !types.has(chart.type);
    if (isNew) {
      next.push({ ...chart, id: newChartId(next) });
    }
  }
  return next.length === charts.length ? charts : next;
}

function contentOf(chart: ViewChart): string {
  return JSON.stringify({ ...chart, id: '' });
}

/** Whether a metric had more than one value in any of the trials. */
function hasHistory({ values, lows, highs }: ComparedRow): boolean {
  return values.some(
    (value, index) =>
      value !== null &&
      lows[index] !== null &&
      (lows[index] !== highs[index] || lows[index] !== value)
  );
}

/** What was measured on data that was held back comes first, then what is known to be good or bad. */
function interest(row: ComparedRow): number {
  return (
    (row.differs ? 4 : 0) +
    (row.better !== null ? 2 : 0) +
    (CHECKED.test(row.name) ? 1 : 0)
  );
}

function distinct({ values }: ComparedRow): number {
  return new Set(values).size;
}

/** Whether trials can be told apart by it at a glance: not a path or a text of its own for each. */
function isChoice(row: ComparedRow): boolean {
  if (row.numeric) {
    return true;
  }
  const values = new Set(row.values.filter(value => value !== null));
  return values.size > 1 && values.size <= MANY;
}

/** Whether the values are positive and spread over powers of ten. */
function isWide(row: ComparedRow): boolean {
  const values = row.values.filter(value => typeof value === 'number');
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low > 0 && (high / low >= HIGH || (low < LOW && high / low >= 8));
}
