import { extendCharts } from '../suitedCharts';
import type { ViewChart } from '../views';

const line = (id: string, metric: string): ViewChart => ({
  id,
  type: 'line',
  metrics: [metric]
});
const scatter = (id: string, x: string): ViewChart => ({
  id,
  type: 'scatter',
  x,
  y: 'metrics.a'
});

describe('Charts of trials that go on', () => {
  it('stay where they are, and new ones come behind them', () => {
    const charts = [line('line-1', 'a')];
    expect(extendCharts(charts, [line('line-7', 'a')])).toBe(charts);
    const next = extendCharts(charts, [
      line('line-1', 'val/loss'),
      line('line-2', 'a')
    ]);
    expect(next.map(each => each.type === 'line' && each.metrics[0])).toEqual([
      'a',
      'val/loss'
    ]);
    expect(new Set(next.map(({ id }) => id)).size).toBe(2);
    expect(next[0]).toBe(charts[0]);
  });

  it('are not more than twelve lines', () => {
    const lines = (from: number) =>
      Array.from({ length: 12 }, (_, at) => line(`l${at}`, `m${from + at}`));
    expect(extendCharts(lines(0), lines(50))).toHaveLength(12);
  });

  it('are one of each other kind', () => {
    const charts = [scatter('scatter-1', 'params.lr')];
    expect(extendCharts(charts, [scatter('scatter-1', 'params.depth')])).toBe(
      charts
    );
  });
});
