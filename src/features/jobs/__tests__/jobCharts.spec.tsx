import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, makeJob, until } from '../../../__tests__/fakes';
import type { MetricSeries, ResourceUsage } from '../../../contract';
import { JobModel } from '../../../models/jobModel';
import { JobsModel } from '../../../models/jobsModel';
import { MetricsModel } from '../../../models/metricsModel';
import { ResourcesModel } from '../../../models/resourcesModel';
import { formatMemory } from '../../../shared/format';
import { toLines } from '../../../shared/metricCharts';
import { JobMetrics, MetricsOverview } from '../components/jobMetrics';
import {
  JobResources,
  rates,
  resourceCharts
} from '../components/jobResources';

/** Titles of charts, whenever one was drawn. */
const mockDrawn: unknown[] = [];

jest.mock('../../../shared/chart', () => ({
  ...jest.requireActual<object>('../../../shared/chart'),
  /** What it was asked to draw, in words. */
  Chart: ({ title, axis, note, limit }: Record<string, unknown>) => {
    mockDrawn.push(title);
    return <p>{JSON.stringify([title, axis, note ?? '', limit ?? ''])}</p>;
  }
}));

const trans = nullTranslator.load('studio_ext');

function series(fields: Partial<MetricSeries> = {}): MetricSeries {
  return {
    run_id: 'run',
    name: 'loss',
    count: 2,
    not_finite: 0,
    last: 1,
    step: [0, 1],
    time: [100, 101],
    value: [2, 1],
    ...fields
  };
}

function usage(fields: Partial<ResourceUsage> = {}): ResourceUsage {
  return {
    count: 2,
    time: [100, 101],
    cpus: [0.5, 1],
    memory_bytes: [1024, 2048],
    processes: [1, 2],
    read_bytes: [null, null],
    written_bytes: [null, null],
    gpus: [],
    cpu_seconds: 65,
    peak_memory_bytes: 4096,
    cpus_limit: 2,
    memory_limit_bytes: 8192,
    machine_cpus: 8,
    machine_memory_bytes: 1e9,
    measured_by: 'cgroup v2',
    whole: true,
    cursor: 'e:2',
    complete: true,
    ...fields
  };
}

describe('charts of a job', () => {
  const id = 'a';
  let server: FakeServer;
  let jobs: JobsModel;
  let job: JobModel;
  let metrics: MetricsModel;
  let resources: ResourcesModel;

  beforeEach(async () => {
    server = new FakeServer();
    server.on('GET jobs/a', makeJob({ id, started: 100 }));
    jobs = new JobsModel({ client: server.client, auto: false });
    job = new JobModel(jobs, id);
    metrics = new MetricsModel(jobs, id);
    resources = new ResourcesModel(jobs, id);
    await job.ready;
  });

  afterEach(() => {
    metrics.dispose();
    resources.dispose();
    job.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  async function load(
    found: MetricSeries[],
    fields: Record<string, unknown> = {}
  ): Promise<void> {
    server.on('GET jobs/a/metrics', {
      series: found,
      whole: true,
      cursor: 'e:1',
      more: false,
      complete: false,
      left_out: 0,
      ...fields
    });
    await act(() => metrics.refresh());
  }

  const view = () =>
    render(<JobMetrics model={metrics} job={job} trans={trans} />);

  it('says what would be drawn, and what to do for it', async () => {
    view();
    expect(screen.getByRole('status').getAttribute('aria-label')).toBe(
      'Loading the metrics'
    );
    await load([]);
    expect(await screen.findByText(/^No metrics yet/)).toBeTruthy();
    await load([], { complete: true });
    expect(await screen.findByText(/^The job logged no metrics/)).toBeTruthy();
  });

  it('draws a chart a metric over steps or time', async () => {
    await load([series(), series({ name: 'acc' })]);
    view();
    expect(screen.getByText('["loss","step","",""]')).toBeTruthy();
    expect(screen.getByText('["acc","step","",""]')).toBeTruthy();
    expect(screen.getByText('2 metrics, 4 values')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Time' }));
    expect(screen.getByText('["loss","elapsed","",""]')).toBeTruthy();
  });

  it('writes down what was logged once, and draws what was not', async () => {
    const once = { count: 1, step: [0], time: [100] };
    await load([
      series({ name: 'rmse', ...once, value: [46950.25] }),
      series({ name: 'bad', ...once, value: [null], not_finite: 1 }),
      series(),
      series({ name: 'acc' })
    ]);
    const { container } = view();
    expect(container.querySelectorAll('p')).toHaveLength(2);
    const values = screen.getByRole('region', { name: 'Single values' });
    expect(values.textContent).toBe('Single valuesrmse46,950badNaN');
    fireEvent.change(screen.getByLabelText('Filter metrics'), {
      target: { value: 'loss' }
    });
    expect(screen.queryByRole('region', { name: 'Single values' })).toBeNull();
  });

  it('draws a chart again only when something was logged to it', async () => {
    await load([series(), series({ name: 'acc' })]);
    view();
    const drawn = async (
      found: MetricSeries[],
      fields: Record<string, unknown>
    ) => {
      mockDrawn.length = 0;
      await load(found, fields);
      return mockDrawn;
    };
    const more = series({ step: [2], time: [102], value: [0], count: 3 });
    expect(await drawn([more], { whole: false })).toEqual(['loss']);
    expect(await drawn([], { whole: false })).toEqual([]);
    // A new look at everything, as after the server has forgotten the cursor.
    const all = series({
      step: [0, 1, 2],
      time: [100, 101, 102],
      value: [2, 1, 0],
      count: 3
    });
    const better = series({ name: 'acc', value: [2, 3] });
    expect(await drawn([all, better], { whole: true })).toEqual(['acc']);
    expect(await drawn([all], { whole: true })).toEqual([]);
    expect(screen.queryByText(/"acc"/)).toBeNull();
  });

  it('says what is not drawn', async () => {
    await load([series({ count: 5000, not_finite: 3 })], { left_out: 7 });
    view();
    expect(
      screen.getByText(
        /2 of 5,000 values are drawn, the extremes among them; 3 values are NaN/
      )
    ).toBeTruthy();
    expect(screen.getByText(/7 more metrics are not shown/)).toBeTruthy();
  });

  it('narrows many metrics by name, and draws the first few', async () => {
    await load(
      Array.from({ length: 70 }, (_, index) => series({ name: `m${index}` }))
    );
    const { container } = view();
    const shown = () => container.querySelectorAll('p').length;
    expect(shown()).toBe(60);
    fireEvent.click(screen.getByRole('button', { name: 'Show all 70' }));
    expect(shown()).toBe(70);
    const filter = screen.getByRole('searchbox');
    fireEvent.change(filter, { target: { value: 'M69' } });
    expect(shown()).toBe(1);
    fireEvent.change(filter, { target: { value: 'nothing' } });
    expect(screen.getByText('No metric has nothing in its name.')).toBeTruthy();
  });

  it('says why nothing new comes, and keeps what there is', async () => {
    await load([series()]);
    view();
    server.on(
      'GET jobs/a/metrics',
      new Reply(503, { code: 'unavailable', message: 'Away', hint: 'Wait' })
    );
    await act(() => metrics.refresh());
    expect(await screen.findByText('Away')).toBeTruthy();
    expect(screen.getByText('["loss","step","",""]')).toBeTruthy();
    await load([series()]);
    await until(() => screen.queryByText('Away') === null);
  });

  it('has room for a few metrics in the overview, and a way to the others', async () => {
    const onMore = jest.fn();
    const overview = (
      <MetricsOverview
        model={metrics}
        job={job}
        trans={trans}
        onMore={onMore}
      />
    );
    const { container, rerender } = render(overview);
    expect(container.textContent).toBe('');
    await load(
      Array.from({ length: 9 }, (_, index) => series({ name: `m${index}` }))
    );
    rerender(overview);
    expect(container.querySelectorAll('p')).toHaveLength(8);
    fireEvent.click(screen.getByRole('button', { name: 'All 9 metrics' }));
    expect(onMore).toHaveBeenCalled();
    const twice = { step: [0, 0], time: [100, 101], value: [3, 3.5] };
    await load([series({ name: 'rmse', ...twice })]);
    rerender(overview);
    expect(container.querySelectorAll('p')).toHaveLength(0);
    expect(container.textContent).toBe('Metricsrmse3.5');
  });

  it('draws a line a run, over steps or since the beginning', () => {
    const metric = {
      name: 'loss',
      count: 4,
      runs: [
        { ...series(), colour: 4 },
        { ...series({ run_id: 'child-of-the-job' }), colour: 2 }
      ]
    };
    const lines = toLines(metric, 'step', 90, 'run', 'job');
    expect(lines.map(({ label }) => label)).toEqual(['job', 'child-of']);
    expect(lines.map(({ colour }) => colour)).toEqual([4, 2]);
    expect(lines[0].x).toEqual([0, 1]);
    expect(toLines(metric, 'elapsed', 90, 'run', 'job')[1].x).toEqual([10, 11]);
    expect(toLines(metric, 'elapsed', null, null, 'job')[0].x).toEqual([0, 1]);
  });

  it('draws what the job uses, with its limits', async () => {
    server.on(
      'GET jobs/a/resources',
      usage({ read_bytes: [0, 1000], written_bytes: [0, 0], count: 900 })
    );
    await act(() => resources.refresh());
    const { container } = render(
      <JobResources model={resources} job={job} trans={trans} />
    );
    expect(container.textContent).toContain(
      '1 m 5 s of CPU, 4 KiB of memory at most (limit 8 KiB), 1 kB read, 0 B written, 2 of 900 samples are drawn'
    );
    expect(container.textContent).toContain(
      '["CPUs","elapsed","",{"value":2,"label":"limit"}]'
    );
    expect(container.textContent).toContain('"Disk"');
  });

  it('says that nothing was measured', async () => {
    const none = { time: [], cpus: [], memory_bytes: [], processes: [] };
    server.on('GET jobs/a/resources', usage({ ...none, complete: false }));
    await act(() => resources.refresh());
    render(<JobResources model={resources} job={job} trans={trans} />);
    expect(screen.getByText(/^Nothing was measured yet/)).toBeTruthy();
    server.on('GET jobs/a/resources', usage(none));
    await act(() => resources.refresh());
    expect(await screen.findByText(/over before anything/)).toBeTruthy();
  });

  it('leaves out charts of what nobody tells', () => {
    const gpu = {
      index: 1,
      name: 'Card',
      memory_total_bytes: 100,
      utilization: [50, null],
      memory_bytes: [null, null]
    };
    const titles = (fields: Partial<ResourceUsage>) =>
      resourceCharts(usage(fields), 100, trans).map(({ title }) => title);
    expect(titles({})).toEqual(['CPUs', 'Memory', 'Processes']);
    expect(titles({ gpus: [gpu] })).toContain('GPU 1 busy');
    expect(titles({ gpus: [gpu] })).not.toContain('GPU 1 memory');
    const [, memory] = resourceCharts(
      usage({ gpus: [gpu], memory_limit_bytes: null }),
      null,
      trans
    );
    expect(memory.limit).toBeUndefined();
    expect(memory.format?.(2048)).toBe(formatMemory(2048));
    expect(memory.lines[0].x).toEqual([0, 1]);
  });

  it('makes rates of counts', () => {
    expect(rates([0, 2, 3, 3, 4], [0, 10, null, 20, 5])).toEqual([
      null,
      5,
      null,
      null,
      null
    ]);
  });
});
