import {
  deferred,
  FakeServer,
  makeJob,
  next,
  pageOf,
  Reply,
  until
} from '../../__tests__/fakes';
import type { JobDetail } from '../../contract';
import { JobListModel, matches } from '../jobListModel';
import { JobsModel } from '../jobsModel';

describe('JobListModel', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let list: JobListModel;
  let older: JobDetail;
  let newer: JobDetail;

  const ids = () => list.items?.map(({ id }) => id);

  beforeEach(() => {
    older = makeJob({ id: 'older' });
    newer = makeJob({ id: 'newer' });
    server = new FakeServer().on('GET jobs', pageOf([newer, older], 'c1', 7));
    jobs = new JobsModel({ client: server.client, auto: false });
    list = new JobListModel(jobs);
  });

  afterEach(() => {
    list.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  it('has nothing before the first page, and then says how many more', async () => {
    expect(list.items).toBeNull();
    await list.load();
    expect(ids()).toEqual(['newer', 'older']);
    expect(list.more).toBe(5);
  });

  it('appends further pages without repeating jobs', async () => {
    await list.load();
    const oldest = makeJob({ id: 'oldest' });
    server.on('GET jobs', pageOf([older, oldest], null, 3));
    await list.loadMore();
    expect(server.seen[1].path).toContain('cursor=c1');
    expect(ids()).toEqual(['newer', 'older', 'oldest']);
    expect(list.more).toBe(0);
    await list.loadMore();
    expect(server.seen).toHaveLength(2);
  });

  it('changes values in place and puts new jobs on top', async () => {
    await list.load();
    const fresh = makeJob({ id: 'fresh' });
    jobs.take(next(older, { status: 'Failed' }));
    jobs.take(fresh);
    expect(ids()).toEqual(['fresh', 'newer', 'older']);
    expect(list.items?.[2].status).toBe('Failed');
    expect(list.more).toBe(5);
  });

  it('does not show a job that lies on a later page', async () => {
    await list.load();
    jobs.take(makeJob({ id: 'ancient', created: 1 }));
    expect(ids()).toEqual(['newer', 'older']);
  });

  it('keeps the order while it is held', async () => {
    await list.load();
    list.hold(true);
    const fresh = makeJob({ id: 'fresh' });
    jobs.take(fresh);
    jobs.take(next(fresh, { status: 'Completed' }));
    expect(ids()).toEqual(['newer', 'older']);
    expect(list.waiting).toBe(1);
    list.hold(false);
    expect(ids()).toEqual(['fresh', 'newer', 'older']);
    expect(list.items?.[0].status).toBe('Completed');
    expect(list.waiting).toBe(0);
  });

  it('drops deleted jobs, held or not', async () => {
    await list.load();
    list.hold(true);
    jobs.take(makeJob({ id: 'fresh' }));
    jobs.drop('fresh');
    jobs.drop('newer');
    expect(ids()).toEqual(['older']);
    expect(list.waiting).toBe(0);
  });

  it('asks the server for what the filter wants, and keeps old rows till then', async () => {
    await list.load();
    const answer = deferred<unknown>();
    server.on('GET jobs', () => answer.promise);
    list.setFilter('old');
    expect(ids()).toEqual(['newer', 'older']);
    await until(() => server.seen.length === 2);
    expect(server.seen[1].path).toContain('text=old');
    answer.resolve(pageOf([older]));
    await until(() => ids()?.length === 1);
    jobs.take(makeJob({ id: 'other' }));
    expect(ids()).toEqual(['older']);
    jobs.take(makeJob({ id: 'x', name: 'as OLD as time' }));
    expect(ids()).toEqual(['x', 'older']);
  });

  it('takes the answer to the last question only', async () => {
    const slow = deferred<unknown>();
    server.on('GET jobs', () => slow.promise);
    const first = list.load();
    server.on('GET jobs', pageOf([newer]));
    await list.load();
    slow.resolve(pageOf([older]));
    await first;
    expect(ids()).toEqual(['newer']);
  });

  it('keeps the old rows when a request fails', async () => {
    await list.load();
    server.on('GET jobs', new Reply(500, 'oops'));
    await list.load();
    expect(ids()).toEqual(['newer', 'older']);
    expect(list.error?.message).toContain('500');
    server.on('GET jobs', pageOf([newer]));
    await list.load();
    expect(list.error).toBeNull();
  });
});

describe('matches', () => {
  it('looks at name, notebook, experiment, state and id, in any case', () => {
    const job = makeJob({ name: 'Fit 1', notebook: 'a/prepare.ipynb' });
    expect(matches(job, ' fit ')).toBe(true);
    expect(matches(job, 'PREPARE')).toBe(true);
    expect(matches(job, 'house')).toBe(true);
    expect(matches(job, 'inprogress')).toBe(true);
    expect(matches(job, '')).toBe(true);
    expect(matches(job, 'churn')).toBe(false);
  });
});
