import { writeView } from '../viewText';
import {
  columnsOf,
  newChartId,
  viewOf,
  withTrials,
  withoutTrials
} from '../views';
import type { View, ViewChart } from '../views';

const trial = (run_id: string, experiment = 'e') => ({ run_id, experiment });

describe('Trials of a view', () => {
  it('are each there once, and not more than a view takes', () => {
    const ids = Array.from({ length: 300 }, (_, index) => `r${index % 250}`);
    expect(viewOf('e', ids).sources?.[0].run_ids).toHaveLength(200);
  });

  it('are added to the source of their experiment', () => {
    const view = withTrials(viewOf('e', ['a']), 'e', ['a', 'b']);
    expect(view.sources).toEqual([{ experiment: 'e', run_ids: ['a', 'b'] }]);
    const more = withTrials(view, 'f', ['c']);
    expect(more.sources?.[1]).toEqual({ experiment: 'f', run_ids: ['c'] });
    expect(withTrials(more, 'f', ['c'])).toBe(more);
  });

  it('are added beside a filter, not instead of it', () => {
    const view: View = { sources: [{ experiment: 'e', filter: 'x = 1' }] };
    expect(withTrials(view, 'e', ['a']).sources).toEqual([
      { experiment: 'e', filter: 'x = 1' },
      { experiment: 'e', run_ids: ['a'] }
    ]);
  });

  it('are taken out, with what was said of them', () => {
    const view: View = {
      ...viewOf('e', ['a', 'b', 'c']),
      baseline: 'a',
      hidden: ['a', 'b']
    };
    const left = withoutTrials(view, [], ['a']);
    expect(left.sources).toEqual([{ experiment: 'e', run_ids: ['b', 'c'] }]);
    expect(left).toMatchObject({ baseline: null, hidden: ['b'] });
    expect(withoutTrials(left, [], ['b', 'c']).sources).toEqual([]);
  });

  it('that a filter found are named when one of them is taken out', () => {
    const view: View = {
      sources: [
        { experiment: 'e', filter: 'x = 1' },
        { experiment: 'f', filter: 'y = 1' }
      ]
    };
    const shown = [trial('a'), trial('b'), trial('c', 'f')];
    expect(withoutTrials(view, shown, ['a']).sources).toEqual([
      { experiment: 'e', run_ids: ['b'] },
      { experiment: 'f', filter: 'y = 1' }
    ]);
  });
});

describe('Charts of a view', () => {
  it('name the columns that they draw', () => {
    const charts: ViewChart[] = [
      { id: '1', type: 'line', metrics: ['m'], group_by: 'params.a' },
      { id: '2', type: 'scatter', x: 'params.a', y: 'metrics.m', colour: null },
      { id: '3', type: 'parallel', keys: ['params.a', 'params.b'] },
      { id: '4', type: 'box', by: 'params.a', value: 'metrics.m' },
      { id: '5', type: 'histogram', value: 'metrics.m' },
      { id: '6', type: 'heatmap', x: 'a', y: 'b', value: 'c' },
      { id: '7', type: 'importance', metric: 'metrics.m' }
    ];
    expect(charts.map(columnsOf)).toEqual([
      ['params.a'],
      ['params.a', 'metrics.m'],
      ['params.a', 'params.b'],
      ['params.a', 'metrics.m'],
      ['metrics.m'],
      ['a', 'b', 'c'],
      ['metrics.m']
    ]);
  });

  it('get ids of their own', () => {
    const chart = (id: string): ViewChart => ({
      id,
      type: 'histogram',
      value: 'x'
    });
    expect(newChartId([])).toBe('chart-1');
    expect(newChartId([chart('chart-2'), chart('other')])).toBe('chart-3');
    expect(newChartId([chart('chart-2')])).toBe('chart-3');
  });
});

describe('The text of a view', () => {
  it('leaves out what is as usual', () => {
    const view: View = {
      version: 1,
      title: '',
      notes: '',
      sources: [
        { experiment: 'e', run_ids: [], filter: '', sort: [], limit: 20 }
      ],
      baseline: null,
      hidden: [],
      only_differences: true,
      charts: [
        {
          id: '1',
          type: 'line',
          metrics: ['m'],
          title: '',
          wide: false,
          x: 'step',
          x_metric: null,
          log_x: false,
          log_y: false,
          smoothing: 0,
          group_by: null
        }
      ]
    };
    expect(JSON.parse(writeView(view))).toEqual({
      version: 1,
      sources: [{ experiment: 'e' }],
      charts: [{ id: '1', type: 'line', metrics: ['m'] }]
    });
  });

  it('keeps everything else, and tells no charts from the usual ones', () => {
    const view: View = {
      title: '<b>',
      sources: [{ experiment: 'e', filter: 'a = 1', limit: 50 }],
      only_differences: false,
      charts: []
    };
    expect(JSON.parse(writeView(view))).toEqual({ version: 1, ...view });
    expect(JSON.parse(writeView({ charts: null }))).toEqual({ version: 1 });
    const scatter: ViewChart = {
      id: '1',
      type: 'scatter',
      x: 'step',
      y: 'b',
      log_x: true,
      wide: true
    };
    expect(JSON.parse(writeView({ charts: [scatter] })).charts).toEqual([
      scatter
    ]);
  });
});
