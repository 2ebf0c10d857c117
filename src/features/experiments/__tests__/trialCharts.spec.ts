import { Widget } from '@lumino/widgets';
import { comparison } from '../../../__tests__/fakeComparison';
import { FakeServer, Reply, until } from '../../../__tests__/fakes';
import { FakeTrials } from '../../../__tests__/fakeTrials';
import { JobsModel } from '../../../models/jobsModel';
import { TrialColours } from '../../../models/trialColours';
import { TrialTableModel } from '../../../models/trialTableModel';
import { readView } from '../../../models/trialTableView';
import type { ViewChart } from '../../../models/views';
import { TrialCharts } from '../trialCharts';

const KEPT: ViewChart[] = [
  { id: 'kept', type: 'line', metrics: ['loss'], log_y: true }
];
const SUITED: ViewChart[] = [{ id: 'line-1', type: 'line', metrics: ['loss'] }];

describe('Charts beside the table of an experiment', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let table: TrialTableModel;
  let charts: TrialCharts;

  const open = async (stored: unknown) => {
    table = new TrialTableModel({
      client: server.client,
      jobs,
      experiment: 'churn',
      view: readView(stored)
    });
    charts = new TrialCharts(
      table,
      {
        prepare: () => Promise.resolve(),
        createCharts: () => Promise.resolve(new Widget())
      },
      jobs,
      new TrialColours()
    );
    charts.model.setActive(true);
    await charts.ready;
    await until(() => charts.model.comparison !== null);
  };

  beforeEach(() => {
    server = new FakeServer();
    new FakeTrials(server, 300);
    server
      .on('POST trials/compare', () => comparison(2, [], { charts: SUITED }))
      .on('POST views/read', ({ body }: { body: unknown }) =>
        JSON.parse((body as { text: string }).text)
      );
    jobs = new JobsModel({ client: server.client, auto: false });
  });

  afterEach(() => {
    charts.dispose();
    table.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  it('are those that suit the trials until somebody changes one', async () => {
    await open({});
    expect(charts.model.charts).toEqual(SUITED);
    expect(table.view.charts).toBeNull();
    const asked = server.of('POST trials/table').length;
    charts.model.updateCharts(before =>
      before.map(each => ({ ...each, wide: true }))
    );
    expect(table.view.charts).toEqual([{ ...SUITED[0], wide: true }]);
    // What the table shows is the same.
    expect(server.of('POST trials/table')).toHaveLength(asked);
  });

  it('are as they were left, also when the filter becomes another', async () => {
    await open({ charts: KEPT });
    expect(charts.model.charts).toEqual(KEPT);
    table.update({ filter: 'metrics.loss < 1' });
    expect(charts.model.view.sources?.[0].filter).toBe('metrics.loss < 1');
    expect(charts.model.charts).toEqual(KEPT);
    charts.model.update({ charts: null });
    expect(table.view.charts).toBeNull();
  });

  it('are those that suit where what was kept is no chart that is known', async () => {
    server.on(
      'POST views/read',
      new Reply(400, {
        code: 'invalid_request',
        message: 'This is not a view.',
        hint: '',
        fields: []
      })
    );
    await open({ charts: [{ id: 'x', type: 'hologram' }, 7] });
    expect(charts.model.charts).toEqual(SUITED);
  });

  it('say how many of those that are selected are too many', async () => {
    await open({});
    table.selection.set(Array.from({ length: 203 }, (_, at) => `run${at}`));
    charts.choose(true);
    expect(charts.model.view.sources?.[0].run_ids).toHaveLength(200);
    expect(charts.leftOut).toBe(3);
    charts.choose(false);
    expect(charts.leftOut).toBe(0);
  });
});
