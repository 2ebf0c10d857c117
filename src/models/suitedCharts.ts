import { newChartId } from './views';
import type { ViewChart } from './views';

/** Lines of metrics that are drawn without being asked for. */
const MAX_LINES = 12;

/**
 * The charts as they are, and behind them what has come to suit the trials: they go on, and nothing moves meanwhile.
 * `suited`: what the server says that suits now. The same array where nothing has come.
 */
export function extendCharts(
  charts: readonly ViewChart[],
  suited: readonly ViewChart[]
): readonly ViewChart[] {
  const known = new Set(charts.map(contentOf));
  const types = new Set(charts.map(({ type }) => type));
  const next = [...charts];
  for (const chart of suited) {
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
