import { FakeServer, makeJob, Reply, until } from '../../__tests__/fakes';
import { FakeTrials, makeColumn, makeRow } from '../../__tests__/fakeTrials';
import type { TrialQuery } from '../../contract';
import { ExperimentsModel } from '../experimentsModel';
import { JobsModel } from '../jobsModel';
import { TrialTableModel } from '../trialTableModel';
import { readView } from '../trialTableView';

describe('TrialTableModel', () => {
  let server: FakeServer;
  let trials: FakeTrials;
  let jobs: JobsModel;
  let model: TrialTableModel;

  beforeEach(() => {
    server = new FakeServer();
    trials = new FakeTrials(server);
    jobs = new JobsModel({ client: server.client, auto: false });
  });

  afterEach(() => {
    model.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  const asked = () =>
    server.of('POST trials/table').map(({ body }) => body as TrialQuery);
  const last = () => asked()[asked().length - 1];

  async function show(view?: unknown, experiments?: ExperimentsModel) {
    model = new TrialTableModel({
      client: server.client,
      jobs,
      experiment: 'e',
      experiments,
      view: view === undefined ? undefined : readView(view)
    });
    await model.ready;
    await until(() => model.rows.isReady);
  }

  it('chooses columns and asks for what they need', async () => {
    await show();
    expect(model.columns).toEqual([
      'name',
      'status',
      'metrics.r2',
      'metrics.rmse',
      'params.depth',
      'started',
      'duration',
      'notebook',
      'commit'
    ]);
    expect(model.pinned).toBe(1);
    expect(last().columns).toEqual([...model.columns, 'dirty']);
  });

  it('asks for nothing while nobody sees it, and catches up then', async () => {
    jest.useFakeTimers();
    try {
      const shown = show();
      await jest.advanceTimersByTimeAsync(100);
      await shown;
      model.setActive(false);
      await jest.advanceTimersByTimeAsync(100);
      const before = server.seen.length;
      jobs.take(makeJob({ trial: { ...makeJob().trial, experiment: 'e' } }));
      await jest.advanceTimersByTimeAsync(60_000);
      expect(server.seen).toHaveLength(before);
      model.setActive(true);
      await jest.advanceTimersByTimeAsync(5_000);
      expect(server.seen.length).toBeGreaterThan(before);
    } finally {
      jest.useRealTimers();
    }
  });

  it('does not take an old answer about columns for the newest', async () => {
    await show();
    const answers: ((page: unknown) => void)[] = [];
    server.on(
      'GET trials/columns',
      () => new Promise(done => answers.push(done))
    );
    model.refresh();
    model.refresh();
    await until(() => answers.length === 4);
    const page = (key: string) => ({
      items: [makeColumn({ key })],
      total: 1,
      trials: 5
    });
    const none = { items: [], total: 0, trials: 5 };
    answers[2](page('metrics.new'));
    answers[3](none);
    await until(() => model.columns.includes('metrics.new'));
    answers[0](page('metrics.old'));
    answers[1](none);
    await until(() => model.rows.columns.includes('metrics.new'));
    expect(model.columns).not.toContain('metrics.old');
  });

  it('shows the columns that were chosen before, and learns of them', async () => {
    trials.columns.push(
      ...Array.from({ length: 300 }, (_, i) =>
        makeColumn({ key: `metrics.m${i}` })
      ),
      makeColumn({ key: 'metrics.zeta', better: 'higher' })
    );
    await show({ columns: ['name', 'metrics.zeta.max'] });
    expect(model.columns).toEqual(['name', 'metrics.zeta.max']);
    expect(model.direction('metrics.zeta.max')).toBe('higher');
  });

  it('takes in columns that come later, unless the person chose', async () => {
    await show();
    trials.columns.push(makeColumn({ key: 'metrics.loss' }));
    jobs.take(makeJob({ trial: { ...makeJob().trial, experiment: 'e' } }));
    await until(() => model.columns.includes('metrics.loss'));
    await until(() => last().columns!.includes('metrics.loss'));
    model.update({ columns: ['name', 'status'] });
    trials.columns.push(makeColumn({ key: 'metrics.mae' }));
    model.refresh();
    await until(() => model.fact('metrics.mae') !== undefined);
    expect(model.columns).toEqual(['name', 'status']);
  });

  it('sorts a metric with its better values first, then the other way', async () => {
    await show();
    model.sortBy('metrics.rmse');
    expect(model.view.sort).toEqual([
      { key: 'metrics.rmse', descending: false }
    ]);
    model.sortBy('metrics.rmse');
    expect(model.view.sort[0].descending).toBe(true);
    model.sortBy('metrics.r2');
    expect(model.view.sort).toEqual([{ key: 'metrics.r2', descending: true }]);
    model.sortBy('params.depth', true);
    expect(model.view.sort.map(({ key }) => key)).toEqual([
      'metrics.r2',
      'params.depth'
    ]);
    model.sortBy('metrics.r2', true);
    expect(model.view.sort[0]).toEqual({
      key: 'metrics.r2',
      descending: false
    });
    await until(() => last().sort?.length === 2);
  });

  it('knows the best value by the direction, which can be set', async () => {
    await show();
    expect(model.best('metrics.rmse')).toBe(0);
    expect(model.best('metrics.r2')).toBe(999);
    expect(model.best('params.depth')).toBeNull();
    model.update({ directions: { 'metrics.rmse': 'higher' } });
    expect(model.best('metrics.rmse')).toBe(999);
  });

  it('asks again only for what changes the rows', async () => {
    await show();
    const before = asked().length;
    model.update({ widths: { name: 400 }, pinned: ['status'] });
    expect(model.columns[0]).toBe('status');
    model.update({ filter: 'metrics.rmse < 1' });
    await until(() => last().filter === 'metrics.rmse < 1');
    expect(asked().length - before).toBeLessThanOrEqual(2);
    const kept: unknown[] = [];
    model.viewChanged.connect((_, view) => kept.push(view.filter));
    model.update({ filter: '' });
    expect(kept).toEqual(['']);
  });

  it('is in groups or a tree; groups are closed, trees are open', async () => {
    await show();
    model.update({ group: 'params.depth' });
    await until(() => last().group_by === 'params.depth');
    expect(last().expand_all).toBe(false);
    model.toggle(makeRow({ id: 'group1', is_group: true }));
    await until(() => last().expanded?.[0] === 'group1');
    model.update({ tree: true });
    await until(() => last().tree === true);
    expect([last().group_by, last().expand_all, last().expanded]).toEqual([
      null,
      true,
      []
    ]);
  });

  it('leaves columns with one value out when told to', async () => {
    await show({ columns: ['name', 'params.seed', 'params.depth'] });
    await until(() => model.fact('params.seed') !== undefined);
    model.update({ hideConstant: true });
    expect(model.columns).toEqual(['name', 'params.depth']);
    model.update({ hideConstant: false });
    expect(model.columns).toContain('params.seed');
  });

  it('keeps what is left out in its place when others move', async () => {
    await show({ columns: ['name', 'params.seed', 'status', 'metrics.r2'] });
    model.learn([makeColumn({ key: 'params.seed', constant: true })]);
    model.update({ hideConstant: true });
    expect(model.columns).toEqual(['name', 'status', 'metrics.r2']);
    model.show(['metrics.r2', 'name', 'status'], ['metrics.r2']);
    expect(model.pinned).toBe(1);
    model.update({ hideConstant: false });
    expect(model.columns).toEqual([
      'metrics.r2',
      'name',
      'params.seed',
      'status'
    ]);
  });

  it('moves rows only when nobody is disturbed by it', async () => {
    await show();
    let isFree = false;
    model.mayReorder = () => isFree;
    trials.revision = 2;
    const tell = () =>
      jobs.take(makeJob({ trial: { ...makeJob().trial, experiment: 'e' } }));
    tell();
    await until(() => !model.rows.isCurrent);
    expect(last().result).toBe('order1');
    isFree = true;
    tell();
    await until(() => model.rows.isCurrent);
  });

  it('shows a change of its own whoever looks', async () => {
    await show();
    model.mayReorder = () => false;
    model.selection.set(['run1']);
    model.expectChange();
    await until(() => !model.rows.isLoading);
    trials.revision = 2;
    await until(() => asked().some(({ result }) => result === 'order1'));
    await until(() => model.rows.isCurrent && last().result === null);
    expect(model.selection.ids).toEqual(['run1']);
  });

  it('looks when the list of experiments tells of something new', async () => {
    server.on('GET experiments', [
      { id: '1', name: 'e', trials: 1, updated: 1 }
    ]);
    const experiments = new ExperimentsModel(server.client, jobs);
    await experiments.load();
    await show(undefined, experiments);
    const before = asked().length;
    server.on('GET experiments', [
      { id: '1', name: 'e', trials: 2, updated: 2 }
    ]);
    await experiments.load();
    await until(() => asked().length > before);
    experiments.dispose();
  });

  it('says why there is nothing, and begins when there is', async () => {
    server.on(
      'GET trials/columns',
      new Reply(503, { code: 'unavailable', message: 'Is being read.' })
    );
    model = new TrialTableModel({
      client: server.client,
      jobs,
      experiment: 'e'
    });
    await model.ready;
    expect(model.error?.message).toBe('Is being read.');
    expect(model.rows.isReady).toBe(false);
    new FakeTrials(server);
    model.refresh();
    await until(() => model.rows.isReady);
    expect(model.error).toBeNull();
  });

  it('keeps the selection through sorting and filtering', async () => {
    await show();
    model.selection.set(['run1', 'run2']);
    model.sortBy('metrics.rmse');
    model.update({ filter: 'x' });
    await until(() => last().filter === 'x');
    expect(model.selection.ids).toEqual(['run1', 'run2']);
    model.selection.toggle('run1');
    model.selection.add(['run9']);
    model.selection.remove(['run2']);
    expect(model.selection.ids).toEqual(['run9']);
    model.selection.clear();
    expect(model.selection.size).toBe(0);
  });
});
