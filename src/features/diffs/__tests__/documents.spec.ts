import {
  accuracy,
  alignMatrices,
  isSameCell,
  MOST_COLUMNS,
  MOST_LABELS,
  MOST_POINTS,
  MOST_ROWS,
  NotReadable,
  readCurve,
  readDelimited,
  readMatrix,
  readTable,
  shares
} from '../documents';
import { changedWords, LONGEST } from '../words';

const json = JSON.stringify;

describe('confusion matrices', () => {
  it('are read with their labels, and stand on those of all', () => {
    const one = readMatrix(
      json({
        labels: ['cat', 'dog'],
        confusionMatrix: [
          [3, 1],
          [2, 4]
        ]
      })
    );
    const other = readMatrix(
      json({
        labels: ['dog', 'fox'],
        confusionMatrix: [
          [5, 0],
          [1, 7]
        ]
      })
    );
    expect(alignMatrices([one, null, other])).toEqual({
      labels: ['cat', 'dog', 'fox'],
      total: 3,
      matrices: [
        [
          [3, 1, 0],
          [2, 4, 0],
          [0, 0, 0]
        ],
        null,
        [
          [0, 0, 0],
          [0, 5, 0],
          [0, 1, 7]
        ]
      ]
    });
    expect(accuracy(one.matrix)).toBe(0.7);
    expect(
      shares([
        [3, 1],
        [0, 0]
      ])
    ).toEqual([
      [0.75, 0.25],
      [0, 0]
    ]);
    expect(accuracy([[0]])).toBeNull();
  });

  it('are cut where there are too many labels', () => {
    const size = MOST_LABELS + 9;
    const rows = Array.from({ length: size }, () => Array(size).fill(1));
    rows[size - 1][size - 1] = 1_000;
    const whole = readMatrix(json({ confusionMatrix: rows }));
    const { labels, total, matrices } = alignMatrices([whole]);
    const [matrix] = matrices as number[][][];
    expect([labels.length, matrix.length, matrix[0].length]).toEqual(
      Array(3).fill(MOST_LABELS)
    );
    expect(total).toBe(size);
    expect(accuracy(whole.matrix)).toBe((size + 999) / (size * size + 999));
  });

  it.each([
    'no JSON',
    '[]',
    'null',
    '{}',
    json({ confusionMatrix: [[1, 2]] }),
    json({ confusionMatrix: ['ab', 'cd'] }),
    json({ confusionMatrix: [] })
  ])('are none in %s', text => {
    expect(() => readMatrix(text)).toThrow(NotReadable);
  });

  it('take what is no number for nothing', () => {
    const text = json({
      confusionMatrix: [
        ['x', null],
        [{}, 1]
      ],
      labels: 7
    });
    expect(readMatrix(text)).toEqual({
      labels: ['0', '1'],
      matrix: [
        [0, 0],
        [0, 1]
      ]
    });
  });
});

describe('curves', () => {
  it('are read with their area', () => {
    const roc = {
      falsePositiveRate: [0, 0, 1],
      truePositiveRate: [0, 0.8, 1],
      areaUnderCurve: 0.9
    };
    expect(readCurve(json(roc), 'roc_curve')).toEqual({
      x: [0, 0, 1],
      y: [0, 0.8, 1],
      area: 0.9,
      noSkill: null
    });
    const pr = { recall: [1, 0], precision: [0.5, 1], noSkill: 0.4 };
    expect(readCurve(json(pr), 'precision_recall')).toMatchObject({
      x: [1, 0],
      area: null,
      noSkill: 0.4
    });
  });

  it('keep their last point however many there are', () => {
    const x = Array.from({ length: 10_001 }, (_, at) => at / 10_000);
    const text = json({ falsePositiveRate: x, truePositiveRate: x });
    const curve = readCurve(text, 'roc_curve');
    expect(curve.x.length).toBeLessThanOrEqual(MOST_POINTS + 1);
    expect(curve.x[curve.x.length - 1]).toBe(1);
  });

  it('leave out points that lie nowhere', () => {
    const text = json({
      falsePositiveRate: [0, null, 'x', 2, 1],
      truePositiveRate: [0, 0.5, 0.5, 0.5, 1]
    });
    expect(readCurve(text, 'roc_curve').x).toEqual([0, 1]);
  });

  it.each([
    '{}',
    json({ falsePositiveRate: [0], truePositiveRate: [] }),
    json({ falsePositiveRate: [5], truePositiveRate: [5] })
  ])('are none in %s', text => {
    expect(() => readCurve(text, 'roc_curve')).toThrow(NotReadable);
  });
});

describe('tables', () => {
  it('are read in three ways', () => {
    const wanted = {
      columns: ['a', 'b'],
      rows: [
        ['1', 'x'],
        ['', 'y']
      ],
      total: 2,
      totalColumns: 2
    };
    expect(
      readTable(json({ data: { a: [1, null], b: ['x', 'y'] } }), 't.json')
    ).toEqual(wanted);
    expect(
      readTable(
        json({
          columns: ['a', 'b'],
          data: [
            [1, 'x'],
            [null, 'y']
          ]
        }),
        't.json'
      )
    ).toEqual(wanted);
    expect(readTable('\ufeffa,b\r\n1,x\r\n"",y\r\n', 't.csv')).toEqual(wanted);
    expect(readTable('a\tb\n1\tx\n\ty', 't.TSV')).toEqual(wanted);
  });

  it('are cut, and say how many rows and columns there are', () => {
    const text = `${Array(80).fill('c').join(',')}\n${'1\n'.repeat(2_000)}`;
    const table = readTable(text, 'x.csv');
    expect(table.rows).toHaveLength(MOST_ROWS);
    expect(table.columns).toHaveLength(MOST_COLUMNS);
    expect(table.rows[0]).toHaveLength(MOST_COLUMNS);
    expect([table.total, table.totalColumns]).toEqual([2_000, 80]);
  });

  it('keep quotes, line ends and delimiters in cells', () => {
    const { rows } = readDelimited('"a ""b""\nc",d\n"open', ',', 9);
    expect(rows).toEqual([['a "b"\nc', 'd'], ['open']]);
  });

  it.each(['{}', '[]', 'x', json({ data: 7 })])('are none in %s', text => {
    expect(() => readTable(text, 't.json')).toThrow(NotReadable);
  });

  it('without a line are none', () => {
    expect(() => readTable('\n\n', 't.csv')).toThrow('The table is empty.');
  });

  it.each([
    ['1.0', '1', true],
    ['1e2', '100', true],
    ['', '0', false],
    ['a', 'b', false],
    [undefined, '', false],
    ['NaN', 'NaN', true]
  ])('cells %s and %s', (first, second, same) => {
    expect(isSameCell(first, second)).toBe(same);
  });
});

describe('changedWords', () => {
  const changed = (first: string, second: string) =>
    changedWords(first, second)?.map(side =>
      side.filter(piece => piece.changed).map(({ text }) => text)
    );

  it('takes numbers and names as a whole', () => {
    expect(changed('rate = 0.1', 'rate = 0.25')).toEqual([['0.1'], ['0.25']]);
    expect(changed('rmse: 55,429.5', 'rmse: 46,690.0')).toEqual([
      ['55,429.5'],
      ['46,690.0']
    ]);
    expect(changed('fit(x_train, 1e-3)', 'fit(x_test, 1e-3)')).toEqual([
      ['x_train'],
      ['x_test']
    ]);
    expect(changed('größe = 1', 'größe = 1 ')).toEqual([[], [' ']]);
  });

  it('gives up where little is common, or a line is long', () => {
    expect(changedWords('alpha', 'beta')).toBeNull();
    const long = 'x '.repeat(LONGEST);
    expect(changedWords(long, `${long}y`)).toBeNull();
  });

  it('leaves both lines whole', () => {
    const [first, second] = ['a + 👍 b', 'a + 👎 b!'];
    const sides = changedWords(first, second)!;
    expect(sides.map(side => side.map(({ text }) => text).join(''))).toEqual([
      first,
      second
    ]);
  });
});
