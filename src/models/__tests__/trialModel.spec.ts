import {
  FakeServer,
  Reply,
  deferred,
  makeDetail,
  makeJob,
  until
} from '../../__tests__/fakes';
import type { ISeen } from '../../__tests__/fakes';
import type { TrialChildren, TrialDetail, TrialRelative } from '../../contract';
import { TrialClient } from '../../client/trial';
import { ArtifactsModel } from '../artifactsModel';
import { JobsModel } from '../jobsModel';
import { TrialModel } from '../trialModel';

const DETAIL = 'GET trials/run1/detail';

function child(id: string): TrialRelative {
  return {
    run_id: id,
    experiment: '',
    name: id,
    status: 'FINISHED',
    started: null,
    ended: null
  };
}

describe('a trial that is looked at', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let model: TrialModel;

  beforeEach(() => {
    server = new FakeServer().on(DETAIL, makeDetail());
    jobs = new JobsModel({ client: server.client, auto: false });
    model = new TrialModel(jobs, 'run1');
  });

  afterEach(() => {
    model.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  it('is asked for only while somebody looks', async () => {
    expect(server.of(DETAIL)).toHaveLength(0);
    model.setActive(true);
    await until(() => model.isReady);
    expect(model.detail?.trial.name).toBe('first');
    expect(model.metrics?.runId).toBe('run1');
    model.setActive(false);
    jobs.take(makeJob({ id: 'x' }));
    expect(server.of(DETAIL)).toHaveLength(1);
  });

  it('is asked for again when its job changes', async () => {
    const job = { id: 'job1', is_there: true, status: '', name: '' };
    server.on(DETAIL, makeDetail({ job }));
    model.setActive(true);
    await until(() => model.isReady);
    jobs.take(makeJob({ id: 'other' }));
    jobs.take(makeJob({ id: 'job1', status: 'Completed' }));
    await until(() => server.of(DETAIL).length === 2);
  });

  it('keeps what is known where the server is away', async () => {
    await model.refresh();
    server.on(DETAIL, new Reply(503, { code: 'unavailable', message: 'away' }));
    await model.refresh();
    expect(model.error?.message).toBe('away');
    expect(model.detail?.trial.name).toBe('first');
    server.on(DETAIL, makeDetail());
    await model.refresh();
    expect(model.error).toBeNull();
  });

  it('says that it is gone where nobody knows it', async () => {
    server.on(DETAIL, new Reply(404, { code: 'not_found', message: 'none' }));
    await model.refresh();
    expect([model.isGone, model.isReady, model.metrics]).toEqual([
      true,
      false,
      null
    ]);
  });

  it('learns at once that it was deleted, and restored', async () => {
    let isDeleted = false;
    server
      .on(DETAIL, () => makeDetail({ is_deleted: isDeleted }))
      .on('POST trials/delete', () => {
        isDeleted = true;
        return new Reply(204, undefined);
      })
      .on('POST trials/restore', () => {
        isDeleted = false;
        return new Reply(204, undefined);
      });
    model.setActive(true);
    await until(() => model.isReady);
    await server.client.trials.delete(['run1']);
    await until(() => model.isDeleted);
    await model.restore();
    await until(() => !model.isDeleted);
  });

  it('takes no answer from before a change', async () => {
    const late = deferred<TrialDetail>();
    server
      .on(DETAIL, () => late.promise)
      .on('PATCH trials/run1', makeDetail({ note: 'new' }));
    model.setActive(true);
    await until(() => server.of(DETAIL).length === 1);
    await model.update({ note: 'new', if_note: '' });
    expect(model.detail?.note).toBe('new');
    server.on(DETAIL, makeDetail({ note: 'new' }));
    late.resolve(makeDetail({ note: 'old' }));
    await until(() => server.of(DETAIL).length === 2);
    expect(model.detail?.note).toBe('new');
  });

  it('keeps further trials below it that were asked for', async () => {
    const first = { items: [child('a')], next_cursor: 'two' };
    server
      .on(DETAIL, () => makeDetail({ children: { ...first } }))
      .on('GET trials/run1/children', {
        items: [child('b')],
        next_cursor: null
      });
    await model.refresh();
    expect(await model.moreChildren()).toBeNull();
    const ids = () => model.detail?.children.items.map(each => each.run_id);
    expect(ids()).toEqual(['a', 'b']);
    await model.refresh();
    expect(ids()).toEqual(['a', 'b']);
    expect(model.detail?.children.next_cursor).toBeNull();
    first.items = [child('new')];
    await model.refresh();
    expect(ids()).toEqual(['new']);
    server.on(
      'GET trials/run1/children',
      new Reply(503, { code: 'unavailable', message: 'away' })
    );
    expect((await model.moreChildren())?.message).toBe('away');
    expect(ids()).toEqual(['new']);
  });

  it('shows more below it though it looked meanwhile', async () => {
    let items = [child('a')];
    const pages = [deferred<TrialChildren>(), deferred<TrialChildren>()];
    const page = { items: [child('b')], next_cursor: null };
    server
      .on(DETAIL, () => makeDetail({ children: { items, next_cursor: 'two' } }))
      .on('GET trials/run1/children', () => pages[asked() - 1].promise);
    const asked = () => server.of('GET trials/run1/children').length;
    await model.refresh();
    const ids = () => model.detail?.children.items.map(each => each.run_id);
    const more = model.moreChildren();
    await until(() => asked() === 1);
    // Others come before it: what would have come next does so no more.
    items = [child('new')];
    await model.refresh();
    pages[0].resolve(page);
    await until(() => asked() === 2);
    expect(ids()).toEqual(['new']);
    // The same: it does.
    items = [{ ...child('new'), status: 'RUNNING' as const }];
    await model.refresh();
    pages[1].resolve(page);
    expect(await more).toBeNull();
    expect(ids()).toEqual(['new', 'b']);
    expect(model.detail?.children.items[0].status).toBe('RUNNING');
    expect(asked()).toBe(2);
  });

  it('looks often while a trial below it runs', async () => {
    const pause = () => (model as unknown as { pause(): number }).pause();
    const items = [child('a'), { ...child('b'), status: 'RUNNING' as const }];
    server.on(DETAIL, makeDetail({ children: { items, next_cursor: null } }));
    await model.refresh();
    expect(pause()).toBe(3_000);
    items.pop();
    await model.refresh();
    expect(pause()).toBe(20_000);
  });

  it('asks for nothing when it was closed', async () => {
    model.setActive(true);
    await until(() => model.isReady);
    model.dispose();
    await server.client.trials.delete(['run1']).catch(() => undefined);
    expect(server.of(DETAIL)).toHaveLength(1);
    expect(model.metrics?.isDisposed).toBe(true);
  });
});

describe('the artefacts of a trial', () => {
  let server: FakeServer;
  let model: ArtifactsModel;
  const list = 'GET records/runs/run1/artifacts';
  const file = (path: string) => ({ path, is_folder: false, size_bytes: 5 });
  const folder = (path: string) => ({
    path,
    is_folder: true,
    size_bytes: null
  });
  const shown = () =>
    model.rows.map(({ name, depth, state }) => `${depth} ${name} ${state}`);

  beforeEach(() => {
    server = new FakeServer().on(list, ({ path }: ISeen) => {
      const asked = new URLSearchParams(path.split('?')[1]).get('folder');
      const items = {
        '': [file('b10.txt'), file('b9.txt'), folder('<i>'), folder('z')],
        '<i>': [file('<i>/x')],
        z: []
      }[asked ?? ''];
      return items ? { items } : new Reply(500, 'broken');
    });
    model = new ArtifactsModel(new TrialClient(server.settings, 'run1'));
  });

  afterEach(() => jest.restoreAllMocks());

  it('are a tree: folders first, then as people count', async () => {
    expect([model.isReady, model.rows]).toEqual([false, []]);
    await model.refresh();
    expect(shown()).toEqual([
      '0 <i> shown',
      '0 z shown',
      '0 b9.txt shown',
      '0 b10.txt shown'
    ]);
    model.toggle('<i>');
    expect(shown()[0]).toBe('0 <i> loading');
    await until(() => shown()[1] === '1 x shown');
    model.toggle('z');
    await until(() => shown().includes('0 z empty'));
    model.toggle('<i>');
    expect(shown()).toHaveLength(4);
  });

  it('are revealed with the folders above', async () => {
    await model.refresh();
    model.reveal('<i>/x');
    await until(() => shown()[1] === '1 x shown');
    expect(model.selected).toBe('<i>/x');
  });

  it('stay where they cannot be read again', async () => {
    await model.refresh();
    server.on(list, new Reply(503, { code: 'unavailable', message: 'away' }));
    await model.refresh();
    expect([model.error?.message, model.isReady]).toEqual(['away', true]);
    model.toggle('z');
    await until(() => shown().includes('0 z failed'));
    expect(shown()).toHaveLength(4);
  });
});
