import { notes } from '../chart';
import { linesOf, tsv } from '../chartData';
import type { IChartState } from '../chartData';
import { dash } from '../../shared/chartTheme';
import { colourOf } from '../colours';
import { valueAt } from '../panel';

jest.mock('uplot', () => class {});

const LINE = {
  line: 0,
  step: [0, 1, 2],
  time: [0, 0.5, 1.5],
  value: [1, null, 3],
  count: 3,
  last: 3
};

function state(changes: Partial<IChartState> = {}): IChartState {
  return {
    x: 'step',
    lines: [{ key: 'r1', name: 'one', colour: 0 }],
    metrics: [{ name: 'loss', not_finite: 0, lines: [LINE] }],
    others: [],
    left_out: 0,
    waiting: [],
    over: false,
    loading: false,
    error: '',
    ...changes
  };
}

describe('linesOf', () => {
  it('draws over steps or time, with gaps', () => {
    const one = state();
    expect(linesOf(one, one.metrics[0], 'step', false)[0]).toMatchObject({
      name: 'one',
      x: [0, 1, 2],
      y: [1, null, 3]
    });
    expect(linesOf(one, one.metrics[0], 'time', false)[0].x).toEqual([
      0, 0.5, 1.5
    ]);
  });

  it('puts steps in order and keeps the later of two at one place', () => {
    const metric = {
      ...state().metrics[0],
      lines: [{ ...LINE, step: [2, 0, 2], value: [1, 2, 3] }]
    };
    const [line] = linesOf(state(), metric, 'step', false);
    expect([line.x, line.y]).toEqual([
      [0, 2],
      [2, 3]
    ]);
  });

  it('leaves out what a log scale has no place for', () => {
    const metric = {
      ...state().metrics[0],
      lines: [{ ...LINE, value: [-1, 0, 3] }]
    };
    expect(linesOf(state(), metric, 'step', true)[0].y).toEqual([
      null,
      null,
      3
    ]);
  });
});

describe('tsv', () => {
  it('is a table that a spreadsheet reads, and runs nothing of', () => {
    const odd = state({
      lines: [{ key: 'r1', name: '=HYPERLINK("x")\tb\nc', colour: 0 }]
    });
    const rows = tsv(odd).split('\n');
    expect(rows[0].split('\t')).toEqual([
      'metric',
      'trial',
      'run_id',
      'step',
      'seconds',
      'value'
    ]);
    expect(rows[1].split('\t')).toEqual([
      'loss',
      '\'=HYPERLINK("x") b c',
      'r1',
      '0',
      '0',
      '1'
    ]);
    expect(rows[2].split('\t')[5]).toBe('NaN');
    expect(rows).toHaveLength(4);
  });
});

describe('notes', () => {
  it.each([
    [{ metrics: [], loading: true }, /Reading metrics/],
    [{ metrics: [] }, /No metrics yet/],
    [{ metrics: [], over: true }, /No metrics were logged/],
    [{ waiting: ['two'] }, /Nothing yet of two/],
    [
      { metrics: [{ name: 'm', not_finite: 2, lines: [LINE] }] },
      /2 values that are NaN or infinite/
    ],
    [
      {
        metrics: [
          { name: 'm', not_finite: 0, lines: [{ ...LINE, count: 1_000_000 }] }
        ]
      },
      /1,000,000 values a line, thinned/
    ],
    [{ others: ['a', 'b'], left_out: 3 }, /Not drawn: a, b and 3 more/]
  ])('%j', (changes, text) => {
    expect(notes(state(changes as Partial<IChartState>), false).join()).toMatch(
      text
    );
  });
});

describe('valueAt', () => {
  it('is the value at or before a place', () => {
    const line = { x: [1, 3, 5], y: [10, null, 50] };
    expect([0, 1, 2, 3, 9].map(x => valueAt(line, x))).toEqual([
      null,
      10,
      10,
      null,
      50
    ]);
  });
});

describe('colours', () => {
  it('tell 32 lines apart', () => {
    const looks = Array.from(
      { length: 32 },
      (_, at) => `${colourOf(at)} ${dash(at)}`
    );
    expect(new Set(looks).size).toBe(32);
  });
});
