import { makeColumn } from '../../__tests__/fakeTrials';
import {
  arrange,
  automaticColumns,
  defaultView,
  MAX_COLUMNS,
  readKey,
  readView,
  withSummary
} from '../trialTableView';

describe('readView', () => {
  it('takes back what was kept', () => {
    const view = {
      ...defaultView(),
      filter: 'metrics.rmse < 1',
      sort: [{ key: 'metrics.rmse', descending: true }],
      columns: ['name', 'metrics.rmse'],
      pinned: ['name', 'status'],
      widths: { name: 300 },
      directions: { 'metrics.rmse': 'lower' as const },
      tree: true,
      hideConstant: true,
      charts: [{ id: 'a', type: 'line' as const, metrics: ['loss'] }]
    };
    expect(readView(JSON.parse(JSON.stringify(view)))).toEqual(view);
  });

  it.each([
    undefined,
    null,
    7,
    'text',
    [],
    {},
    { columns: 'name', sort: 3, pinned: [1], widths: [], filter: null },
    { columns: [], sort: [{ key: 5 }, null], directions: { a: 'up' } },
    { widths: { name: 'wide', status: -4, x: 1e9 }, tree: 'yes', group: 4 }
  ])('begins anew with %j', stored => {
    expect(readView(stored)).toEqual(defaultView());
  });

  it('keeps the good parts, each column once and not too many', () => {
    const columns = Array.from({ length: 400 }, (_, i) => `metrics.m${i}`);
    const view = readView({ columns: ['name', 'name', ...columns], sort: 1 });
    expect(view.columns).toHaveLength(MAX_COLUMNS);
    expect(view.columns!.slice(0, 2)).toEqual(['name', 'metrics.m0']);
  });

  it('is a tree or in groups, not both', () => {
    const view = readView({ group: 'params.a', tree: true });
    expect([view.group, view.tree]).toEqual(['params.a', false]);
  });
});

describe('readKey', () => {
  it.each([
    ['started', 'attribute', 'started', 'last', 'started'],
    ['params.lr', 'parameter', 'lr', 'last', 'params.lr'],
    ['tags.stage', 'tag', 'stage', 'last', 'tags.stage'],
    ['metrics.rmse', 'metric', 'rmse', 'last', 'metrics.rmse'],
    ['metrics.rmse.min', 'metric', 'rmse', 'min', 'metrics.rmse'],
    ['metrics.a.b.max', 'metric', 'a.b', 'max', 'metrics.a.b'],
    ['metrics.`val loss`', 'metric', 'val loss', 'last', 'metrics.`val loss`'],
    ['metrics.`a``b`.min', 'metric', 'a`b', 'min', 'metrics.`a``b`'],
    ['metrics.`x.min`', 'metric', 'x.min', 'last', 'metrics.`x.min`'],
    ['params.x.min', 'parameter', 'x.min', 'last', 'params.x.min']
  ])('takes %s apart', (key, kind, name, summary, base) => {
    expect(readKey(key)).toEqual({ kind, name, summary, base });
    if (summary !== 'last') {
      expect(withSummary(base, summary as 'min')).toBe(key);
    }
  });
});

describe('automaticColumns', () => {
  const parameter = (name: string, constant = false) =>
    makeColumn({ key: `params.${name}`, constant });

  it('shows parameters that differ, and what is known of a trial', () => {
    const columns = automaticColumns(
      [makeColumn({ key: 'metrics.rmse' })],
      [parameter('a', true), parameter('b')]
    );
    expect(columns).toEqual([
      'name',
      'status',
      'metrics.rmse',
      'params.b',
      'started',
      'duration',
      'notebook',
      'commit'
    ]);
  });

  it('shows constant ones where there are no others', () => {
    expect(automaticColumns([], [parameter('a', true)])).toContain('params.a');
  });

  it('shows eight of very many, those that most trials have', () => {
    const metrics = Array.from({ length: 200 }, (_, i) =>
      makeColumn({ key: `metrics.m${i}`, count: i === 150 ? 99 : 1 })
    );
    const columns = automaticColumns(metrics, []);
    expect(columns.filter(key => key.startsWith('metrics.'))).toHaveLength(8);
    expect(columns).toContain('metrics.m150');
  });
});

test('pinned columns come first, in their own order', () => {
  expect(arrange(['a', 'b', 'c'], ['c', 'gone', 'a'])).toEqual({
    columns: ['c', 'a', 'b'],
    pinned: 2
  });
});
