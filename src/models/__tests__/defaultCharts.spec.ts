import { comparedRow, comparison } from '../../__tests__/fakeComparison';
import { defaultCharts, extendCharts } from '../defaultCharts';

const flat = { lows: [1, 1, 1], highs: [1, 1, 1] };

describe('Charts that suit the trials', () => {
  it('are lines of metrics that have a history, the most interesting first', () => {
    const found = comparison(3, [
      comparedRow('metrics.count', [1, 2, 3]),
      comparedRow('metrics.train/loss', [1, 2, 3], { better: 'lower' }),
      comparedRow('metrics.val/loss', [1, 2, 3], { better: 'lower' }),
      comparedRow('metrics.once', [1, 1, 1], flat)
    ]);
    expect(
      defaultCharts(found).map(each => each.type === 'line' && each.metrics)
    ).toEqual([['val/loss'], ['train/loss'], ['count']]);
  });

  it('are at most twelve lines', () => {
    const rows = Array.from({ length: 40 }, (_, index) =>
      comparedRow(`metrics.m${index}`, [1, 2])
    );
    expect(defaultCharts(comparison(2, rows))).toHaveLength(12);
  });

  it('say what the parameters have to do with the main metric', () => {
    const ten = (value: (at: number) => number | string) =>
      Array.from({ length: 10 }, (_, at) => value(at));
    const found = comparison(10, [
      comparedRow(
        'params.lr',
        ten(at => 10 ** -at)
      ),
      comparedRow(
        'params.depth',
        ten(at => at)
      ),
      comparedRow(
        'params.optimizer',
        ten(at => (at % 2 ? 'adam' : 'sgd'))
      ),
      comparedRow('params.path', ten(at => `/tmp/${at}`).concat('/x')),
      comparedRow(
        'params.same',
        ten(() => 5)
      ),
      comparedRow(
        'metrics.rmse',
        ten(at => at),
        {
          better: 'lower',
          lows: ten(at => at) as number[],
          highs: ten(at => at) as number[]
        }
      )
    ]);
    expect(defaultCharts(found)).toEqual([
      {
        id: 'parallel-1',
        type: 'parallel',
        keys: ['params.lr', 'params.depth', 'params.optimizer', 'metrics.rmse'],
        log: ['params.lr'],
        colour: 'metrics.rmse',
        wide: true
      },
      {
        id: 'scatter-1',
        type: 'scatter',
        x: 'params.lr',
        y: 'metrics.rmse',
        log_x: true
      },
      { id: 'importance-1', type: 'importance', metric: 'metrics.rmse' }
    ]);
  });

  it('are none where nothing differs, nothing was measured, or all is NaN', () => {
    expect(defaultCharts(comparison(0, []))).toEqual([]);
    const same = [
      comparedRow('params.lr', [1, 1, 1]),
      comparedRow('metrics.m', [1, 1, 1], flat)
    ];
    expect(defaultCharts(comparison(3, same))).toEqual([]);
    const nan = comparedRow('metrics.m', ['NaN', 'NaN', null], {
      numeric: true,
      lows: [null, null, null],
      highs: [null, null, null]
    });
    expect(
      defaultCharts(
        comparison(3, [comparedRow('params.a', [1, 2, 3]), nan])
      ).filter(({ type }) => type === 'line')
    ).toEqual([]);
  });
});

describe('Charts of trials that go on', () => {
  it('stay where they are, and new ones come behind them', () => {
    const first = comparison(2, [comparedRow('metrics.a', [1, 1])]);
    const charts = defaultCharts(first);
    expect(extendCharts(charts, first)).toBe(charts);
    const later = comparison(2, [
      comparedRow('metrics.val/loss', [1, 2], { better: 'lower' }),
      comparedRow('metrics.a', [1, 1])
    ]);
    const next = extendCharts(charts, later);
    expect(next.map(each => each.type === 'line' && each.metrics[0])).toEqual([
      'a',
      'val/loss'
    ]);
    expect(new Set(next.map(({ id }) => id)).size).toBe(2);
    expect(next[0]).toBe(charts[0]);
  });

  it('are not more than twelve lines', () => {
    const rows = (from: number) =>
      comparison(
        2,
        Array.from({ length: 12 }, (_, at) =>
          comparedRow(`metrics.m${from + at}`, [1, 2])
        )
      );
    expect(extendCharts(defaultCharts(rows(0)), rows(50))).toHaveLength(12);
  });
});
