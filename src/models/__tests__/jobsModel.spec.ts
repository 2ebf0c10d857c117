import type { Event } from '@jupyterlab/services';
import { Stream } from '@lumino/signaling';
import {
  deltaOf,
  FakeServer,
  makeJob,
  next,
  pageOf,
  Reply,
  until
} from '../../__tests__/fakes';
import { JobsModel } from '../jobsModel';
import type { IJobsChange } from '../jobsModel';

const SCHEMA = 'https://schema.jupyter.org/studio_ext/jobs/v1';

describe('JobsModel', () => {
  let server: FakeServer;
  let model: JobsModel;
  let events: Stream<Event.IManager, Event.Emission>;
  let changes: IJobsChange[];

  beforeEach(() => {
    server = new FakeServer()
      .on('GET info', { jobs_revision: 5 })
      .on('GET jobs', pageOf([]))
      .on('GET jobs/changes', deltaOf(5, []));
    events = new Stream<Event.IManager, Event.Emission>(
      {} as unknown as Event.IManager
    );
    model = new JobsModel({
      client: server.client,
      events,
      auto: false,
      standby: 'never'
    });
    changes = [];
    model.jobsChanged.connect((_, change) => changes.push(change));
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  it('asks for the revision before the list, so that nothing is missed', async () => {
    const job = makeJob();
    server.on('GET jobs', pageOf([job]));
    await model.refresh();
    expect(
      server.seen.slice(0, 3).map(seen => seen.path.split('?')[0])
    ).toEqual(['info', 'jobs', 'jobs/changes']);
    expect(server.of('GET jobs/changes')[0].path).toContain('since=5');
    expect(model.active.map(({ id }) => id)).toEqual([job.id]);
    expect(model.isReady).toBe(true);
  });

  it('goes on from the last revision', async () => {
    const job = makeJob();
    server.on('GET jobs/changes', deltaOf(9, [job]));
    await model.refresh();
    await model.refresh();
    const asked = server.of('GET jobs/changes').map(({ path }) => path);
    expect(asked[asked.length - 1]).toContain('since=9');
    expect(changes[0].changed).toEqual([job]);
  });

  it('asks at once for what did not fit', async () => {
    const first = makeJob();
    const second = makeJob();
    server.on('GET jobs/changes', ({ path }: { path: string }) =>
      path.includes('since=5')
        ? { ...deltaOf(6, [first]), more: true }
        : deltaOf(7, [second])
    );
    await model.refresh();
    expect(changes.flatMap(({ changed }) => changed)).toEqual([first, second]);
  });

  it('knows which jobs are active, newest first', async () => {
    const old = makeJob({ created: 1 });
    const young = makeJob({ created: 2 });
    server.on('GET jobs/changes', deltaOf(6, [old, young]));
    await model.refresh();
    expect(model.active.map(({ id }) => id)).toEqual([young.id, old.id]);
    model.take(next(old, { status: 'Completed' }));
    expect(model.active.map(({ id }) => id)).toEqual([young.id]);
    model.drop(young.id);
    expect(model.active).toEqual([]);
    expect(changes[changes.length - 1].removed).toEqual([young.id]);
  });

  it('does not go back to an older state of a job', () => {
    const job = makeJob();
    const later = next(job, { progress: { ...job.progress, done: 3 } });
    model.take(later);
    model.take(job);
    expect(model.active[0].progress.done).toBe(3);
    expect(changes).toHaveLength(1);
  });

  it('begins anew when another workspace took the place of the old', async () => {
    await model.refresh();
    const lost = makeJob();
    model.take(lost);
    let resets = 0;
    model.reset.connect(() => {
      resets += 1;
    });
    server
      .on('GET info', { jobs_revision: 1 })
      .on('GET jobs/changes', deltaOf(1, []));
    await model.refresh();
    expect(resets).toBe(1);
    expect(model.active).toEqual([]);
    expect(server.of('GET info')).toHaveLength(2);
  });

  it('says why it cannot look, and forgets it when it can', async () => {
    const errors: (string | undefined)[] = [];
    model.stateChanged.connect(() => errors.push(model.error?.code));
    server.on(
      'GET info',
      new Reply(503, { code: 'unavailable', message: 'Away' })
    );
    await model.refresh();
    expect(model.error?.code).toBe('unavailable');
    expect(model.isReady).toBe(false);
    server.on('GET info', { jobs_revision: 5 });
    await model.refresh();
    expect(model.error).toBeNull();
    expect(errors[0]).toBe('unavailable');
    expect(errors[errors.length - 1]).toBeUndefined();
  });

  it('looks once for many events at once, and not for those of others', async () => {
    await model.refresh();
    const before = server.of('GET jobs/changes').length;
    events.emit({
      schema_id: 'https://events.jupyter.org/contents_service/save'
    });
    for (let i = 0; i < 10; i++) {
      events.emit({ schema_id: SCHEMA, revision: i });
    }
    await until(() => server.of('GET jobs/changes').length > before);
    await new Promise(resolve => setTimeout(resolve, 200));
    expect(server.of('GET jobs/changes').length).toBe(before + 1);
  });

  it('ends everything when it is disposed', async () => {
    await model.refresh();
    const before = server.seen.length;
    events.emit({ schema_id: SCHEMA });
    model.dispose();
    events.emit({ schema_id: SCHEMA });
    await new Promise(resolve => setTimeout(resolve, 150));
    expect(server.seen).toHaveLength(before);
    expect(model.isDisposed).toBe(true);
  });
});
