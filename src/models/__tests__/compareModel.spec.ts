import { comparedRow, comparison } from '../../__tests__/fakeComparison';
import { FakeServer, Reply, makeJob, until } from '../../__tests__/fakes';
import type { CompareQuery, Comparison } from '../../contract';
import { CompareModel } from '../compareModel';
import { compareQuery, sourceOf } from '../compareQuery';
import { JobsModel } from '../jobsModel';
import { TrialColours } from '../trialColours';
import { viewOf } from '../views';
import type { View } from '../views';

describe('CompareModel', () => {
  let server: FakeServer;
  let answer: Comparison;
  let model: CompareModel;

  const make = (view: View = viewOf('churn', ['run0', 'run1'])) => {
    const jobs = new JobsModel({ client: server.client });
    model = new CompareModel({
      client: server.client,
      jobs,
      colours: new TrialColours(),
      view
    });
    return model;
  };
  const asked = () =>
    server.of('POST trials/compare').map(({ body }) => body as CompareQuery);
  const ready = async () => {
    model.setActive(true);
    await until(() => model.comparison !== null);
  };

  beforeEach(() => {
    server = new FakeServer();
    answer = comparison(2, [
      comparedRow('params.lr', [0.1, 0.2]),
      comparedRow('params.same', [1, 1]),
      comparedRow('metrics.loss', [0.5, 0.25], { better: 'lower' })
    ]);
    answer.charts = [{ id: 'line-1', type: 'line', metrics: ['loss'] }];
    server.on('POST trials/compare', () => answer);
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  it('asks for nothing before somebody looks, and nothing once nobody does', async () => {
    make();
    await model.refresh();
    expect(asked()).toEqual([]);
    await ready();
    model.setActive(false);
    const count = asked().length;
    await model.refresh();
    expect(asked()).toHaveLength(count);
  });

  it('takes the answer to what was asked ahead, once and while it is new', async () => {
    const { trials } = server.client;
    const ahead = (...runs: string[]) =>
      trials.compareAhead(compareQuery([sourceOf('churn', runs)]));
    ahead('run0', 'run1');
    make();
    await ready();
    expect(asked()).toHaveLength(1);
    await model.refresh();
    expect(asked()).toHaveLength(2);
    // Of other trials.
    ahead('run0', 'run2');
    await model.refresh();
    expect(asked()).toHaveLength(4);
    // Too old.
    jest.useFakeTimers();
    ahead('run0', 'run1');
    jest.advanceTimersByTime(3_000);
    jest.useRealTimers();
    await model.refresh();
    expect(asked()).toHaveLength(6);
  });

  it('asks anew where what was asked ahead failed', async () => {
    server.on('POST trials/compare', new Reply(503, 'away'));
    const query = compareQuery([sourceOf('churn', ['run0', 'run1'])]);
    server.client.trials.compareAhead(query);
    server.client.trials.compareAhead(query);
    await until(() => asked().length === 1);
    await new Promise(resolve => setTimeout(resolve, 20));
    server.on('POST trials/compare', () => answer);
    make();
    const told: (string | undefined)[] = [];
    model.changed.connect(() => told.push(model.error?.message));
    await ready();
    expect(asked()).toHaveLength(2);
    expect(told).toEqual([undefined]);
  });

  it('shows trials with their colours, and rows that differ', async () => {
    make();
    await ready();
    expect(model.trials.map(({ id, colour }) => [id, colour])).toEqual([
      ['run0', 0],
      ['run1', 1]
    ]);
    expect(model.rows.map(({ key }) => key)).toEqual([
      'params.lr',
      'metrics.loss'
    ]);
    model.update({ only_differences: false });
    expect(model.rows).toHaveLength(3);
    expect(model.rowCount).toBe(3);
  });

  it('shows all rows of a single trial: there are no others to differ from', async () => {
    answer = comparison(1, [comparedRow('params.lr', [0.1])]);
    make(viewOf('churn', ['run0']));
    await ready();
    expect(model.rows).toHaveLength(1);
  });

  it('draws the charts that the server chooses, until the view names some', async () => {
    make();
    await ready();
    expect(asked()[0].suited).toBe(true);
    expect(model.charts).toEqual(answer.charts);
    model.update({ charts: [] });
    await until(() => asked().pop()?.suited === false);
    expect(model.charts).toEqual([]);
    model.update({ charts: null });
    await until(() => asked().pop()?.suited === true);
    await until(() => !model.isLoading);
    expect(model.charts).toEqual(answer.charts);
  });

  it('goes on with its charts, and adds what comes to suit the trials', async () => {
    make();
    await ready();
    const [first] = model.charts;
    answer = {
      ...answer,
      charts: [
        { id: 'line-1', type: 'line', metrics: ['val/loss'] },
        { id: 'line-2', type: 'line', metrics: ['loss'] }
      ]
    };
    await model.refresh();
    expect(model.charts).toHaveLength(2);
    expect(model.charts[0]).toBe(first);
    expect(model.charts[1]).toMatchObject({ metrics: ['val/loss'] });
  });

  it('says how many rows there are where not all are there', async () => {
    answer = { ...answer, total_rows: 900, differing_rows: 500 };
    make();
    await ready();
    expect(model.rowCount).toBe(500);
    model.update({ only_differences: false });
    expect(model.rowCount).toBe(900);
  });

  it('tells trials of the same name apart, and those without one', async () => {
    const twins = comparison(3, []);
    twins.trials[0].name = twins.trials[1].name = 'same';
    twins.trials[2].name = '';
    answer = twins;
    make();
    await ready();
    expect(model.trials.map(({ label }) => label)).toEqual([
      'same (run0)',
      'same (run1)',
      'run2'
    ]);
  });

  it('leaves hidden trials out of what is drawn, values included', async () => {
    make();
    await ready();
    model.hide('run0', true);
    expect(model.drawn.map(({ id }) => id)).toEqual(['run1']);
    expect(model.column('params.lr').values).toEqual([0.2]);
    expect(model.view.hidden).toEqual(['run0']);
    model.hide('run0', false);
    expect(model.column('params.lr').values).toEqual([0.1, 0.2]);
  });

  it('has numbers where JSON has words, and texts where not all are numbers', async () => {
    answer = comparison(3, [
      comparedRow('metrics.m', ['NaN', 'Infinity', 1], { numeric: true }),
      comparedRow('params.p', [true, 5, null], { numeric: false })
    ]);
    make();
    await ready();
    expect(model.column('metrics.m')).toMatchObject({
      values: [NaN, Infinity, 1],
      isNumeric: true
    });
    expect(model.column('params.p').values).toEqual(['true', 5, null]);
    expect(model.column('params.none').values).toEqual([null, null, null]);
  });

  it('gives charts the same column until its values change', async () => {
    make();
    await ready();
    const before = model.column('params.lr');
    await model.refresh();
    expect(model.column('params.lr')).toBe(before);
    answer = comparison(2, [comparedRow('params.lr', [0.1, 0.3])]);
    await model.refresh();
    expect(model.column('params.lr').values).toEqual([0.1, 0.3]);
  });

  it('asks for the columns of charts whatever is searched for', async () => {
    make({
      ...viewOf('churn', ['run0', 'run1']),
      charts: [
        { id: '1', type: 'scatter', x: 'params.lr', y: 'metrics.loss.min' }
      ]
    });
    await ready();
    model.search = 'nothing';
    await until(() => asked().some(({ text }) => text === 'nothing'));
    expect(asked().pop()?.keys).toEqual(['params.lr', 'metrics.loss.min']);
    expect(model.rows).toEqual([]);
  });

  it('knows that there may be rows which were not answered yet', async () => {
    make();
    await ready();
    model.search = 'lr';
    expect(model.isSearching).toBe(false);
    await until(() => !model.isLoading);
    model.search = '';
    await until(() => !model.isLoading);
    answer = { ...answer, total_rows: 1_000 };
    await model.refresh();
    model.search = 'beyond';
    expect(model.isSearching).toBe(true);
    answer = comparison(2, []);
    await until(() => !model.isLoading);
    expect(model.isSearching).toBe(false);
    server.on('POST trials/compare', new Reply(503, 'away'));
    // Of fewer letters there may be more.
    model.search = 'bey';
    expect(model.isSearching).toBe(true);
    await until(() => model.error !== null);
    expect([model.isSearching, model.isLoading]).toEqual([true, false]);
  });

  it('keeps the charts that suit the trials while somebody searches', async () => {
    make();
    await ready();
    const before = model.charts;
    expect(before.map(({ type }) => type)).toEqual(['line']);
    model.search = 'lr';
    answer = {
      ...comparison(2, [comparedRow('params.lr', [0.1, 0.2])]),
      charts: answer.charts
    };
    await model.refresh();
    expect(model.charts).toBe(before);
  });

  it('keeps the charts as they are once one is changed', async () => {
    make();
    await ready();
    const changed = jest.fn();
    model.viewChanged.connect((_, edit) => changed(edit({}).charts));
    model.updateCharts(charts => charts.slice(1));
    expect(changed).toHaveBeenCalledWith([]);
    expect(model.charts).toEqual([]);
  });

  it('never shows an answer to an older question', async () => {
    make();
    await ready();
    let release: () => void = () => undefined;
    const slow = new Promise<void>(resolve => (release = resolve));
    server.on('POST trials/compare', async ({ body }: { body: unknown }) => {
      const { text } = body as CompareQuery;
      if (text === 'old') {
        await slow;
        return comparison(1, []);
      }
      return answer;
    });
    model.search = 'old';
    model.search = 'new';
    await until(() => !model.isLoading);
    release();
    await new Promise(resolve => setTimeout(resolve));
    expect(model.trials).toHaveLength(2);
  });

  it('keeps what it shows when the server is away, and goes on later', async () => {
    make();
    await ready();
    server.on('POST trials/compare', new Reply(503, 'away'));
    await model.refresh();
    expect(model.error).not.toBeNull();
    expect(model.trials).toHaveLength(2);
    server.on('POST trials/compare', () => answer);
    await model.refresh();
    expect(model.error).toBeNull();
  });

  it('tells of a trial that is deleted, and keeps the others', async () => {
    make();
    await ready();
    model.focus.select(['run1']);
    answer = comparison(1, [comparedRow('params.lr', [0.1])], {
      missing: ['run1']
    });
    await model.refresh();
    expect(model.trials.map(({ id }) => id)).toEqual(['run0']);
    model.remove(['run1']);
    expect(model.view.sources?.[0].run_ids).toEqual(['run0']);
    expect(model.focus.selected.size).toBe(0);
  });

  it('soon looks again for a trial that is not known yet, for a while', async () => {
    answer = { ...comparison(1, []), missing: ['run1'] };
    make();
    await ready();
    answer = comparison(2, []);
    const poll = model as unknown as {
      _look: (isTold: boolean) => Promise<void>;
    };
    const later = (milliseconds: number) =>
      jest.spyOn(Date, 'now').mockReturnValue(now + milliseconds);
    const now = Date.now();
    later(2_500);
    await poll._look(false);
    await until(() => model.trials.length === 2);
    answer = { ...comparison(1, []), missing: ['run1'] };
    await model.refresh();
    const count = asked().length;
    // It was deleted, as far as anybody can tell.
    later(62_500);
    await model.refresh();
    later(65_000);
    await poll._look(false);
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(asked()).toHaveLength(count + 1);
    jest.restoreAllMocks();
  });

  it('looks again when a job of one of the trials changes', async () => {
    make();
    await ready();
    const count = asked().length;
    const jobs = (model as unknown as { _jobs: JobsModel })._jobs;
    const emit = (run_id: string) =>
      (jobs.jobsChanged as unknown as { emit: (change: unknown) => void }).emit(
        {
          changed: [
            makeJob({
              trial: {
                experiment: 'churn',
                run_id,
                experiment_id: null,
                artifact_uri: null
              }
            })
          ],
          removed: []
        }
      );
    emit('other');
    emit('run1');
    await until(() => asked().length === count + 1);
  });

  it('shows nothing of an empty view', async () => {
    make({});
    model.setActive(true);
    await model.refresh();
    expect(asked()).toEqual([]);
    expect(model.trials).toEqual([]);
    expect(model.charts).toEqual([]);
  });
});
