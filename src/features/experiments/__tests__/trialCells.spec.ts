import { trans } from '../../../__tests__/fakes';
import { extent, makeRow } from '../../../__tests__/fakeTrials';
import type { TableRow } from '../../../contract';
import { columnLabel, trialCell, trialWord } from '../trialCells';
import type { ICellContext } from '../trialCells';

type Value = TableRow['values'][number];

function show(
  key: string,
  value: Value,
  row: Partial<TableRow> = {},
  more: Partial<ICellContext> & { others?: Record<string, Value> } = {}
) {
  const values: Record<string, Value> = { [key]: value, ...more.others };
  return trialCell(key, {
    row: makeRow(row),
    read: other => values[other] ?? null,
    extent: null,
    best: null,
    isTree: false,
    now: 10_000,
    trans,
    ...more
  });
}

describe('cells of trials', () => {
  it('show metrics with sensible digits, and the whole number on demand', () => {
    const cell = show('metrics.rmse', 46301.2789);
    expect([cell.text, cell.title, cell.align]).toEqual([
      '46,301',
      '46301.2789',
      'right'
    ]);
  });

  it('tell a metric that is no number from one that is missing', () => {
    expect(show('metrics.rmse', 'NaN').text).toBe('NaN');
    expect(show('metrics.rmse', '-Infinity').text).toBe('-∞');
    expect(show('metrics.rmse', null).text).toBe('');
  });

  it('mark the best value of trials that match', () => {
    expect(show('metrics.rmse', 3, {}, { best: 3 }).isBest).toBe(true);
    expect(show('metrics.rmse', 4, {}, { best: 3 }).isBest).toBe(false);
    const isOther = show('metrics.rmse', 3, { matches: false }, { best: 3 });
    expect(isOther.isBest).toBe(false);
  });

  it('show parameters as they are, but fractions with sensible digits', () => {
    expect(show('params.a', 123456).text).toBe('123456');
    expect(show('params.a', '0.30000000000000004').text).toBe('0.3');
    expect(show('params.a', 0.1)).toMatchObject({
      text: '0.1',
      align: 'right'
    });
    expect(show('params.a', 'hist')).toMatchObject({
      text: 'hist',
      align: 'left'
    });
    expect(show('params.a', 'two\n  lines').text).toBe('two lines');
    expect(show('params.a', 'x'.repeat(5000)).text).toHaveLength(401);
  });

  it('say the state in a word and a shape', () => {
    const cell = show('status', 'FAILED', { status: 'FAILED' });
    expect([cell.text, cell.shape]).toEqual(['Failed', 'failed']);
    expect(trialWord('SCHEDULED', trans)).toBe('Pending');
    expect(trialWord('NEW', trans)).toBe('NEW');
  });

  it('count the time of what runs', () => {
    const others = { started: 9_928 };
    const running = { status: 'RUNNING' };
    expect(show('duration', 3, running, { others }).text).toBe('1 m 12 s');
    expect(show('duration', 3, {}, { others }).text).toBe('3 s');
    expect(show('duration', null).text).toBe('');
    expect(show('started', 9_940).text).toBe('1 min ago');
  });

  it('show where a trial came from', () => {
    expect(show('notebook', 'work/train.ipynb')).toMatchObject({
      text: 'train.ipynb',
      title: 'work/train.ipynb'
    });
    const commit = show(
      'commit',
      'abcdef0123',
      {},
      { others: { dirty: true } }
    );
    expect(commit.text).toBe('abcdef01*');
    expect(commit.title).toContain('not committed');
    expect(show('commit', 'abcdef0123').text).toBe('abcdef01');
  });

  it('lead to the trial', () => {
    const name = (row: Partial<TableRow>) => show('name', null, row);
    expect(name({ name: 'a' }).tone).toBe('link');
    expect(name({ name: 'a', is_group: true }).tone).toBe('strong');
    expect(name({ name: 'a' }).caret).toBeUndefined();
  });

  it('set in what is below a trial', () => {
    const isTree = { isTree: true };
    const parent = { children: 2, is_expanded: true };
    expect(show('name', null, parent, isTree).caret).toBe('open');
    expect(show('name', null, { children: 2 }, isTree).caret).toBe('closed');
    const child = show('name', null, { depth: 1 }, isTree);
    expect([child.caret, child.depth]).toEqual(['none', 1]);
  });

  it('sum groups up', () => {
    const row = { is_group: true, children: 1234, name: 'adam' };
    const isTree = { isTree: true };
    expect(show('name', null, row, isTree).text).toBe('adam (1,234)');
    const nameless = show('name', null, { ...row, name: '' }, isTree);
    expect(nameless.text).toBe('(no value) (1,234)');
    const mean = show('metrics.rmse', 2.5, row, { extent: extent(1, 4) });
    expect(mean.text).toBe('2.5');
    expect(mean.title).toBe('Mean 2.5, from 1 to 4');
    expect(show('metrics.rmse', 2, row, { best: 2 }).isBest).toBeUndefined();
    expect(show('params.a', 'same', row).text).toBe('same');
    expect(show('params.a', null, row).text).toBe('');
  });

  it('name columns', () => {
    expect(columnLabel('metrics.`val loss`.min', trans)).toBe('val loss (min)');
    expect(columnLabel('params.lr', trans)).toBe('lr');
    expect(columnLabel('started', trans)).toBe('Started');
  });
});
