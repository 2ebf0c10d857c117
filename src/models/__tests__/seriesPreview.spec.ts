import { FakeServer, Reply, until } from '../../__tests__/fakes';
import type { ISeen } from '../../__tests__/fakes';
import type { SampledSeries, SeriesPage, SeriesQuery } from '../../contract';
import { SeriesModel } from '../seriesModel';

const series = (
  run_id: string,
  value: number[],
  more: Partial<SampledSeries> = {}
): SampledSeries => ({
  run_id,
  name: 'loss',
  count: value.length,
  not_finite: 0,
  last: value[value.length - 1],
  step: value.map((_, at) => at),
  time: [],
  value,
  shown: value.length,
  preview: false,
  first: 0,
  ...more
});

const page = (
  all: SampledSeries[],
  more: Partial<SeriesPage> = {}
): SeriesPage => ({
  series: all,
  generation: 'g1',
  more: false,
  read: 0,
  waiting: 0,
  complete: true,
  missing: [],
  message: '',
  ...more
});

const READING = { more: true, complete: false, waiting: 2 };

describe('SeriesModel, of histories that are not read yet', () => {
  let asked: SeriesQuery[];
  let answers: SeriesPage[];
  let model: SeriesModel;
  let server: FakeServer;

  beforeEach(() => {
    jest.useFakeTimers();
    server = new FakeServer();
    asked = [];
    server.on('POST trials/series', ({ body }: ISeen) => {
      asked.push(body as SeriesQuery);
      return answers.shift() ?? page([]);
    });
    model = new SeriesModel({
      client: server.client.trials,
      runIds: ['a', 'b']
    });
  });

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  const shown = (view: ReturnType<SeriesModel['open']>) =>
    view.series.map(({ runId, y }) => [runId, ...y]);
  const later = (milliseconds = 1_000) =>
    jest.advanceTimersByTimeAsync(milliseconds);

  it('shows previews until each is read, and says how far that is', async () => {
    const preview = { preview: true };
    answers = [
      page([series('a', [3, 1], preview), series('b', [4, 2], preview)], {
        ...READING,
        read: 70
      }),
      page([series('a', [3, 9, 1])], { ...READING, read: 500 }),
      page([series('b', [4, 0, 2])])
    ];
    const view = model.open({ metrics: ['loss'] });
    const said: unknown[] = [];
    view.changed.connect(() => said.push([view.reading, ...shown(view)]));
    view.setActive(true);
    await later();
    expect(said).toEqual([
      [70, ['a', 3, 1], ['b', 4, 2]],
      [503, ['a', 3, 9, 1], ['b', 4, 2]],
      [null, ['a', 3, 9, 1], ['b', 4, 0, 2]]
    ]);
    expect(asked.map(({ known }) => known)).toEqual([
      [[0], [0]],
      [[-1], [-1]],
      [[3], [-1]]
    ]);
    expect(view.isComplete).toBe(true);
  });

  it('has previews drawn before it asks for more, and asks for nothing when nobody looks any more', async () => {
    answers = [page([series('a', [3, 1], { preview: true })], READING)];
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await later(50);
    expect([view.isReady, asked.length]).toEqual([true, 1]);
    model.dispose();
    await later();
    expect(asked).toHaveLength(1);
  });

  it('fetches a part once there is more than a preview of it', async () => {
    answers = [
      page([series('a', [3, 1], { preview: true })], READING),
      page([series('a', [3, 9, 1], { count: 30, shown: 30 })]),
      page([series('a', [7, 8], { count: 30, shown: 2 })])
    ];
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await later(50);
    expect(shown(view)).toEqual([['a', 3, 1]]);
    view.zoom(0, 1);
    await later(10);
    expect(asked).toHaveLength(1);
    await later();
    expect(asked.map(({ low, high }) => [low, high])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [0, 1]
    ]);
    expect(shown(view)).toEqual([['a', 7, 8]]);
  });

  it('fetches a part of several trials when none of them is a preview any more', async () => {
    const sampled = { count: 30, shown: 30 };
    answers = [
      page(
        ['a', 'b'].map(each => series(each, [3, 1], { preview: true })),
        READING
      ),
      page([series('a', [3, 9, 1], sampled)], READING),
      page([series('b', [4, 0, 2], sampled)]),
      page([series('a', [7], { count: 30 }), series('b', [8], { count: 30 })])
    ];
    const view = model.open({ metrics: ['loss'] });
    view.changed.connect(() => shown(view));
    view.setActive(true);
    await later(50);
    view.zoom(0, 1);
    await later(2_000);
    expect(asked.filter(({ low }) => low === 0)).toHaveLength(1);
    expect(shown(view)).toEqual([
      ['a', 7],
      ['b', 8]
    ]);
  });

  it('fetches a part again when a trial that was added is read', async () => {
    const sampled = { count: 30, shown: 30 };
    model.setTrials(['a']);
    answers = [page([series('a', [3, 9, 1], sampled)])];
    const view = model.open({ metrics: ['loss'] });
    view.changed.connect(() => shown(view));
    view.setActive(true);
    await later(50);
    answers = [page([series('a', [7], { count: 30 })])];
    view.zoom(0, 1);
    await later(500);
    expect(shown(view)).toEqual([['a', 7]]);
    answers = [
      page([series('b', [4, 2], { preview: true })], READING),
      page([series('a', [7], { count: 30 })]),
      page([series('b', [4, 0, 2], sampled)]),
      page([series('a', [7], { count: 30 }), series('b', [8], { count: 30 })])
    ];
    model.setTrials(['a', 'b']);
    await later(3_000);
    expect(shown(view)).toEqual([
      ['a', 7],
      ['b', 8]
    ]);
  });

  it('says that previews are not all when the chart grows wider', async () => {
    answers = [
      page([series('a', [3, 1], { preview: true })], READING),
      page([], { complete: false, message: 'Away.' })
    ];
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await later(50);
    view.setWidth(1_000);
    expect([view.reading, shown(view)]).toEqual([0, [['a', 3, 1]]]);
  });

  it('asks for nothing more in a look of which a question has failed', async () => {
    model.setTrials(Array.from({ length: 200 }, (_, at) => `run${at}`));
    const names = ['m0', 'm1', 'm2', 'm3'];
    server.on('POST trials/series', ({ body }: ISeen) => {
      const query = body as SeriesQuery;
      asked.push(query);
      return query.metrics[0] === 'm0'
        ? new Reply(503, { code: 'unavailable', message: 'Away.', hint: '' })
        : page([], READING);
    });
    const views = names.map(name => model.open({ metrics: [name] }));
    views.forEach(view => view.setActive(true));
    await later(400);
    expect(views[0].error?.message).toBe('Away.');
    expect(asked.map(({ metrics }) => metrics[0])).toEqual(['m0', 'm1']);
  });

  it('fetches no part of what is drawn over another metric', async () => {
    const preview = { preview: true };
    answers = [
      page([series('a', [3, 1], preview)], READING),
      page([series('a', [3, 9, 1], { count: 30, shown: 30 })])
    ];
    const view = model.open({
      metrics: ['loss'],
      x: 'metric',
      x_metric: 'acc'
    });
    view.changed.connect(() => shown(view));
    view.setActive(true);
    await later(50);
    view.zoom(0.1, 0.2);
    view.retry();
    await later(2_000);
    expect(asked.every(({ low }) => low === undefined)).toBe(true);
    expect(shown(view)).toEqual([['a', 3, 9, 1]]);
  });

  it('asks for what comes into sight before it reads others on', async () => {
    const long = page([series('a', [3, 1], { preview: true })], READING);
    answers = [long, page([], READING), page([], READING)];
    model.open({ metrics: ['loss'] }).setActive(true);
    await later(50);
    model.open({ metrics: ['acc'] }).setActive(true);
    await later(500);
    expect(asked.map(({ metrics }) => metrics)).toEqual([
      ['loss'],
      ['loss'],
      ['acc'],
      ['loss'],
      ['acc']
    ]);
  });

  it('says that previews are not all when reading them fails', async () => {
    answers = [
      page([series('a', [3, 1], { preview: true })], { ...READING, read: 70 }),
      page([], { complete: false, message: 'Away.' })
    ];
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await later(400);
    expect([view.error?.message, view.reading]).toEqual(['Away.', 0]);
    expect(shown(view)).toEqual([['a', 3, 1]]);
  });

  it('forgets previews of what turns out not to be there', async () => {
    answers = [
      page([series('a', [3, 1], { preview: true })], READING),
      page([])
    ];
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await later();
    expect([shown(view), view.reading, view.isComplete]).toEqual([
      [],
      null,
      true
    ]);
  });

  it('takes what came after a preview for nothing that could be added to it', async () => {
    answers = [
      page([series('a', [3, 1], { preview: true })], READING),
      page([series('a', [9, 9], { first: 2, count: 4 })]),
      page([series('a', [3, 2, 9, 9])])
    ];
    const view = model.open({ metrics: ['loss'] });
    view.setActive(true);
    await later();
    await until(() => view.isComplete);
    expect(shown(view)).toEqual([['a', 3, 2, 9, 9]]);
    expect(asked[2].known).toEqual([[0], [0]]);
  });
});
