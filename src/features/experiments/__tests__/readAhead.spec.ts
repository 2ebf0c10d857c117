import { comparison } from '../../../__tests__/fakeComparison';
import type { IHistoryPage } from '../../../client';
import type { CompareQuery, Comparison, SeriesQuery } from '../../../contract';
import { TrialSelection } from '../../../models/trialSelection';
import { ReadAhead } from '../readAhead';

const page: IHistoryPage = {
  series: [],
  missing: [],
  generation: '1',
  complete: true,
  more: false,
  read: 0,
  waiting: 0,
  message: ''
};

describe('ReadAhead', () => {
  let selection: TrialSelection;
  let ahead: ReadAhead;
  let prepare: jest.Mock<Promise<void>, []>;
  let compare: jest.Mock<Promise<Comparison>, [CompareQuery]>;
  let series: jest.Mock<Promise<IHistoryPage>, [SeriesQuery]>;

  const charts: Comparison['charts'] = [
    { id: 'a', type: 'line', metrics: ['loss'] },
    { id: 'b', type: 'importance', metric: 'metrics.loss' },
    { id: 'c', type: 'line', metrics: ['rmse', 'mae'], x: 'time' },
    ...Array.from({ length: 9 }, (_, at) => ({
      id: `l${at}`,
      type: 'line' as const,
      metrics: [`m${at}`]
    }))
  ];

  /** As long as a selection has to stand, and what follows from it. */
  const stand = () => jest.advanceTimersByTimeAsync(300);

  beforeEach(() => {
    jest.useFakeTimers();
    selection = new TrialSelection();
    compare = jest.fn(async (_: CompareQuery) => comparison(2, [], { charts }));
    series = jest.fn(async (_: SeriesQuery) => page);
    prepare = jest.fn(() => Promise.reject(new Error('away')));
    ahead = new ReadAhead({ compare, series }, 'churn', selection, prepare);
  });

  afterEach(() => {
    ahead.dispose();
    jest.useRealTimers();
  });

  it('reads what the first charts of the selected trials would show', async () => {
    selection.set(['a']);
    selection.set(['a', 'b']);
    await stand();
    expect(compare.mock.calls.map(([query]) => query)).toEqual([
      {
        sources: [{ experiment: 'churn', run_ids: ['a', 'b'] }],
        limit: 0,
        suited: true
      }
    ]);
    // Once more where it failed is for whoever compares.
    expect(prepare).toHaveBeenCalledTimes(1);
    expect(series.mock.calls.map(([query]) => query.metrics)).toEqual([
      ['loss'],
      ['rmse', 'mae'],
      ...Array.from({ length: 4 }, (_, at) => [`m${at}`])
    ]);
    expect(series.mock.calls[1][0]).toMatchObject({
      run_ids: ['a', 'b'],
      x: 'time'
    });
  });

  it('asks for nothing of one trial, or of more than a comparison takes', async () => {
    selection.set(['a']);
    await stand();
    expect(prepare).not.toHaveBeenCalled();
    selection.set(Array.from({ length: 201 }, (_, at) => `run${at}`));
    await stand();
    expect(compare).not.toHaveBeenCalled();
  });

  it('stops when others are selected, and at the end', async () => {
    let go: () => void = () => undefined;
    series.mockImplementation(
      () => new Promise(resolve => (go = () => resolve(page)))
    );
    selection.set(['a', 'b']);
    await stand();
    expect(series).toHaveBeenCalledTimes(1);
    selection.set(['c', 'd']);
    go();
    await stand();
    expect(series).toHaveBeenCalledTimes(2);
    expect(series.mock.calls[1][0].run_ids).toEqual(['c', 'd']);
    ahead.dispose();
    go();
    await stand();
    expect(series).toHaveBeenCalledTimes(2);
  });

  it('stops when its table is hidden, and goes on with what is selected then', async () => {
    let go: () => void = () => undefined;
    series.mockImplementation(
      () => new Promise(resolve => (go = () => resolve(page)))
    );
    selection.set(['a', 'b']);
    await stand();
    ahead.stop();
    go();
    await stand();
    expect(series).toHaveBeenCalledTimes(1);
    selection.set(['c', 'd']);
    await stand();
    expect(series).toHaveBeenCalledTimes(2);
    // Nor does it begin.
    selection.set(['e', 'f']);
    ahead.stop();
    await stand();
    expect(compare).toHaveBeenCalledTimes(2);
  });

  it('keeps what went wrong to itself, and tries again with the next', async () => {
    compare.mockRejectedValueOnce(new Error('away'));
    selection.set(['a', 'b']);
    await stand();
    expect(compare).toHaveBeenCalledTimes(1);
    selection.set(['a', 'b', 'c']);
    await stand();
    expect(series).toHaveBeenCalled();
  });
});
