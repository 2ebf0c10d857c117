import type { IView } from '../model';
import type { ITableState } from '../table';
import { shown, summary, trialTable } from '../table';
import { FakeModel } from './fakeModel';

const BAIT = '<img src=x onerror="window.__planted=1">';

function state(changes: Partial<ITableState> = {}): ITableState {
  return {
    title: 'house-prices',
    columns: [
      { key: 'name', label: 'trial', kind: 'text' },
      { key: 'status', label: 'status', kind: 'status' },
      { key: 'metrics.rmse', label: 'rmse', kind: 'number' }
    ],
    more_columns: 0,
    first: 0,
    rows: [
      { id: 'r1', cells: ['one', 'FINISHED', 48210.123] },
      { id: 'r2', cells: ['two', 'RUNNING', null] }
    ],
    matched: 2,
    known: 2,
    total: 2,
    loading: false,
    sort: 'started',
    descending: true,
    filter: '',
    only_differing: false,
    selected: [],
    over: false,
    error: '',
    ...changes
  };
}

describe('shown', () => {
  it.each([
    ['number', 0.0123, '0.0123'],
    ['number', 'NaN', 'NaN'],
    ['number', null, ''],
    ['text', 8, '8'],
    ['duration', 72, '1 m 12 s'],
    ['status', 'KILLED', 'Stopped'],
    ['status', 'odd', 'odd']
  ] as const)('%s %s', (kind, value, text) => {
    expect(shown({ kind }, value)).toBe(text);
  });
});

describe('summary', () => {
  it.each([
    [{ total: 0, loading: true }, 'Reading trials…'],
    [
      { total: 0 },
      'No trials yet. Jobs and trackers that record here appear by themselves.'
    ],
    [
      { total: 10_000, known: 400, loading: true },
      '10,000 trials · 400 read so far'
    ],
    [{ filter: 'x', matched: 1 }, '1 of 2 trials match'],
    [
      { selected: ['r1'], more_columns: 5 },
      '2 trials · 1 selected · 5 further columns are not shown'
    ]
  ])('%j', (changes, text) => {
    expect(summary(state(changes as Partial<ITableState>))).toBe(text);
  });
});

describe('trialTable', () => {
  let root: HTMLElement;
  let view: IView;
  let model: FakeModel;

  const open = (first: ITableState) => {
    root = document.createElement('div');
    document.body.append(root);
    model = new FakeModel({ _state: first });
    view = trialTable(model, root);
  };
  const set = (next: ITableState) => {
    model.set('_state', next);
    view.update();
  };
  const rows = () => [...root.querySelectorAll('tbody tr:not(.studio-space)')];

  afterEach(() => {
    view.dispose();
    root.remove();
  });

  it('shows trials with sensible digits and states by shape and word', () => {
    open(state());
    expect(rows().map(row => row.textContent)).toEqual([
      'oneCompleted48,210',
      'twoRunning'
    ]);
    expect(root.querySelector('.studio-mod-done')).toBeTruthy();
    expect(root.textContent).toContain('house-prices');
  });

  it('asks for another order, numbers largest first', () => {
    open(state());
    const heads = [...root.querySelectorAll<HTMLButtonElement>('th button')];
    heads[2].click();
    heads[0].click();
    expect(model.sent).toEqual([
      { kind: 'sort', key: 'metrics.rmse', descending: true },
      { kind: 'sort', key: 'name', descending: false }
    ]);
    set(state({ sort: 'metrics.rmse', descending: true }));
    const sorted = root.querySelector('th[aria-sort=descending]')!;
    expect(sorted.textContent).toBe('rmse ▾');
    sorted.querySelector('button')!.click();
    expect(model.sent[2]).toEqual({
      kind: 'sort',
      key: 'metrics.rmse',
      descending: false
    });
  });

  it('selects on both sides', () => {
    open(state({ selected: ['r2'] }));
    expect(rows().map(row => row.querySelector('input')!.checked)).toEqual([
      false,
      true
    ]);
    const box = rows()[0].querySelector('input')!;
    box.checked = true;
    box.dispatchEvent(new Event('change'));
    expect(model.sent).toEqual([{ kind: 'toggle', id: 'r1', on: true }]);
    set(state({ selected: ['r1'] }));
    expect(rows().map(row => row.querySelector('input')!.checked)).toEqual([
      true,
      false
    ]);
  });

  it('moves from row to row by the arrows', () => {
    open(state());
    const boxes = [...root.querySelectorAll<HTMLInputElement>('tbody input')];
    boxes[0].focus();
    boxes[0].dispatchEvent(
      new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true })
    );
    expect(document.activeElement).toBe(boxes[1]);
    boxes[1].dispatchEvent(
      new KeyboardEvent('keydown', { key: 'ArrowUp', bubbles: true })
    );
    expect(document.activeElement).toBe(boxes[0]);
  });

  it('keeps the focus when rows change', () => {
    open(state());
    root.querySelector<HTMLInputElement>('tbody input')!.focus();
    set(
      state({
        rows: [{ id: 'r0', cells: ['new', 'RUNNING', 1] }, ...state().rows],
        matched: 3
      })
    );
    expect((document.activeElement as HTMLElement).dataset.studioTrial).toBe(
      'r1'
    );
  });

  it('filters when typing rests', () => {
    jest.useFakeTimers();
    open(state());
    const input = root.querySelector<HTMLInputElement>('input[type=search]')!;
    for (const text of ['r', 'rm', 'rmse<1']) {
      input.value = text;
      input.dispatchEvent(new Event('input'));
    }
    jest.advanceTimersByTime(1000);
    expect(model.sent).toEqual([{ kind: 'filter', text: 'rmse<1' }]);
    jest.useRealTimers();
  });

  it('keeps room for the rows that are not here', () => {
    open(state({ first: 100, matched: 10_000 }));
    const [above, below] = [
      ...root.querySelectorAll<HTMLElement>('.studio-space')
    ];
    expect(above.style.height).toBe('2400px');
    expect(below.style.height).toBe(`${(10_000 - 102) * 24}px`);
  });

  it('takes every text for a text', () => {
    open(
      state({
        title: BAIT,
        error: BAIT,
        columns: [{ key: BAIT, label: BAIT, kind: 'text' }],
        rows: [{ id: `"]${BAIT}`, cells: [BAIT] }],
        matched: 1
      })
    );
    expect(root.querySelectorAll('img')).toHaveLength(0);
    root.querySelector<HTMLInputElement>('tbody input')!.focus();
    set(state({ rows: [{ id: `"]${BAIT}`, cells: ['other'] }], matched: 1 }));
    expect(rows()).toHaveLength(1);
  });
});
