import { summary, toColumns, toTable, valueAt } from '../chartData';
import type { ILine } from '../chartData';

function line(
  x: number[],
  y: (number | null)[],
  fields: Partial<ILine> = {}
): ILine {
  return { label: 'loss', x, y, colour: 0, ...fields };
}

describe('toColumns', () => {
  it('takes one line as it is', () => {
    expect(toColumns([line([0, 1, 1, 2], [3, null, 2, 1])])).toEqual([
      [0, 1, 1, 2],
      [3, null, 2, 1]
    ]);
  });

  it('puts steps in order that were logged in another', () => {
    expect(toColumns([line([5, 1, 3], [50, 10, 30])])).toEqual([
      [1, 3, 5],
      [10, 30, 50]
    ]);
  });

  it('puts lines with other steps on one axis, without gaps', () => {
    const columns = toColumns([
      line([0, 2], [1, null]),
      line([0, 1, 2], [4, 5, 6])
    ]);
    expect(columns).toEqual([
      [0, 1, 2],
      [1, undefined, null],
      [4, 5, 6]
    ]);
  });

  it('keeps lines with the same steps apart', () => {
    expect(toColumns([line([0, 1], [1, 2]), line([0, 1], [3, 4])])).toEqual([
      [0, 1],
      [1, 2],
      [3, 4]
    ]);
  });

  it('leaves out what a logarithmic axis cannot show', () => {
    expect(toColumns([line([0, 1, 2], [-1, 0, 5])], true)).toEqual([
      [0, 1, 2],
      [null, null, 5]
    ]);
  });

  it('takes no lines, and lines without values', () => {
    expect(toColumns([line([], [])])).toEqual([[], []]);
    expect(toColumns([])).toEqual([[]]);
  });

  it('puts ten lines of a thousand points together in no time', () => {
    const lines = Array.from({ length: 10 }, (_, index) =>
      line(
        Array.from({ length: 1000 }, (_, step) => step * (index + 1)),
        Array.from({ length: 1000 }, () => 1)
      )
    );
    const began = performance.now();
    const columns = toColumns(lines);
    expect(performance.now() - began).toBeLessThan(500);
    expect(columns).toHaveLength(11);
    expect(columns[10][columns[0].indexOf(9990)]).toBe(1);
  });
});

describe('toTable', () => {
  it('writes a column a line', () => {
    const lines = [
      line([0, 1], [1, null]),
      line([1], [2], { label: 'child\n1' })
    ];
    expect(toTable('step', lines)).toBe(
      'step\tloss\tchild 1\n0\t1\t\n1\t\t2\n'
    );
  });

  it('writes every value, also where a line has several at one place', () => {
    const twice = line([2, 1, 1, 1], [20, 10, null, 12]);
    const once = line([1, 3], [7, 8], { label: 'child' });
    expect(toTable('step', [twice])).toBe(
      'step\tloss\n1\t10\n1\t\n1\t12\n2\t20\n'
    );
    expect(toTable('step', [twice, once])).toBe(
      'step\tloss\tchild\n1\t10\t7\n1\t\t\n1\t12\t\n2\t20\t\n3\t\t8\n'
    );
    expect(toTable('step', [])).toBe('step\n');
    expect(toTable('step', [line([], [])])).toBe('step\tloss\n');
  });

  it('writes no name that a spreadsheet takes for a formula', () => {
    expect(toTable('step', [line([0], [1], { label: '=1+1' })])).toBe(
      "step\t'=1+1\n0\t1\n"
    );
  });
});

describe('summary', () => {
  it('says where a line was', () => {
    expect(summary(line([0, 1, 2], [3, null, 1]))).toEqual({
      last: 1,
      low: 1,
      high: 3
    });
    expect(summary(line([0, 1], [3, null]))?.last).toBeNull();
    expect(summary(line([0], [null]))).toBeNull();
    expect(summary(line([], []))).toBeNull();
  });
});

describe('valueAt', () => {
  it('is that of the point at the crosshair, or of the last before it', () => {
    const columns = toColumns([line([0, 4], [1, 2]), line([1, 2], [7, null])]);
    expect(columns[0]).toEqual([0, 1, 2, 4]);
    expect([0, 1, 2, 3].map(at => valueAt(columns, 0, at))).toEqual([
      1, 1, 1, 2
    ]);
    expect([0, 1, 2, 3].map(at => valueAt(columns, 1, at))).toEqual([
      undefined,
      7,
      null,
      null
    ]);
    expect(valueAt([[0]], 5, 0)).toBeUndefined();
  });
});
