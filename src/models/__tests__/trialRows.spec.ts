import { FakeServer, Reply, until } from '../../__tests__/fakes';
import { FakeTrials } from '../../__tests__/fakeTrials';
import type { TrialQuery } from '../../contract';
import { TrialRows } from '../trialRows';
import type { RowsChange } from '../trialRows';

const QUERY = { experiment: 'e', columns: ['name', 'metrics.rmse'] };

describe('TrialRows', () => {
  let server: FakeServer;
  let trials: FakeTrials;
  let rows: TrialRows;
  let changes: RowsChange[];

  beforeEach(() => {
    server = new FakeServer();
    trials = new FakeTrials(server, 10_000);
    rows = new TrialRows(server.client.trials);
    changes = [];
    rows.changed.connect((_, change) => changes.push(change));
  });

  afterEach(() => {
    rows.dispose();
    jest.restoreAllMocks();
  });

  const asked = () =>
    server.of('POST trials/table').map(({ body }) => body as TrialQuery);

  async function show(): Promise<void> {
    rows.ask(QUERY);
    await until(() => rows.isReady);
  }

  it('fetches a block of rows, and says how many there are', async () => {
    expect(rows.isReady).toBe(false);
    await show();
    expect(rows.total).toBe(10_000);
    expect(rows.row(199)?.name).toBe('trial 199');
    expect(rows.row(200)).toBeUndefined();
    expect(changes).toContainEqual({ type: 'order', fromTop: true });
    expect(asked()).toEqual([
      { ...QUERY, offset: 0, limit: 200, result: null }
    ]);
  });

  it('fetches what is looked at, each block once, in the same order', async () => {
    await show();
    rows.look(190, 215);
    await until(() => rows.row(215) !== undefined);
    rows.look(196, 221);
    rows.look(5100, 5130);
    await until(() => rows.row(5000) !== undefined);
    expect(asked().map(({ offset, result }) => [offset, result])).toEqual([
      [0, null],
      [200, 'order1'],
      [5000, 'order1']
    ]);
    expect(changes).toContainEqual({ type: 'rows', first: 5000, last: 5199 });
  });

  it('fetches again what was asked for before something changed', async () => {
    await show();
    const answers: (() => void)[] = [];
    server.on('POST trials/table', ({ body }: { body: unknown }) => {
      const page = trials.page(body as TrialQuery);
      return new Promise(done => answers.push(() => done(page)));
    });
    rows.touch();
    await until(() => answers.length === 1);
    rows.touch(); // It is being asked for: that answer may lack the change.
    answers[0]();
    await until(() => answers.length === 2);
    answers[1]();
    await until(() => !rows.isLoading);
    expect(asked()).toHaveLength(3);
  });

  it('fetches while somebody scrolls on and on, and ahead of it', async () => {
    await show();
    let first = 0;
    const timer = setInterval(() => rows.look((first += 3), first + 30), 5);
    await until(() => rows.row(400) !== undefined);
    clearInterval(timer);
    expect(first).toBeLessThan(400);
  });

  it('does not fetch what is only passed by', async () => {
    await show();
    for (let first = 200; first <= 8000; first += 200) {
      rows.look(first + 90, first + 120);
    }
    await until(() => rows.row(8090) !== undefined);
    expect(asked()).toHaveLength(2);
  });

  it('gives up blocks that are out of sight again', async () => {
    await show();
    let answer: () => void = () => undefined;
    const held = new Promise<void>(resolve => (answer = resolve));
    server.on('POST trials/table', async ({ body }: { body: unknown }) => {
      const query = body as TrialQuery;
      if (query.offset === 4000) {
        await held;
      }
      return trials.page(query);
    });
    rows.look(4100, 4130);
    await until(() => asked().length === 2);
    const [, given] = server.of('POST trials/table');
    rows.look(6100, 6130);
    await until(() => rows.row(6100) !== undefined);
    expect(given.signal?.aborted).toBe(true);
    answer();
    await until(() => asked().length === 3);
    expect(rows.row(4000)).toBeUndefined();
  });

  it('keeps what it shows until another query is answered', async () => {
    await show();
    trials.total = 5;
    trials.revision = 2;
    rows.ask({ ...QUERY, filter: 'x' });
    expect(rows.isLoading).toBe(true);
    expect(rows.row(100)?.name).toBe('trial 100');
    await until(() => rows.total === 5);
    expect(rows.row(100)).toBeUndefined();
    expect(rows.isLoading).toBe(false);
  });

  it('answers that were overtaken change nothing', async () => {
    await show();
    let answer: () => void = () => undefined;
    const held = new Promise<void>(resolve => (answer = resolve));
    server.on('POST trials/table', async ({ body }: { body: unknown }) => {
      const query = body as TrialQuery;
      if (query.filter === 'slow') {
        await held;
      }
      return { ...trials.page(query), total: query.filter === 'slow' ? 1 : 2 };
    });
    rows.ask({ ...QUERY, filter: 'slow' });
    rows.ask({ ...QUERY, filter: 'quick' });
    await until(() => rows.total === 2);
    answer();
    await until(() => asked().length === 3);
    expect(rows.total).toBe(2);
  });

  it('fetches what is seen again in the same order', async () => {
    await show();
    trials.revision = 2;
    trials.edit = row => ({ ...row, status: 'FAILED' });
    rows.look(10, 40);
    rows.touch();
    await until(() => rows.row(10)?.status === 'FAILED');
    expect(rows.isCurrent).toBe(false);
    expect(asked().map(({ result }) => result)).toEqual([null, 'order1']);
    rows.reorder();
    await until(() => rows.isCurrent);
    expect(changes[changes.length - 1]).toEqual({
      type: 'order',
      fromTop: false
    });
  });

  it('begins a new order when the server forgot the one it had', async () => {
    await show();
    trials.isForgetful = true;
    trials.revision = 9;
    rows.look(490, 520);
    await until(() => rows.row(490) !== undefined);
    trials.isForgetful = false;
    expect(rows.row(0)).toBeUndefined();
    rows.look(0, 30);
    await until(() => rows.row(0) !== undefined);
    const last = asked().pop();
    expect(last?.result).toBe('order9');
  });

  it('shows what it had when a request fails, and goes on after it', async () => {
    await show();
    server.on(
      'POST trials/table',
      new Reply(503, { code: 'unavailable', message: 'Away.' })
    );
    rows.touch();
    await until(() => rows.error !== null);
    expect(rows.error?.message).toBe('Away.');
    expect(rows.row(3)?.name).toBe('trial 3');
    server.on('POST trials/table', ({ body }: { body: unknown }) =>
      trials.page(body as TrialQuery)
    );
    rows.touch();
    await until(() => rows.error === null);
  });

  it('asks for fewer rows where they are very wide', async () => {
    const columns = Array.from({ length: 290 }, (_, i) => `metrics.m${i}`);
    rows.ask({ experiment: 'e', columns });
    await until(() => rows.isReady);
    expect(asked()[0].limit).toBe(50);
  });

  it('forgets blocks that were looked at long ago', async () => {
    await show();
    for (let first = 200; first < 10_000; first += 200) {
      rows.look(first, first + 30);
      await until(() => rows.row(first) !== undefined);
    }
    expect(rows.row(0)).toBeUndefined();
    expect([...rows.rows()].length).toBe(40 * 200);
  });

  it('finds the ids of rows that were not looked at', async () => {
    await show();
    expect(await rows.ids(2, 4)).toEqual(['run2', 'run3', 'run4']);
    const ids = (await rows.ids(100, 1100))!;
    expect([ids.length, ids[0], ids[1000]]).toEqual([
      1001,
      'run100',
      'run1100'
    ]);
    expect(await rows.allIds(3)).toEqual(['run0', 'run1', 'run2']);
  });

  it('finds no ids of rows that are shown for those below them only', async () => {
    trials.edit = row => ({ ...row, matches: row.id !== 'run3' });
    await show();
    expect(await rows.ids(2, 4)).toEqual(['run2', 'run4']);
    expect(await rows.ids(198, 202)).toHaveLength(5);
  });

  it('finds no ids of rows whose order changed meanwhile', async () => {
    await show();
    trials.isForgetful = true;
    trials.revision = 9;
    expect(await rows.ids(100, 1100)).toBeNull();
  });
});
