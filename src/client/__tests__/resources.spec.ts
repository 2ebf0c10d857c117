import { FakeServer, Reply, makeJob, pageOf } from '../../__tests__/fakes';

describe('the clients of resources', () => {
  let server: FakeServer;

  beforeEach(() => {
    server = new FakeServer();
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  function last() {
    const { method, path, body } = server.seen[server.seen.length - 1];
    return body === undefined ? [method, path] : [method, path, body];
  }

  it('lists jobs by state, text and page', async () => {
    server.on('GET jobs', pageOf([makeJob()]));
    const page = await server.client.jobs.list({
      statuses: ['Pending', 'InProgress'],
      text: 'train',
      cursor: 'c1',
      limit: 20
    });
    expect(page.items).toHaveLength(1);
    expect(last()).toEqual([
      'GET',
      'jobs?limit=20&cursor=c1&text=train&status=Pending%2CInProgress'
    ]);
  });

  it('asks for changes since a revision, also since the first', async () => {
    server.on('GET jobs/changes', {});
    await server.client.jobs.changes(0);
    expect(last()).toEqual(['GET', 'jobs/changes?since=0&limit=200']);
  });

  it('escapes ids', async () => {
    server.on('GET jobs/..%2Finfo', {});
    await server.client.jobs.get('../info');
    expect(last()).toEqual(['GET', 'jobs/..%2Finfo']);
  });

  it('stops, restores and deletes jobs', async () => {
    server
      .on('POST jobs/a/stop', makeJob())
      .on('POST jobs/a/restore', makeJob())
      .on('DELETE jobs/a', undefined);
    await server.client.jobs.stop('a');
    expect(last()).toEqual(['POST', 'jobs/a/stop', {}]);
    await server.client.jobs.restore('a');
    expect(last()).toEqual(['POST', 'jobs/a/restore', {}]);
    await server.client.jobs.delete('a', false);
    expect(last()).toEqual(['DELETE', 'jobs/a?trial=false']);
    await server.client.jobs.delete('a', true);
    expect(last()).toEqual(['DELETE', 'jobs/a?trial=true']);
  });

  it('reads ranges of a log, from the end too', async () => {
    server.on('GET jobs/a/log', {});
    await server.client.jobs.log('a', -100, 100);
    expect(last()).toEqual(['GET', 'jobs/a/log?offset=-100&limit=100']);
    await server.client.jobs.log('a', 0, 100);
    expect(last()).toEqual(['GET', 'jobs/a/log?offset=0&limit=100']);
  });

  it('lists the files of a folder', async () => {
    server.on('GET jobs/a/files', []);
    await server.client.jobs.files('a', 'output/deep folder');
    expect(last()).toEqual(['GET', 'jobs/a/files?path=output%2Fdeep+folder']);
  });

  it('looks into notebooks', async () => {
    server.on('POST notebooks/inspect', {}).on('GET options', {});
    await server.client.notebooks.inspect('work/train.ipynb');
    expect(last()).toEqual([
      'POST',
      'notebooks/inspect',
      { notebook: 'work/train.ipynb' }
    ]);
    await server.client.notebooks.options();
    expect(last()).toEqual(['GET', 'options']);
  });

  it('asks for experiments and trials', async () => {
    server
      .on('GET experiments', [])
      .on('POST experiments', {})
      .on('GET trials/r1', {});
    await server.client.experiments.list();
    expect(last()).toEqual(['GET', 'experiments']);
    await server.client.experiments.create('churn');
    expect(last()).toEqual(['POST', 'experiments', { name: 'churn' }]);
    await server.client.experiments.trial('r1');
    expect(last()).toEqual(['GET', 'trials/r1']);
  });

  it('asks for the table of trials', async () => {
    const { trials } = server.client;
    const query = { experiment: 'a b', columns: ['name'] };
    server
      .on('POST trials/table', {})
      .on('GET trials/columns', {})
      .on('POST trials/filter', {})
      .on('POST trials/export', 'Trial\na\n')
      .on('POST trials/delete', undefined)
      .on('POST trials/restore', undefined);
    await trials.table(query);
    expect(last()).toEqual(['POST', 'trials/table', query]);
    await trials.columns({ experiment: 'a b', text: 'rm', kind: 'metric' });
    expect(last()).toEqual([
      'GET',
      'trials/columns?experiment=a+b&text=rm&kind=metric'
    ]);
    await trials.check({ filter: 'x', cursor: 1 });
    expect(last()).toEqual([
      'POST',
      'trials/filter',
      { filter: 'x', cursor: 1 }
    ]);
    const file = await trials.export(query, 'parquet');
    expect(file.size).toBe(8);
    expect(last()).toEqual(['POST', 'trials/export?format=parquet', query]);
    await trials.delete(['r1']);
    expect(last()).toEqual(['POST', 'trials/delete', { run_ids: ['r1'] }]);
    await trials.restore(['r1']);
    expect(last()).toEqual(['POST', 'trials/restore', { run_ids: ['r1'] }]);
  });

  it('says why there is no file', async () => {
    server.on(
      'POST trials/export',
      new Reply(404, { code: 'not_found', message: 'There is none.' })
    );
    const task = server.client.trials.export({ experiment: 'x' }, 'csv');
    await expect(task).rejects.toThrow('There is none.');
  });
});
