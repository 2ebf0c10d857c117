import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { FakeServer, makeJob, next } from '../../../__tests__/fakes';
import { JobsModel } from '../../../models/jobsModel';
import { EndWatcher } from '../endWatcher';
import { OutputRefresher } from '../outputRefresher';
import { freeName } from '../outputs';

describe('EndWatcher', () => {
  let jobs: JobsModel;
  let watcher: EndWatcher;
  let ended: string[];

  beforeEach(() => {
    jobs = new JobsModel({ client: new FakeServer().client, auto: false });
    watcher = new EndWatcher(jobs);
    ended = [];
    watcher.ended.connect((_, job) => ended.push(job.id));
  });

  afterEach(() => {
    watcher.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  it('tells each end once', () => {
    const job = makeJob({ id: 'a' });
    jobs.take(job);
    const done = next(job, { status: 'Completed' });
    jobs.take(done);
    jobs.take(next(done, {}));
    expect(ended).toEqual(['a']);
  });

  it('tells of a job that began and ended between two looks', () => {
    const created = Date.now() / 1000 + 60;
    jobs.take(makeJob({ id: 'quick', status: 'Failed', created }));
    expect(ended).toEqual(['quick']);
  });

  it('keeps quiet about jobs that ended long ago', () => {
    jobs.take(makeJob({ id: 'old', status: 'Completed', created: 5 }));
    expect(ended).toEqual([]);
  });
});

describe('OutputRefresher', () => {
  it('reads again the opened outputs of jobs that changed, in their time', () => {
    jest.useFakeTimers();
    const jobs = new JobsModel({
      client: new FakeServer().client,
      auto: false
    });
    const context = (path: string, dirty = false) => {
      const revert = jest.fn(() => Promise.resolve());
      return { path, isReady: true, model: { dirty }, revert };
    };
    const mine = context('Studio:a/output/train.ipynb');
    const edited = context('Studio:a/output/other.ipynb', true);
    const other = context('Studio:ab/output/train.ipynb');
    const opened = [mine, edited, other, undefined];
    const refresher = new OutputRefresher(
      jobs,
      () => opened as unknown as DocumentRegistry.Context[]
    );
    const job = makeJob({ id: 'a' });
    jobs.take(job);
    jobs.take(next(job, {}));
    jest.advanceTimersByTime(2_000);
    expect(mine.revert).toHaveBeenCalledTimes(1);
    expect(edited.revert).not.toHaveBeenCalled();
    expect(other.revert).not.toHaveBeenCalled();
    jobs.take(next(job, {}));
    refresher.dispose();
    jest.advanceTimersByTime(5_000);
    expect(mine.revert).toHaveBeenCalledTimes(1);
    jobs.dispose();
    jest.useRealTimers();
    jest.restoreAllMocks();
  });
});

describe('freeName', () => {
  it('takes the first name that is free', () => {
    expect(freeName('train-1', new Set())).toBe('train-1.ipynb');
    expect(
      freeName('train-1', new Set(['train-1.ipynb', 'train-1-1.ipynb']))
    ).toBe('train-1-2.ipynb');
  });

  it('keeps what no file may be called out of the name', () => {
    expect(freeName('a/b\\c:d\n"e"', new Set())).toBe('a-b-c-d-e-.ipynb');
  });

  it('gives up in the end', () => {
    const names = new Set(['x.ipynb']);
    for (let index = 1; index < 100; index++) {
      names.add(`x-${index}.ipynb`);
    }
    expect(freeName('x', names)).toBeNull();
  });
});
