import { describe as words, jobProgress } from '../jobs';
import type { IJobState } from '../jobs';
import type { IView } from '../model';
import { FakeModel } from './fakeModel';

const BAIT =
  '<img src=x onerror="window.__planted=1"><script>window.__planted=1</script>';

function job(changes: Partial<IJobState> = {}): IJobState {
  return {
    id: 'abcdefgh1234',
    name: 'train',
    notebook: 'train.ipynb',
    status: 'InProgress',
    over: false,
    gone: false,
    stopping: false,
    done: 4,
    total: 12,
    current: 5,
    label: 'fit model',
    message: '',
    created: 900,
    started: 959,
    ended: null,
    experiment: 'house-prices',
    run_id: 'f'.repeat(32),
    metrics: [],
    more_metrics: 0,
    end: null,
    log: null,
    fault: '',
    ...changes
  };
}

describe('words', () => {
  it.each([
    [{}, 'Running, cell 5 of 12: fit model'],
    [{ label: '' }, 'Running, cell 5 of 12'],
    [
      { status: 'Pending', current: null, message: 'waits for room' },
      'Pending: waits for room'
    ],
    [
      { status: 'Pending', current: null, message: 'Waiting to start' },
      'Pending: Waiting to start'
    ],
    [{ status: 'Starting', current: null }, 'Starting'],
    [{ status: 'Completed', over: true }, 'Completed'],
    [{ status: 'Failed', over: true }, 'Failed, 4 of 12 cells'],
    [{ gone: true }, 'Deleted']
  ])('%j is %s', (changes, text) => {
    expect(words(job(changes as Partial<IJobState>))).toBe(text);
  });
});

describe('jobProgress', () => {
  let root: HTMLElement;
  let view: IView | undefined;
  let model: FakeModel;

  const open = (...jobs: IJobState[]) => {
    root = document.createElement('div');
    document.body.append(root);
    model = new FakeModel({
      _state: { jobs, over: jobs.every(each => each.over), error: '' }
    });
    view = jobProgress(model, root);
  };
  const set = (...jobs: IJobState[]) => {
    model.set('_state', {
      jobs,
      over: jobs.every(each => each.over),
      error: ''
    });
    view!.update();
  };
  const button = (name: string) =>
    [...root.querySelectorAll('button')].filter(
      each =>
        each.textContent === name && !each.hidden && !each.closest('[hidden]')
    );
  const text = (selector: string) => root.querySelector(selector)?.textContent;

  beforeEach(() => jest.useFakeTimers({ now: 5_000_000 }));
  afterEach(() => {
    view?.dispose();
    root.remove();
    jest.useRealTimers();
  });

  it('says what the job does, by shape and word, and how far it is', () => {
    open(
      job({
        metrics: [
          ['rmse', 48210.44],
          ['odd', 'NaN'],
          ['none', null]
        ],
        more_metrics: 3
      })
    );
    expect(text('.studio-name')).toBe('train');
    expect(text('.studio-state')).toBe('Running, cell 5 of 12: fit model');
    expect(text('.studio-clock')).toBe('0:41');
    expect(root.querySelector('.studio-sign.studio-mod-running')).toBeTruthy();
    expect(
      root.querySelector('[role=progressbar]')!.getAttribute('aria-valuenow')
    ).toBe('33');
    expect(text('.studio-metrics')).toMatch(/rmse48,210.*oddNaN.*and 3 more/);
  });

  it('counts the time between two words of the kernel, until it is silent', () => {
    open(job());
    jest.advanceTimersByTime(10_000);
    expect(text('.studio-clock')).toBe('0:51');
    jest.advanceTimersByTime(60_000);
    expect(text('.studio-note')).toContain('The kernel does not answer');
    expect(text('.studio-clock')).toBe('0:41');
    model.set('_beat', 1080);
    jest.advanceTimersByTime(1000);
    expect(text('.studio-note')).toBe('');
    expect(text('.studio-clock')).toBe('2:02');
  });

  it('asks in place before it stops, and takes no for an answer', () => {
    open(job());
    button('Stop')[0].click();
    expect(text('.studio-confirm')).toContain('Stop this job?');
    button('Keep running')[0].click();
    expect(model.sent).toEqual([]);
    button('Stop')[0].click();
    document.activeElement!.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })
    );
    expect(root.querySelector<HTMLElement>('.studio-confirm')!.hidden).toBe(
      true
    );
    button('Stop')[0].click();
    button('Stop')[1].click();
    expect(model.sent).toEqual([{ kind: 'stop', job: 'abcdefgh1234' }]);
  });

  it('says when the kernel is too busy to stop it, until it has', () => {
    open(job());
    button('Stop')[0].click();
    button('Stop')[1].click();
    jest.advanceTimersByTime(5000);
    expect(text('.studio-fault')).toContain('The kernel is busy');
    set(job({ stopping: true, status: 'Stopping' }));
    expect(root.querySelector<HTMLElement>('.studio-fault')!.hidden).toBe(true);
    expect(button('Kill')).toHaveLength(1);
    set(job({ status: 'Stopped', over: true, ended: 1000 }));
    expect(button('Stop')).toHaveLength(0);
    expect(button('Kill')).toHaveLength(0);
  });

  it('shows the log on demand, and stays at its end', () => {
    open(job());
    const log = button('Log')[0];
    log.click();
    expect(log.getAttribute('aria-expanded')).toBe('true');
    expect(model.sent).toEqual([
      { kind: 'log', job: 'abcdefgh1234', on: true }
    ]);
    set(job({ log: '' }));
    expect(text('.studio-log')).toBe('Nothing was printed yet.');
    set(job({ log: 'epoch 1\nepoch 2' }));
    expect(text('.studio-log')).toBe('epoch 1\nepoch 2');
    log.click();
    expect(model.sent[1]).toEqual({
      kind: 'log',
      job: 'abcdefgh1234',
      on: false
    });
  });

  it('says why it ended, and what to do', () => {
    const end = {
      message: 'KeyError in cell 7',
      next: 'Mend it.',
      cell: 7,
      source: 'x["a"]',
      traceback: 'Traceback…'
    };
    open(job({ status: 'Failed', over: true, ended: 1000, end }));
    expect(text('.studio-reason')).toBe('KeyError in cell 7');
    expect(text('.studio-next')).toBe('Mend it.');
    expect(text('summary')).toBe('Cell 7');
    expect(text('.studio-end')).toContain('Traceback…');
    expect(root.querySelector('.studio-sign.studio-mod-failed')).toBeTruthy();
  });

  it('takes every text for a text', () => {
    const end = {
      message: BAIT,
      next: BAIT,
      cell: 1,
      source: BAIT,
      traceback: BAIT
    };
    open(
      job({
        name: BAIT,
        notebook: BAIT,
        label: BAIT,
        experiment: BAIT,
        metrics: [[BAIT, BAIT]],
        log: BAIT,
        fault: BAIT
      }),
      job({
        id: 'b',
        name: BAIT,
        status: 'Failed',
        over: true,
        end,
        run_id: BAIT
      })
    );
    expect(root.querySelectorAll('img, script, a, iframe')).toHaveLength(0);
    expect(root.textContent).toContain(BAIT);
  });

  it('keeps elements while it says something else', () => {
    open(job(), job({ id: 'other', name: 'second' }));
    const rows = [...root.querySelectorAll('.studio-job')];
    set(
      job({ current: 6 }),
      job({
        id: 'other',
        name: 'second',
        status: 'Completed',
        over: true,
        ended: 970
      })
    );
    expect([...root.querySelectorAll('.studio-job')]).toEqual(rows);
    expect(
      rows.map(row => row.querySelector('.studio-clock')!.textContent)
    ).toEqual(['0:41', '0:11']);
  });
});
