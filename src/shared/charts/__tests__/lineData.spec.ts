import {
  groupOf,
  interpolated,
  joinedByStep,
  nearestAt,
  onlyPositive,
  positionAt,
  smoothed,
  toDrawing
} from '../lineData';
import type { ISeries, Numbers } from '../lineData';

export function history(
  runId: string,
  metric: string,
  x: number[],
  y: number[],
  fields: Partial<ISeries> = {}
): ISeries {
  const count = x.length;
  return {
    runId,
    metric,
    x: Float64Array.from(x),
    y: Float64Array.from(y),
    count,
    shown: count,
    notFinite: 0,
    ...fields
  };
}

const trials = [
  { id: 'a', label: 'first', colour: 0 },
  { id: 'b', label: 'second', colour: 9 }
];
const numbers = (values?: ArrayLike<number>) => Array.from(values ?? []);

describe('smoothed', () => {
  it('begins with the first value, not below it', () => {
    expect(numbers(smoothed([4, 4, 4], 0.9))).toEqual([4, 4, 4]);
    const [first, second] = smoothed([1, 2], 0.5);
    expect(first).toBe(1);
    // Weights 0.5 and 1: (0.5 x 1 + 1 x 2) / 1.5.
    expect(second).toBeCloseTo(5 / 3, 12);
  });

  it('goes on after a gap', () => {
    const [, gap, after] = smoothed([1, NaN, 1], 0.9);
    expect(gap).toBeNaN();
    expect(after).toBeCloseTo(1, 12);
  });

  it('approaches the mean', () => {
    const noise = Array.from({ length: 4000 }, (_, at) => (at % 2 ? 1 : 3));
    const values = smoothed(noise, 0.99);
    expect(values[values.length - 1]).toBeCloseTo(2, 1);
  });
});

describe('positions', () => {
  it.each([
    [-1, -1, 0],
    [1, 0, 0],
    [1.4, 0, 0],
    [1.6, 0, 1],
    [2, 2, 2],
    [9, 3, 3]
  ])('of %d', (place, last, nearest) => {
    const x = [1, 2, 2, 5];
    expect(positionAt(x, place)).toBe(last);
    expect(nearestAt(x, place)).toBe(nearest);
  });

  it('of nothing', () => {
    expect(positionAt([], 1)).toBe(-1);
    expect(nearestAt([], 1)).toBe(-1);
    expect(interpolated([], [], 1)).toBeNaN();
  });

  it('between neighbours, and nowhere else', () => {
    const [x, y] = [
      [0, 10],
      [0, 100]
    ];
    expect([-1, 0, 5, 10, 11].map(at => interpolated(x, y, at))).toEqual([
      NaN,
      0,
      50,
      100,
      NaN
    ]);
  });
});

describe('joinedByStep', () => {
  it('is in the order of the other metric, on the line between its steps', () => {
    const accuracy = history('a', 'acc', [0, 10, 20], [0.9, 0.1, 0.5]);
    const loss = history('a', 'loss', [0, 5, 20, 30], [1, 2, 3, 4]);
    const { x, y } = joinedByStep(accuracy, loss);
    expect(numbers(x)).toEqual([0.5, 0.5, 0.9]);
    expect(numbers(y)).toEqual([2, 3, 1]);
  });

  it('leaves out what has no place', () => {
    const accuracy = history('a', 'acc', [0, 1], [NaN, 1]);
    const loss = history('a', 'loss', [0, 1], [1, 2]);
    expect(numbers(joinedByStep(accuracy, loss).y)).toEqual([2]);
  });
});

describe('groupOf', () => {
  it('is the mean and the edges at all places of any line', () => {
    const group = groupOf([
      { x: [0, 2], y: [0, 4] },
      { x: [1, 2, 3], y: [6, 8, 10] }
    ]);
    expect(numbers(group.x)).toEqual([0, 1, 2, 3]);
    expect(numbers(group.y)).toEqual([0, 4, 6, 10]);
    expect(numbers(group.low)).toEqual([0, 2, 4, 10]);
    expect(numbers(group.high)).toEqual([0, 6, 8, 10]);
  });

  it('has a gap where all have one', () => {
    const group = groupOf([{ x: [0, 1, 2], y: [1, NaN, 3] }]);
    expect(numbers(group.y)).toEqual([1, NaN, 3]);
    expect(numbers(group.high)).toEqual([1, NaN, 3]);
  });

  it('stays small, with both ends', () => {
    const parts = Array.from({ length: 20 }, (_, line) => ({
      x: Array.from({ length: 900 }, (_, at) => at + line / 20),
      y: new Array<number>(900).fill(line)
    }));
    const { x } = groupOf(parts);
    expect(x.length).toBe(1000);
    expect([x[0], x[999]]).toEqual([0, 899.95]);
  });

  it('has all points within its edges, also where it leaves places out', () => {
    const y = Array.from({ length: 5000 }, (_, at) => Math.sin(at * at));
    const places = y.map((_, at) => at);
    const group = groupOf([{ x: places, y }]);
    expect(group.x.length).toBe(1000);
    const edge = (values: Numbers, at: number) =>
      interpolated(group.x, values, at);
    expect(places.filter(at => edge(group.low!, at) > y[at] + 1e-9)).toEqual(
      []
    );
    expect(places.filter(at => edge(group.high!, at) < y[at] - 1e-9)).toEqual(
      []
    );
    expect(Math.max(...numbers(group.high))).toBe(Math.max(...y));
  });
});

describe('onlyPositive', () => {
  it('makes gaps of values and drops places', () => {
    const part = { x: [-1, 0, 1, 2, 3], y: [1, 1, -1, 0, NaN] };
    const both = onlyPositive(part, true, true);
    expect(numbers(both.part.x)).toEqual([1, 2, 3]);
    expect(numbers(both.part.y)).toEqual([NaN, NaN, NaN]);
    expect(numbers(both.part.logged!)).toEqual([-1, 0, NaN]);
    expect(both.left).toBe(4);
    expect(onlyPositive(part, false, true).left).toBe(2);
  });
});

describe('toDrawing', () => {
  it('has a line for each trial that logged the metric', () => {
    const { lines } = toDrawing(
      [
        history('b', 'loss', [0], [2]),
        history('a', 'loss', [0, 1], [3, 4]),
        history('gone', 'loss', [0], [1]),
        history('a', 'acc', [0], [1])
      ],
      { metrics: ['loss'] },
      trials
    );
    expect(lines.map(({ label, dash }) => [label, dash])).toEqual([
      ['first', 0],
      ['second', 1]
    ]);
    expect(lines[0].raw).toBeUndefined();
  });

  it('tells metrics apart by dashes', () => {
    const { lines } = toDrawing(
      [history('a', 'loss', [0], [3]), history('a', 'acc', [0], [1])],
      { metrics: ['loss', 'acc'] },
      trials
    );
    expect(
      lines.map(({ label, dash, colour }) => [label, dash, colour])
    ).toEqual([
      ['first · loss', 0, 0],
      ['first · acc', 1, 0]
    ]);
  });

  it('keeps what was before smoothing, and counts what is not shown', () => {
    const drawing = toDrawing(
      [
        history('a', 'loss', [0, 1, 2], [1, -1, NaN], {
          shown: 500,
          notFinite: 7
        })
      ],
      { metrics: ['loss'], smoothing: 0.5, log_y: true },
      trials
    );
    expect(numbers(drawing.lines[0].raw)).toEqual([1, NaN, NaN]);
    expect(drawing).toMatchObject({
      values: 500,
      points: 3,
      notFinite: 7,
      notPositive: 1
    });
  });

  it('draws groups in the place of trials, as means of what is there', () => {
    const { lines } = toDrawing(
      [history('a', 'loss', [0], [1]), history('b', 'loss', [0], [3])],
      { metrics: ['loss'], smoothing: 0.5 },
      trials,
      [
        { label: 'adam', colour: 3, runIds: ['a', 'b', 'none'] },
        { label: 'none', colour: 4, runIds: ['none'] }
      ]
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ label: 'adam', colour: 3 });
    expect([lines[0].low![0], lines[0].y[0], lines[0].high![0]]).toEqual([
      1, 2, 3
    ]);
    expect(lines[0].raw).toBeUndefined();
  });

  it('is empty for empty histories', () => {
    const options = {
      metrics: ['loss'],
      x: 'metric' as const,
      x_metric: 'acc'
    };
    expect(toDrawing([], options, trials).lines).toEqual([]);
    expect(
      toDrawing([history('a', 'loss', [], [])], options, trials).lines
    ).toEqual([]);
    expect(
      toDrawing([history('a', 'loss', [0], [1])], options, trials).lines
    ).toEqual([]);
  });
});
