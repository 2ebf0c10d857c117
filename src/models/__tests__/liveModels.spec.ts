import type { Event } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import {
  FakeServer,
  Reply,
  deltaOf,
  makeJob,
  until
} from '../../__tests__/fakes';
import type {
  MetricHistory,
  MetricSeries,
  ResourceUsage
} from '../../contract';
import { JobsModel } from '../jobsModel';
import { MetricsModel } from '../metricsModel';
import { ResourcesModel, append } from '../resourcesModel';

const SCHEMA = 'https://schema.jupyter.org/studio_ext/live/v1';

function series(fields: Partial<MetricSeries> = {}): MetricSeries {
  return {
    run_id: 'run',
    name: 'loss',
    count: 1,
    not_finite: 0,
    last: 1,
    step: [0],
    time: [100],
    value: [1],
    ...fields
  };
}

function history(fields: Partial<MetricHistory> = {}): MetricHistory {
  return {
    series: [],
    whole: true,
    cursor: 'e:0',
    more: false,
    complete: false,
    left_out: 0,
    ...fields
  };
}

function usage(fields: Partial<ResourceUsage> = {}): ResourceUsage {
  const time = fields.time ?? [1];
  const same = <T>(value: T) => time.map(() => value);
  return {
    count: time.length,
    time,
    cpus: same(0.5),
    memory_bytes: same(1000),
    processes: same(1),
    read_bytes: same(null),
    written_bytes: same(null),
    gpus: [],
    cpu_seconds: 1,
    peak_memory_bytes: 1000,
    cpus_limit: null,
    memory_limit_bytes: null,
    machine_cpus: 8,
    machine_memory_bytes: 1e9,
    measured_by: 'cgroup v2',
    whole: true,
    cursor: 'e:1',
    complete: false,
    ...fields
  };
}

describe('what grows while a job runs', () => {
  const job = makeJob({ status: 'InProgress' });
  const metricsRoute = `GET jobs/${job.id}/metrics`;
  const resourcesRoute = `GET jobs/${job.id}/resources`;
  let server: FakeServer;
  let jobs: JobsModel;
  let events: { emit: (event: object) => void };
  let metrics: MetricsModel;
  let resources: ResourcesModel;

  beforeEach(() => {
    server = new FakeServer();
    server.on('GET info', { jobs_revision: 1 });
    server.on('GET jobs/changes', deltaOf(1, []));
    const signal = new Signal<Event.IManager, Event.Emission>(
      {} as Event.IManager
    );
    events = { emit: event => signal.emit(event as Event.Emission) };
    jobs = new JobsModel({
      client: server.client,
      events: signal as never,
      auto: false
    });
    metrics = new MetricsModel(jobs, job.id);
    resources = new ResourcesModel(jobs, job.id);
  });

  afterEach(() => {
    metrics.dispose();
    resources.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  const tell = (fields: object) =>
    events.emit({ schema_id: SCHEMA, metrics: [], resources: [], ...fields });

  it('asks only while somebody looks', async () => {
    server.on(metricsRoute, history());
    tell({ metrics: [job.id] });
    expect(server.of(metricsRoute)).toHaveLength(0);
    metrics.setActive(true);
    await until(() => metrics.isReady);
    expect(server.of(metricsRoute)).toHaveLength(1);
    metrics.setActive(false);
    tell({ metrics: [job.id] });
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(server.of(metricsRoute)).toHaveLength(1);
  });

  it('asks for what is new when it is told that there is some', async () => {
    server.on(metricsRoute, history({ series: [series()], cursor: 'e:1' }));
    metrics.setActive(true);
    await until(() => metrics.metrics.length === 1);
    server.on(
      metricsRoute,
      history({
        whole: false,
        cursor: 'e:2',
        series: [
          series({ count: 2, step: [1], time: [101], value: [null] }),
          series({ name: 'acc', run_id: 'child' })
        ]
      })
    );
    tell({ metrics: ['another job'], resources: [job.id] });
    tell({ metrics: [job.id] });
    await until(() => metrics.metrics.length === 2);
    expect(server.of(metricsRoute)).toHaveLength(2);
    expect(server.of(metricsRoute)[1].path).toContain('cursor=e%3A1');
    const [loss, acc] = metrics.metrics;
    expect(loss.count).toBe(2);
    expect(loss.runs[0]).toMatchObject({
      step: [0, 1],
      time: [100, 101],
      value: [1, null]
    });
    expect(acc.runs[0].run_id).toBe('child');
  });

  it('puts the runs of one metric together', async () => {
    server.on(
      metricsRoute,
      history({
        series: [series(), series({ run_id: 'child', count: 5 })],
        left_out: 3
      })
    );
    metrics.setActive(true);
    await until(() => metrics.isReady);
    expect(metrics.metrics).toHaveLength(1);
    expect(metrics.metrics[0].count).toBe(6);
    expect(metrics.metrics[0].runs).toHaveLength(2);
    expect(metrics.leftOut).toBe(3);
  });

  it('gives a run the same colour in each metric, whatever comes later', async () => {
    const two = [
      series({ run_id: 'child' }),
      series(),
      series({ name: 'acc' }),
      series({ name: 'acc', run_id: 'child' }),
      series({ name: 'only', run_id: 'third' })
    ];
    server.on(metricsRoute, history({ series: two }));
    metrics.setActive(true);
    await until(() => metrics.isReady);
    const colours = () =>
      metrics.metrics.map(({ runs }) =>
        Object.fromEntries(runs.map(run => [run.run_id, run.colour]))
      );
    const [loss, acc, only] = colours();
    expect(loss).toEqual(acc);
    expect(new Set([loss.run, loss.child, only.third]).size).toBe(3);
    server.on(metricsRoute, history({ series: [...two].reverse() }));
    await metrics.refresh();
    expect(colours()).toEqual([only, acc, loss]);
  });

  it('keeps the object of a metric to which nothing was logged', async () => {
    const all = [series(), series({ name: 'acc' })];
    server.on(metricsRoute, history({ series: all, cursor: 'e:1' }));
    metrics.setActive(true);
    await until(() => metrics.isReady);
    const [loss, acc] = metrics.metrics;
    server.on(
      metricsRoute,
      history({ whole: false, series: [series({ name: 'acc', step: [1] })] })
    );
    await metrics.refresh();
    expect(metrics.metrics[0]).toBe(loss);
    expect(metrics.metrics[1]).not.toBe(acc);
    const child = series({ run_id: 'child' });
    server.on(metricsRoute, history({ whole: false, series: [child] }));
    await metrics.refresh();
    expect(metrics.metrics[0].runs[0]).toBe(loss.runs[0]);
    expect(metrics.metrics[0].runs).toHaveLength(2);
  });

  it('reads a long journal in turns and shows each', async () => {
    let turn = 0;
    server.on(metricsRoute, () => {
      turn += 1;
      return history({
        whole: turn === 1,
        more: turn < 3,
        complete: turn === 3,
        cursor: `e:${turn}`,
        series: [series({ count: turn, step: [turn] })]
      });
    });
    const seen: number[] = [];
    metrics.changed.connect(() =>
      seen.push(metrics.metrics[0].runs[0].step.length)
    );
    metrics.setActive(true);
    await until(() => metrics.isComplete);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('asks for everything again when pieces have become too many', async () => {
    const many = Array.from({ length: 2001 }, (_, step) => step);
    server.on(metricsRoute, history({ series: [series()], cursor: 'e:1' }));
    metrics.setActive(true);
    await until(() => metrics.isReady);
    server.on(metricsRoute, ({ path }: { path: string }) =>
      path.includes('cursor')
        ? history({
            whole: false,
            series: [series({ step: many, time: many, value: many })]
          })
        : history({ series: [series({ count: 2002, step: [0, 2000] })] })
    );
    tell({ metrics: [job.id] });
    await until(() => metrics.metrics[0].count === 2002);
    expect(metrics.metrics[0].runs[0].step).toEqual([0, 2000]);
  });

  it('replaces everything when the server has forgotten the cursor', async () => {
    server.on(metricsRoute, history({ series: [series()], cursor: 'e:1' }));
    metrics.setActive(true);
    await until(() => metrics.isReady);
    server.on(metricsRoute, history({ series: [series({ name: 'new' })] }));
    await metrics.refresh();
    expect(metrics.metrics.map(({ name }) => name)).toEqual(['new']);
  });

  it('asks once more when the job is over, and then no more', async () => {
    server.on(resourcesRoute, usage());
    resources.setActive(true);
    await until(() => resources.isReady);
    server.on(resourcesRoute, usage({ complete: true }));
    jobs.take({ ...job, status: 'Completed', ended: 9, revision: 99 });
    await until(() => resources.isComplete);
    const asked = server.of(resourcesRoute).length;
    tell({ resources: [job.id] });
    resources.setActive(false);
    resources.setActive(true);
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(server.of(resourcesRoute)).toHaveLength(asked);
  });

  it('keeps what it knows when the server does not answer', async () => {
    server.on(resourcesRoute, usage());
    resources.setActive(true);
    await until(() => resources.isReady);
    server.on(
      resourcesRoute,
      new Reply(503, { code: 'unavailable', message: 'Away' })
    );
    await resources.refresh();
    expect(resources.error?.code).toBe('unavailable');
    expect(resources.usage?.time).toEqual([1]);
    server.on(resourcesRoute, usage({ time: [2], whole: false }));
    await resources.refresh();
    expect(resources.error).toBeNull();
    expect(resources.usage?.time).toEqual([1, 2]);
  });

  it('puts samples of GPUs together that come and go', () => {
    const gpu = {
      index: 1,
      name: 'Card',
      memory_total_bytes: 9,
      utilization: [50],
      memory_bytes: [5]
    };
    const later = append(usage(), usage({ time: [2], gpus: [gpu] }));
    expect(later.gpus).toEqual([
      { ...gpu, utilization: [null, 50], memory_bytes: [null, 5] }
    ]);
    const last = append(later, usage({ time: [3] }));
    expect(last.gpus[0].utilization).toEqual([null, 50, null]);
    expect(last.gpus[0].name).toBe('Card');
    expect(last.time).toEqual([1, 2, 3]);
  });

  it('ends everything when it is disposed', async () => {
    server.on(metricsRoute, history());
    metrics.setActive(true);
    metrics.dispose();
    metrics.dispose();
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(metrics.isDisposed).toBe(true);
    const asked = server.seen.length;
    tell({ metrics: [job.id] });
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(server.seen).toHaveLength(asked);
  });
});
