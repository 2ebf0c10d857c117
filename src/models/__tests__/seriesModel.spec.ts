import { FakeServer, Reply, until } from '../../__tests__/fakes';
import type { ISeen } from '../../__tests__/fakes';
import type { SeriesPage, SeriesQuery } from '../../contract';
import { SeriesModel } from '../seriesModel';
import { FakeHistories, ramp } from './fakeHistories';

describe('SeriesModel', () => {
  let server: FakeServer;
  let store: FakeHistories;
  let model: SeriesModel;

  beforeEach(() => {
    server = new FakeServer();
    store = new FakeHistories(server);
    model = new SeriesModel({
      client: server.client.trials,
      runIds: ['a', 'b', 'a']
    });
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const values = (view: ReturnType<SeriesModel['open']>) =>
    view.series.map(({ runId, metric, y }) => [runId, metric, ...y]);

  it('asks once for all charts that come into sight together', async () => {
    store.log('a', 'loss', 3, null, 1);
    store.log('b', 'acc', 0.5);
    const loss = model.open({ metrics: ['loss'] });
    const both = model.open({ metrics: ['acc', 'loss'] });
    const hidden = model.open({ metrics: ['hidden'] });
    loss.setActive(true);
    both.setActive(true);
    expect(loss.isReady).toBe(false);
    await until(() => loss.isComplete && both.isComplete);
    expect(store.asked).toHaveLength(1);
    expect(store.asked[0]).toMatchObject({
      run_ids: ['a', 'b'],
      metrics: ['loss', 'acc'],
      known: [
        [0, 0],
        [0, 0]
      ]
    });
    expect(values(loss)).toEqual([['a', 'loss', 3, NaN, 1]]);
    expect(values(both)).toEqual([
      ['b', 'acc', 0.5],
      ['a', 'loss', 3, NaN, 1]
    ]);
    expect(loss.series).toBe(loss.series);
    expect(hidden.isReady).toBe(false);
  });

  it('is ready, and asks for nothing, without trials', () => {
    const empty = new SeriesModel({ client: server.client.trials });
    const view = empty.open({ metrics: ['loss'] });
    expect([view.isReady, view.isComplete, view.series]).toEqual([
      true,
      true,
      []
    ]);
    empty.dispose();
  });

  it('asks for new values only, as often as they come, and ends', async () => {
    jest.useFakeTimers();
    store.complete = false;
    store.log('a', 'loss', 3);
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await jest.advanceTimersByTimeAsync(1);
    const [before] = view.series;
    store.log('a', 'loss', 2, 1);
    store.log('b', 'loss', 9);
    await jest.advanceTimersByTimeAsync(500);
    expect(store.asked).toHaveLength(2);
    expect(store.asked[1].known).toEqual([[1], [0]]);
    expect(values(view)).toEqual([
      ['a', 'loss', 3, 2, 1],
      ['b', 'loss', 9]
    ]);
    expect(Array.from(before.y)).toEqual([3]);
    // While nothing comes, the pauses grow.
    await jest.advanceTimersByTimeAsync(20_000);
    expect(store.asked.length).toBeLessThan(11);
    const quiet = view.series;
    expect(view.series).toBe(quiet);
    // In the end the pieces are thinned out as a whole.
    store.complete = true;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(view.isComplete).toBe(true);
    expect(store.asked[store.asked.length - 1].known).toEqual([[0], [0]]);
    const asked = store.asked.length;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(store.asked).toHaveLength(asked);
  });

  it('rests while nobody looks, be it at the chart or at the page', async () => {
    jest.useFakeTimers();
    store.complete = false;
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await jest.advanceTimersByTimeAsync(1);
    view.setActive(false);
    await jest.advanceTimersByTimeAsync(5_000);
    const asked = store.asked.length;
    expect(asked).toBeLessThanOrEqual(2);
    view.setActive(true);
    const hidden = jest.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(store.asked).toHaveLength(asked + 1);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event('visibilitychange'));
    await jest.advanceTimersByTimeAsync(1);
    expect(store.asked).toHaveLength(asked + 2);
  });

  it('shows a long history while it is read', async () => {
    store.turns = 3;
    store.log('a', 'loss', ...ramp(10));
    const view = model.open({ metrics: ['loss'] });
    const said: (number | null)[] = [];
    view.changed.connect(() => said.push(view.reading));
    view.setActive(true);
    await until(() => view.isComplete);
    expect(store.asked).toHaveLength(4);
    expect(said).toContain(10);
    expect(view.reading).toBeNull();
  });

  it('tells each chart when what it shows is read, and says that there is nothing at the end only', async () => {
    store.turns = 1;
    store.late = ['acc'];
    store.log('a', 'loss', 3, 2);
    store.log('a', 'acc', 0.5);
    const names = ['loss', 'acc', 'none'];
    const said: [string, boolean, number | null][] = [];
    const views = names.map(name => {
      const view = model.open({ metrics: [name] });
      view.changed.connect(() => said.push([name, view.isReady, view.reading]));
      view.setActive(true);
      return view;
    });
    await until(() => views.every(view => view.isComplete));
    expect(store.asked).toHaveLength(2);
    expect(said).toEqual([
      ['loss', true, 2],
      ['acc', false, 0],
      ['none', false, 0],
      ['loss', true, null],
      ['acc', true, null],
      ['none', true, null]
    ]);
  });

  it('says no longer that it reads when reading fails', async () => {
    store.turns = 1;
    store.log('a', 'loss', 3, 2);
    const view = model.open({ metrics: ['loss'] });
    view.changed.connect(() => {
      if (view.reading === 2) {
        server.on(
          'POST trials/series',
          new Reply(503, { code: 'unavailable', message: 'Away.', hint: '' })
        );
      }
    });
    view.setActive(true);
    await until(() => view.error !== null);
    expect(view.reading).toBeNull();
    expect(values(view)).toEqual([['a', 'loss', 3, 2]]);
  });

  it('has many points thinned out again when they have become too many', async () => {
    jest.useFakeTimers();
    store.complete = false;
    store.log('a', 'loss', ...ramp(1000));
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await jest.advanceTimersByTimeAsync(1);
    store.log('a', 'loss', ...ramp(1500));
    await jest.advanceTimersByTimeAsync(500);
    expect(view.series[0].x.length).toBe(1750);
    store.log('a', 'loss', ...ramp(1500));
    await jest.advanceTimersByTimeAsync(500);
    const [{ x, count, shown }] = view.series;
    expect(x.length).toBeLessThanOrEqual(1000);
    expect([count, shown]).toEqual([4000, 4000]);
    expect(store.asked.map(({ known }) => known![0][0])).toEqual([
      0, 1000, 2500, 0
    ]);
  });

  it('begins anew when the server does', async () => {
    jest.useFakeTimers();
    store.complete = false;
    store.log('a', 'loss', 1, 2);
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await jest.advanceTimersByTimeAsync(1);
    store.generation = 'g2';
    store.values.clear();
    store.log('a', 'loss', 7, 8, 9);
    await jest.advanceTimersByTimeAsync(500);
    expect(values(view)).toEqual([['a', 'loss', 7, 8, 9]]);
  });

  it('keeps what it has when a look fails, and goes on', async () => {
    jest.useFakeTimers();
    store.complete = false;
    store.log('a', 'loss', 1);
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await jest.advanceTimersByTimeAsync(1);
    server.on(
      'POST trials/series',
      new Reply(503, { code: 'unavailable', message: 'Away.', hint: 'Wait.' })
    );
    await jest.advanceTimersByTimeAsync(600);
    expect(view.error).toMatchObject({ message: 'Away.', hint: 'Wait.' });
    expect(values(view)).toEqual([['a', 'loss', 1]]);
    server.on('POST trials/series', (seen: ISeen) =>
      store.answer(seen.body as SeriesQuery)
    );
    view.retry();
    await jest.advanceTimersByTimeAsync(1);
    expect(view.error).toBeNull();
    store.message = 'The store is away.';
    await jest.advanceTimersByTimeAsync(5_000);
    expect(view.error!.message).toBe('The store is away.');
  });

  it('tells of trials that are gone, and draws them no more', async () => {
    jest.useFakeTimers();
    store.complete = false;
    store.log('a', 'loss', 1);
    store.log('b', 'loss', 2);
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await jest.advanceTimersByTimeAsync(1);
    const changed = jest.fn();
    model.changed.connect(changed);
    store.missing = ['a'];
    await jest.advanceTimersByTimeAsync(600);
    expect(model.missing).toEqual(['a']);
    expect(changed).toHaveBeenCalledTimes(1);
    expect(values(view)).toEqual([['b', 'loss', 2]]);
  });

  it('shows what it knows of trials that stay when others come', async () => {
    store.log('a', 'loss', 1);
    store.log('c', 'loss', 3);
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await until(() => view.isComplete);
    model.setTrials(['c', 'a']);
    expect(values(view)).toEqual([['a', 'loss', 1]]);
    await until(() => view.isComplete);
    expect(values(view)).toEqual([
      ['c', 'loss', 3],
      ['a', 'loss', 1]
    ]);
    expect(store.asked[1].known).toEqual([[0], [1]]);
    model.setTrials(['c', 'a']);
    expect(view.isComplete).toBe(true);
  });

  it('takes no answer for trials that are not asked for any more', async () => {
    let answer: (page: SeriesPage) => void = () => undefined;
    store.log('a', 'loss', 1);
    server.on(
      'POST trials/series',
      () => new Promise<SeriesPage>(resolve => (answer = resolve))
    );
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await until(() => server.seen.length === 1);
    const late = store.answer(store.asked[0]);
    server.on('POST trials/series', (seen: ISeen) =>
      store.answer(seen.body as SeriesQuery)
    );
    model.setTrials(['b']);
    await until(() => view.isComplete);
    answer(late);
    await Promise.resolve();
    expect(view.series).toEqual([]);
    expect(server.seen[0].signal?.aborted).toBe(true);
  });

  it('fetches what is between when a part is shown', async () => {
    store.log('a', 'loss', ...ramp(5000));
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await until(() => view.isComplete);
    const whole = view.series;
    expect(whole[0].x.length).toBeLessThanOrEqual(1000);
    view.zoom(0, 4000);
    view.zoom(100, 199);
    expect(view.series).toBe(whole);
    await until(() => view.series !== whole);
    expect(store.asked).toHaveLength(2);
    expect(store.asked[1]).toMatchObject({ low: 100, high: 199 });
    expect(Array.from(view.series[0].x)).toEqual(ramp(200).slice(100));
    const detail = view.series;
    // A part of the part has all it needs until more comes.
    view.zoom(120, 130);
    expect(view.series).toBe(detail);
    view.zoom(null, null);
    expect(view.series).toBe(whole);
  });

  it('asks for no part of what is there already', async () => {
    store.log('a', 'loss', ...ramp(50));
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await until(() => view.isComplete);
    jest.useFakeTimers();
    view.zoom(1, 2);
    await jest.advanceTimersByTimeAsync(1000);
    expect(store.asked).toHaveLength(1);
  });

  it('says when a part cannot be had', async () => {
    store.log('a', 'loss', ...ramp(5000));
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await until(() => view.isComplete);
    server.on(
      'POST trials/series',
      new Reply(503, { code: 'unavailable', message: 'Away.', hint: '' })
    );
    view.zoom(1, 2);
    await until(() => view.error !== null);
    expect(view.series[0].count).toBe(5000);
    view.zoom(null, null);
    expect(view.error).toBeNull();
  });

  it('gives wide charts more points, and axes histories of their own', async () => {
    store.log('a', 'loss', ...ramp(5000));
    const wide = model.open({ metrics: ['loss'], x: 'relative' });
    wide.setWidth(900);
    wide.setWidth(300);
    wide.setActive(true);
    const over = model.open({
      metrics: ['loss'],
      x: 'metric',
      x_metric: 'acc'
    });
    over.setActive(true);
    await until(() => wide.isComplete && over.isComplete);
    const asked = store.asked.map(({ x, max_points, metrics }) => [
      x,
      max_points,
      ...metrics
    ]);
    expect(asked).toContainEqual(['relative', 2000, 'loss']);
    expect(asked).toContainEqual(['step', 1000, 'loss', 'acc']);
    expect(wide.series[0].x[1]).toBe(30);
  });

  it('shows what it has until the points of a wider chart come', async () => {
    store.log('a', 'loss', ...ramp(5000));
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await until(() => view.isComplete);
    const coarse = view.series[0];
    expect(coarse.x.length).toBeLessThanOrEqual(1000);
    const changed = jest.fn();
    view.changed.connect(changed);
    view.setActive(false);
    view.setWidth(900);
    expect(changed).toHaveBeenCalledTimes(1);
    expect(view.isReady).toBe(true);
    expect(view.series).toEqual([coarse]);
    view.setActive(true);
    await until(() => view.isComplete);
    expect(view.series[0].x.length).toBeGreaterThan(1000);
  });

  it.each([
    [50, [4, 3]],
    [200, [1, 1, 1, 1, 1, 1, 1]]
  ])('asks for many charts of %p trials in portions', async (count, sizes) => {
    model.setTrials(ramp(count).map(String));
    const views = ramp(7).map(each => model.open({ metrics: [`m${each}`] }));
    views.forEach(view => view.setActive(true));
    await until(() => views.every(view => view.isComplete));
    expect(store.asked.map(({ metrics }) => metrics.length)).toEqual(sizes);
  });

  it('forgets what nobody opened', async () => {
    jest.useFakeTimers();
    store.complete = false;
    void model.prepare([{ need: { metrics: ['loss'] }, width: 0 }]);
    await jest.advanceTimersByTimeAsync(1);
    expect(store.asked).toHaveLength(1);
    void model.prepare([]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(store.asked.length).toBeLessThanOrEqual(2);
  });

  it('asks ahead for charts that are still being made, which show that then', async () => {
    store.log('a', 'loss', 3);
    void model.prepare([
      { need: { metrics: ['loss'] }, width: 700 },
      { need: { metrics: ['acc'] }, width: 800 }
    ]);
    await until(() => store.asked.length === 1);
    expect(store.asked[0]).toMatchObject({
      metrics: ['loss', 'acc'],
      max_points: 2_000
    });
    const view = model.open({ metrics: ['loss'] });
    expect(view.isActive).toBe(true);
    await until(() => view.isComplete);
    expect(values(view)).toEqual([['a', 'loss', 3]]);
    // It is one chart's: the next one of the same gets its own, and is not asked for before somebody looks.
    const other = model.open({ metrics: ['loss'] });
    expect(other).not.toBe(view);
    expect(other.isActive).toBe(false);
    expect(store.asked).toHaveLength(1);
  });

  it('forgets what it asked ahead when there are other trials', async () => {
    void model.prepare([{ need: { metrics: ['loss'] }, width: 0 }]);
    await until(() => store.asked.length === 1);
    model.setTrials(['b']);
    expect(model.open({ metrics: ['loss'] }).isActive).toBe(false);
  });

  it('lets go of everything', async () => {
    jest.useFakeTimers();
    store.complete = false;
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await jest.advanceTimersByTimeAsync(1);
    model.dispose();
    expect(view.isDisposed).toBe(true);
    view.setActive(true);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(store.asked).toHaveLength(1);
  });
});
