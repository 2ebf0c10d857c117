import { FakeServer, makeJob, next, Reply, until } from '../../__tests__/fakes';
import { ExperimentsModel } from '../experimentsModel';
import { JobModel } from '../jobModel';
import { JobsModel } from '../jobsModel';

describe('models that follow the jobs', () => {
  let server: FakeServer;
  let jobs: JobsModel;

  beforeEach(() => {
    server = new FakeServer();
    jobs = new JobsModel({ client: server.client, auto: false });
  });

  afterEach(() => {
    jobs.dispose();
    jest.restoreAllMocks();
  });

  describe('JobModel', () => {
    it('shows a change at once and asks for the rest', async () => {
      const job = makeJob({ id: 'a' });
      server.on('GET jobs/a', job);
      const model = new JobModel(jobs, 'a');
      await model.ready;
      expect(model.job?.status).toBe('InProgress');
      const failed = next(job, { status: 'Failed', message: 'KeyError' });
      server.on('GET jobs/a', { ...failed, tags: { asked: 'yes' } });
      jobs.take({ ...failed });
      expect(model.job?.status).toBe('Failed');
      await until(() => model.job?.tags['asked'] === 'yes');
      model.dispose();
    });

    it('leaves other jobs alone', async () => {
      server.on('GET jobs/a', makeJob({ id: 'a' }));
      const model = new JobModel(jobs, 'a');
      await model.ready;
      jobs.take(makeJob({ id: 'b' }));
      await new Promise(resolve => setTimeout(resolve, 50));
      expect(server.of('GET jobs/a')).toHaveLength(1);
      model.dispose();
    });

    it('knows that it was deleted, and that this was undone', async () => {
      const job = makeJob({ id: 'a' });
      server.on('GET jobs/a', job);
      const model = new JobModel(jobs, 'a');
      await model.ready;
      jobs.drop('a');
      expect(model.isDeleted).toBe(true);
      jobs.take(next(job, {}));
      expect(model.isDeleted).toBe(false);
      model.dispose();
    });

    it('looks again until the tracking store has everything', async () => {
      const job = makeJob({ id: 'a', lag_bytes: 500 });
      server.on('GET jobs/a', job);
      const model = new JobModel(jobs, 'a');
      await model.ready;
      expect(model.job?.lag_bytes).toBe(500);
      server.on('GET jobs/a', { ...job, lag_bytes: 0 });
      await until(() => model.job?.lag_bytes === 0);
      model.dispose();
    });

    it('says why there is nothing to show', async () => {
      server.on(
        'GET jobs/a',
        new Reply(404, { code: 'not_found', message: 'There is no such job.' })
      );
      const model = new JobModel(jobs, 'a');
      await model.ready;
      expect(model.job).toBeNull();
      expect(model.error?.message).toBe('There is no such job.');
      model.dispose();
    });
  });

  describe('ExperimentsModel', () => {
    it('loads when asked and again when jobs change', async () => {
      server.on('GET experiments', [
        { id: '1', name: 'churn', trials: 4, updated: 1 }
      ]);
      const model = new ExperimentsModel(server.client, jobs);
      jobs.take(makeJob());
      await new Promise(resolve => setTimeout(resolve, 20));
      expect(server.of('GET experiments')).toHaveLength(0);
      await model.load();
      expect(model.items?.[0].name).toBe('churn');
      jobs.take(makeJob());
      await until(() => server.of('GET experiments').length === 2);
      model.dispose();
    });

    it("hides MLflow's own experiment while nothing is in it", async () => {
      const own = { id: '0', name: 'Default', trials: 0, updated: 1 };
      const empty = { id: '1', name: 'churn', trials: 0, updated: 1 };
      server.on('GET experiments', [own, empty]);
      const model = new ExperimentsModel(server.client, jobs);
      await model.load();
      expect(model.items).toEqual([empty]);
      for (const trials of [1, null]) {
        server.on('GET experiments', [{ ...own, trials }]);
        await model.load();
        expect(model.items).toHaveLength(1);
      }
      model.dispose();
    });

    it('finds out by itself what was recorded without a job, and says only what is new', async () => {
      server.on('GET experiments', []);
      const model = new ExperimentsModel(server.client, jobs, 20);
      await model.load();
      const said = jest.fn();
      model.changed.connect(said);
      await until(() => server.of('GET experiments').length >= 4);
      expect(said).not.toHaveBeenCalled();
      const found = { id: '1', name: 'churn', trials: 1, updated: 1 };
      server.on('GET experiments', [found]);
      await until(() => model.items?.length === 1);
      expect(said).toHaveBeenCalledTimes(1);
      server.on('GET experiments', [
        { ...found, name: 'other', id: '2' },
        found
      ]);
      await until(() => model.items?.length === 2);
      server.on('GET experiments', [{ ...found, updated: 2 }]);
      await until(() => model.items?.[0].updated === 2);
      model.dispose();
      const looked = server.of('GET experiments').length;
      await new Promise(resolve => setTimeout(resolve, 60));
      expect(server.of('GET experiments')).toHaveLength(looked);
    });

    it('keeps the old list when a request fails', async () => {
      server.on('GET experiments', []);
      const model = new ExperimentsModel(server.client, jobs);
      await model.load();
      server.on('GET experiments', new Reply(503, 'away'));
      await model.load();
      expect(model.items).toEqual([]);
      expect(model.error).not.toBeNull();
      model.dispose();
    });
  });
});
