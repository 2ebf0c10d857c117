import type { ViewChart } from '../../../models/views';
import { chartOf, draftOf, emptyDraft, metricKey } from '../chartDraft';
import { keyFor } from '../components/columnField';

const CHARTS: ViewChart[] = [
  {
    id: '1',
    title: 'mine',
    wide: true,
    type: 'line',
    metrics: ['val loss', 'a.min', 'x`y'],
    x: 'metric',
    x_metric: 'epoch',
    log_x: true,
    log_y: true,
    smoothing: 0.5,
    group_by: 'params.lr'
  },
  {
    id: '2',
    title: '',
    wide: false,
    type: 'scatter',
    x: 'params.lr',
    y: 'metrics.m',
    colour: 'tags.t',
    size: null,
    log_x: true,
    log_y: false
  },
  {
    id: '3',
    title: '',
    wide: false,
    type: 'parallel',
    keys: ['params.a', 'metrics.b'],
    log: ['params.a'],
    colour: null
  },
  {
    id: '4',
    title: '',
    wide: false,
    type: 'box',
    by: 'params.a',
    value: 'metrics.b',
    log: true
  },
  {
    id: '5',
    title: '',
    wide: false,
    type: 'histogram',
    value: 'metrics.b',
    bins: 12
  },
  {
    id: '6',
    title: '',
    wide: false,
    type: 'heatmap',
    x: 'a',
    y: 'b',
    value: 'c'
  },
  { id: '7', title: '', wide: false, type: 'importance', metric: 'metrics.b' }
];

describe('A chart in a form', () => {
  it.each(CHARTS)('is the same again: $type', chart => {
    expect(chartOf(draftOf(chart), chart.id)).toEqual(chart);
  });

  it.each(CHARTS)('is none while something is missing: $type', ({ type }) => {
    expect(chartOf({ ...emptyDraft(), type }, 'x')).toBeNull();
  });

  it('lets wrong numbers be chosen by the chart', () => {
    const draft = { ...emptyDraft(), type: 'histogram' as const, value: 'v' };
    for (const bins of ['', 'many', '-1', '0', '1e9', 'NaN']) {
      expect(chartOf({ ...draft, bins }, 'x')).toMatchObject({ bins: null });
    }
    expect(chartOf({ ...draft, bins: '7' }, 'x')).toMatchObject({ bins: 7 });
  });
});

describe('Keys', () => {
  it.each([
    ['loss', 'metrics.loss'],
    ['val/loss', 'metrics.val/loss'],
    ['val loss', 'metrics.`val loss`'],
    ['rmse.min', 'metrics.`rmse.min`'],
    ['a`b', 'metrics.`a``b`'],
    ['größe', 'metrics.größe']
  ])('of the metric %s', (name, key) => {
    expect(metricKey(name)).toBe(key);
  });

  it('are found by what somebody types', () => {
    const offered = ['metrics.loss', 'params.lr', 'tags.lr', 'started'];
    expect(keyFor('metrics.loss', offered, 'any')).toBe('metrics.loss');
    expect(keyFor('loss', offered, 'any')).toBe('metrics.loss');
    expect(keyFor(' started ', offered, 'any')).toBe('started');
    expect(keyFor('lr', offered, 'any')).toBeNull();
    expect(keyFor('params.unknown', offered, 'any')).toBe('params.unknown');
    expect(keyFor('params.lr', ['params.x'], 'metric')).toBeNull();
    expect(keyFor('', offered, 'any')).toBe('');
    const summaries = ['metrics.rmse', 'metrics.rmse.min', 'metrics.rmse.max'];
    expect(keyFor('rmse', summaries, 'any')).toBe('metrics.rmse');
    expect(keyFor('rmse', [...summaries, 'params.rmse'], 'any')).toBeNull();
  });
});
