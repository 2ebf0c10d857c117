import { makeJob, trans } from '../../../__tests__/fakes';
import {
  activityText,
  distinguishing,
  elapsed,
  fraction,
  hasOutput,
  progressText,
  reason,
  statusWord
} from '../words';

describe('statusWord', () => {
  it.each([
    ['Pending', 'Pending', 'Pending'],
    ['Starting', 'Downloading', 'Fetching'],
    ['Starting', 'Restarting', 'Restarting'],
    ['InProgress', 'Training', 'Running'],
    ['InProgress', 'Uploading', 'Uploading'],
    ['Stopping', 'Stopping', 'Stopping'],
    ['Stopping', 'MaxRuntimeExceeded', 'Stopping: time limit'],
    ['Stopped', 'MaxRuntimeExceeded', 'Stopped: time limit'],
    ['Failed', 'Interrupted', 'Interrupted'],
    ['Failed', 'Failed', 'Failed'],
    ['Completed', 'Completed', 'Completed']
  ] as const)('%s / %s is %s', (status, secondary, word) => {
    expect(statusWord(status, secondary, trans)).toBe(word);
  });
});

describe('progressText', () => {
  it('names the cell that runs', () => {
    const progress = { done: 4, total: 12, current: 5, label: 'fit model' };
    expect(progressText(makeJob({ progress }), trans)).toBe(
      'cell 5 of 12: fit model'
    );
    expect(
      progressText(makeJob({ progress: { ...progress, label: '' } }), trans)
    ).toBe('cell 5 of 12');
    expect(
      progressText(makeJob({ progress, status: 'Completed' }), trans)
    ).toBe('');
  });
});

describe('times and parts', () => {
  it('runs from the first line of the person to the end', () => {
    expect(elapsed(makeJob({ started: null }), 100)).toBeNull();
    expect(elapsed(makeJob({ started: 40 }), 100)).toBe(60);
    expect(elapsed(makeJob({ started: 40, ended: 50 }), 100)).toBe(10);
    expect(elapsed(makeJob({ started: 140 }), 100)).toBe(0);
  });

  it('never shows more than all', () => {
    const of = (done: number, total: number) =>
      fraction(
        makeJob({ progress: { done, total, current: null, label: '' } })
      );
    expect([of(1, 4), of(9, 4), of(0, 0)]).toEqual([0.25, 1, 0]);
  });

  it('knows when there is an output notebook', () => {
    expect(hasOutput(makeJob({ status: 'Pending' }))).toBe(false);
    expect(hasOutput(makeJob({ status: 'InProgress' }))).toBe(true);
  });
});

describe('reason', () => {
  it('is one line, of the exit if there is one', () => {
    const exit = {
      code: 1,
      reason: 'CellFailed' as const,
      message: 'KeyError in cell 7\nmore',
      cell: 7,
      cell_source: null,
      traceback: null,
      cpu_seconds: null,
      peak_memory_bytes: null
    };
    expect(reason(makeJob({ exit }))).toBe('KeyError in cell 7');
    expect(reason(makeJob({ message: 'Lost' }))).toBe('Lost');
  });
});

describe('activityText', () => {
  it('counts what runs and what waits', () => {
    const pending = makeJob({ status: 'Pending' });
    expect(activityText([makeJob(), makeJob(), pending], trans)).toBe(
      '2 running, 1 waiting'
    );
    expect(activityText([pending], trans)).toBe('1 waiting');
    expect(activityText([], trans)).toBe('');
  });
});

describe('distinguishing', () => {
  const job = (id: string, parameters: object, notebook = 'a.ipynb') =>
    makeJob({ id, notebook, parameters: { ...parameters } });

  it('shows what differs between jobs of one notebook', () => {
    const texts = distinguishing([
      job('1', { depth: 4, rate: 0.1, seed: 0 }),
      job('2', { depth: 8, rate: 0.1, seed: 0 }),
      job('3', { depth: 8, other: true }, 'b.ipynb')
    ]);
    expect(texts.get('1')).toBe('depth=4');
    expect(texts.get('2')).toBe('depth=8');
    expect(texts.get('3')).toBe('');
  });

  it('shows two at most, and those that a job alone has', () => {
    const texts = distinguishing([
      job('1', { a: 1, b: 1, c: 1 }),
      job('2', { a: 2, b: 2, c: 2 }),
      job('3', {})
    ]);
    expect(texts.get('1')).toBe('a=1  b=1');
    expect(texts.get('3')).toBe('');
  });

  it('leaves it to a name that tells them', () => {
    const texts = distinguishing([
      { ...job('1', { depth: 4 }), name: 'depth=4' },
      { ...job('2', { depth: 8 }), name: 'deep' }
    ]);
    expect(texts.get('1')).toBe('');
    expect(texts.get('2')).toBe('depth=8');
    // Only what it does tell, and rightly.
    const others = distinguishing([
      { ...job('1', { depth: 4, lr: 0.1 }), name: 'depth=4, max_lr=0.1' },
      { ...job('2', { depth: 8, lr: 0.2 }), name: 'depth=4 lr=0.2' }
    ]);
    expect(others.get('1')).toBe('lr=0.1');
    expect(others.get('2')).toBe('depth=8');
  });
});
