import type { EChartsCoreOption } from 'echarts/core';
import { trans } from '../../../__tests__/fakes';
import type { IChartTheme } from '../../chartTheme';
import { boxFigures, drawBox } from '../box';
import { init } from '../chartLibrary';
import type { IDrawing, Look } from '../drawing';
import { drawHeatMap } from '../heatMap';
import { drawHistogram } from '../histogram';
import { drawImportance } from '../importance';
import type { IImportance } from '../importance';
import { drawParallel } from '../parallel';
import { drawScatter } from '../scatter';
import type { IChartColumn } from '../types';
import { columnOf, trialsOf } from './fakes';

const HOSTILE = `<img src=x onerror="alert(1)">${'n'.repeat(250)}`;
const LINES = ['#000001', '#000002', '#000003', '#000004'];
const theme: IChartTheme = {
  background: '#fff',
  text: '#666',
  strong: '#222',
  brand: '#00f',
  grid: '#ddd',
  font: '11px sans-serif',
  size: 11,
  family: 'sans-serif',
  limit: '#c00',
  line: colour => LINES[colour % 4],
  ramp: place => `rgb(${Math.round(place * 255)},0,0)`
};
const plain: Look = () => 'plain';

/** The picture of a drawing: it is the chart library that draws. */
function svg(drawing: IDrawing, look = plain, width = 600): Document {
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width,
    height: 260
  });
  chart.setOption({ animation: false, ...drawing.option(theme, look, width) });
  const text = chart.renderToSVGString();
  chart.dispose();
  const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
  expect(parsed.querySelector('parsererror')).toBeNull();
  return parsed;
}

function texts(picture: Document): string[] {
  return [...picture.querySelectorAll('text')].map(
    each => each.textContent ?? ''
  );
}

/** Elements that are filled with a colour. */
function filled(picture: Document, colour: string): Element[] {
  return [...picture.querySelectorAll(`[fill="${colour}"]`)];
}

interface IItem {
  mark: number;
  value: unknown;
  itemStyle: { color: string; opacity: number };
  symbol: string;
  symbolSize: number;
}
function items(drawing: IDrawing, look = plain, series = 0): IItem[] {
  const option = drawing.option(theme, look, 600) as EChartsCoreOption & {
    series: { data: IItem[] }[];
  };
  return option.series[series].data;
}

/** Marks name the elements that they belong to: tooltips and clicks rely on it. */
function expectMarks(drawing: IDrawing): void {
  drawing.marks.forEach(({ series, index }, mark) => {
    expect(items(drawing, plain, series)[index].mark).toBe(mark);
  });
}

const trials = trialsOf(4);
const lr = columnOf('lr', [0.1, 0.001, 0.01, 1]);
const rmse = columnOf('rmse', [4, 3, 2, 1]);
const kind = columnOf('kind', ['a', 'b', 'a', null]);

describe('drawScatter', () => {
  it('goes through the points from left to right', () => {
    const drawing = drawScatter(trials, { x: lr, y: rmse, logX: true }, trans);
    expect(drawing.marks.map(({ ids }) => ids[0])).toEqual([
      'run1',
      'run2',
      'run0',
      'run3'
    ]);
    expect(drawing.marks[0].lines).toEqual(['lr: 0.001', 'rmse: 3']);
    expectMarks(drawing);
    expect(texts(svg(drawing))).toEqual(
      expect.arrayContaining(['0.001', '0.01', '0.1', '1', 'lr', 'rmse'])
    );
  });

  it('colours and sizes by columns', () => {
    const drawing = drawScatter(
      trials,
      { x: lr, y: rmse, colour: kind, size: rmse },
      trans
    );
    expect(drawing.legend).toEqual([
      { colour: 0, label: 'a' },
      { colour: 1, label: 'b' }
    ]);
    const byTrial = new Map(
      items(drawing).map(each => [drawing.marks[each.mark].ids[0], each])
    );
    expect(byTrial.get('run0')!.itemStyle.color).toBe(LINES[0]);
    expect(byTrial.get('run1')!.itemStyle.color).toBe(LINES[1]);
    expect(byTrial.get('run3')!.itemStyle.color).toBe(theme.text);
    expect(byTrial.get('run0')!.symbolSize).toBeGreaterThan(
      byTrial.get('run3')!.symbolSize
    );
    const ramp = drawScatter(trials, { x: lr, y: rmse, colour: rmse }, trans);
    expect(ramp.ramp).toEqual({ label: 'rmse', low: '1', high: '4' });
    expect(items(ramp).map(each => each.itemStyle.color)).toContain(
      'rgb(255,0,0)'
    );
  });

  it('tells more trials than there are colours apart by symbols', () => {
    const many = trialsOf(20);
    const values = many.map((_, index) => index);
    const column = columnOf('x', values);
    const drawing = drawScatter(many, { x: column, y: column }, trans);
    const symbols = items(drawing).map(({ symbol }) => symbol);
    expect([symbols[0], symbols[8], symbols[16]]).toEqual([
      'circle',
      'triangle',
      'diamond'
    ]);
  });

  it('has axes of categories, and of numbers with few texts among many', () => {
    const drawing = drawScatter(trials, { x: kind, y: rmse }, trans);
    expect(drawing.marks.map(({ ids }) => ids[0])).toEqual([
      'run0',
      'run2',
      'run1'
    ]);
    expect(drawing.notes).toEqual(['1 trial without kind']);
    expect(texts(svg(drawing))).toEqual(expect.arrayContaining(['a', 'b']));
    const many = trialsOf(40);
    const mixed = columnOf(
      'mixed',
      many.map((_, index) => (index === 3 ? 'auto' : index))
    );
    expect(drawScatter(many, { x: mixed, y: mixed }, trans).notes).toEqual([
      '1 value of mixed that is no number'
    ]);
  });

  it('shows names as they are, cut', () => {
    const hostile = columnOf(HOSTILE, [HOSTILE, 'b', 'c', 'd']);
    const picture = svg(
      drawScatter(trials, { x: hostile, y: rmse, colour: hostile }, trans)
    );
    expect(picture.querySelector('img')).toBeNull();
    expect(texts(picture)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^<img src=x .*…$/)])
    );
    expect(Math.max(...texts(picture).map(each => each.length))).toBeLessThan(
      80
    );
  });
});

describe('drawParallel', () => {
  const columns = [lr, kind, rmse];

  it('gives every trial a line, also without a value', () => {
    const drawing = drawParallel(
      trials,
      { columns, log: ['params.lr'], colour: rmse },
      trans
    );
    expect(items(drawing).map(({ value }) => value)).toEqual([
      [expect.closeTo(2 / 3), 0, 1],
      [0, 1, expect.closeTo(2 / 3)],
      [expect.closeTo(1 / 3), 0, expect.closeTo(1 / 3)],
      [1, -0.12, 0]
    ]);
    expect(drawing.notes).toEqual(['Below their axis: 1 trial without kind']);
    expectMarks(drawing);
    expect(texts(svg(drawing))).toEqual(
      expect.arrayContaining(['lr', 'kind', 'rmse', '0.01', 'a', 'b', 'none'])
    );
  });

  it.each([
    [400, [14, 14, 21]],
    [600, [26, 26, 21]],
    [1_200, [26, 26, 21]]
  ])('cuts long names to what has room in %s pixels', (width, most) => {
    const label = 'mean_absolute_error_X_test';
    const long = [lr, kind, rmse].map(each => ({ ...each, label }));
    const drawing = drawParallel(trials, { columns: long }, trans);
    const shown = texts(svg(drawing, plain, width)).filter(each =>
      each.startsWith('mean')
    );
    expect(shown.map(({ length }) => length)).toEqual(most);
    expect(shown[0] === label).toBe(most[0] === label.length);
  });

  it('finds the trials of what was brushed', () => {
    const drawing = drawParallel(trials, { columns }, trans);
    const within = (...parts: [number, [number, number][]][]) =>
      drawing.within(new Map(parts));
    expect(within()).toEqual([]);
    expect(within([2, [[0.5, 1]]])).toEqual(['run0', 'run1']);
    expect(within([2, [[0.5, 1]]], [1, [[-0.1, 0.1]]])).toEqual(['run0']);
    expect(within([2, [[0.5, 1]]], [1, []])).toEqual(['run0', 'run1']);
    expect(within([1, [[-0.2, -0.05]]])).toEqual(['run3']);
  });
});

describe('drawBox', () => {
  it('has quartiles, whiskers and points', () => {
    expect(boxFigures([1, 2, 3, 4, 100])).toEqual({
      low: 1,
      first: 2,
      median: 3,
      third: 4,
      high: 4
    });
    expect(boxFigures([7])).toEqual({
      low: 7,
      first: 7,
      median: 7,
      third: 7,
      high: 7
    });
    const drawing = drawBox(trials, { by: kind, value: rmse }, trans);
    expect(drawing.table.rows).toEqual([
      ['a', 2, 2, 2.5, 3, 3.5, 4],
      ['b', 1, 3, 3, 3, 3, 3]
    ]);
    expect(drawing.marks[0]).toMatchObject({
      ids: ['run2', 'run0'],
      title: 'kind: a'
    });
    expect(drawing.marks).toHaveLength(5);
    expectMarks(drawing);
    expect(texts(svg(drawing))).toEqual(expect.arrayContaining(['a', 'b']));
  });

  it('groups very many numbers by ranges', () => {
    const many = trialsOf(100);
    const x = columnOf(
      'x',
      many.map((_, index) => index)
    );
    const { table } = drawBox(many, { by: x, value: x }, trans);
    expect(table.rows.map(row => row[0]).slice(0, 2)).toEqual([
      '0 – 20',
      '20 – 40'
    ]);
    expect(table.rows.reduce((sum, row) => sum + Number(row[1]), 0)).toBe(100);
  });
});

describe('drawHistogram', () => {
  const counts = (drawing: IDrawing) =>
    drawing.table.rows.map(([, count]) => count);

  it('has a bar for each whole number and each category', () => {
    const depth = columnOf('depth', [2, 4, 4, 5]);
    const drawing = drawHistogram(trials, { value: depth }, trans);
    expect(drawing.table.rows).toEqual([
      ['2', 1],
      ['3', 0],
      ['4', 2],
      ['5', 1]
    ]);
    expect(drawing.marks[2].ids).toEqual(['run1', 'run2']);
    expectMarks(drawing);
    expect(drawHistogram(trials, { value: kind }, trans).table.rows).toEqual([
      ['a', 2],
      ['b', 1]
    ]);
  });

  it('holds every value, in as many ranges as were asked for', () => {
    const many = trialsOf(100);
    const x = columnOf(
      'x',
      many.map((_, index) => index / 7)
    );
    for (const bins of [undefined, null, 1, 7, 200]) {
      const drawing = drawHistogram(many, { value: x, bins }, trans);
      expect(
        counts(drawing).reduce((sum: number, n) => sum + Number(n), 0)
      ).toBe(100);
      if (bins) {
        expect(drawing.table.rows).toHaveLength(bins);
      }
    }
  });

  it('shows which part of a bar is selected', () => {
    const depth = columnOf('depth', [2, 4, 4, 5]);
    const drawing = drawHistogram(trials, { value: depth }, trans);
    const picture = svg(drawing, ids =>
      ids.includes('run1') ? 'strong' : 'faint'
    );
    const heights = filled(picture, LINES[0])
      .filter(each => !each.hasAttribute('fill-opacity'))
      .map(each => each.getAttribute('d'));
    expect(heights.length).toBeGreaterThan(0);
    expect(filled(svg(drawing), LINES[0])).not.toHaveLength(0);
  });
});

describe('drawHeatMap', () => {
  it('has the mean and the count of each pair', () => {
    const x = columnOf('x', [1, 1, 2, 2]);
    const y = columnOf('y', ['p', 'p', 'p', 'q']);
    const drawing = drawHeatMap(trials, { x, y, value: rmse }, trans);
    expect(drawing.table.rows).toEqual([
      ['1', 'p', 3.5, 2],
      ['2', 'p', 2, 1],
      ['2', 'q', 1, 1]
    ]);
    expect(drawing.marks[0].lines).toEqual(['mean of rmse: 3.5', '2 trials']);
    expectMarks(drawing);
    const picture = svg(drawing);
    expect(filled(picture, 'rgb(255,0,0)')).toHaveLength(1);
    expect(texts(picture)).toEqual(expect.arrayContaining(['3.5', '2', 'p']));
  });

  it('has no means of texts', () => {
    const drawing = drawHeatMap(trials, { x: lr, y: lr, value: kind }, trans);
    expect(drawing.empty).toBe('kind has no mean: its values are texts.');
  });
});

describe('drawImportance', () => {
  const importance: IImportance = {
    name: 'rmse',
    trials: 40,
    score: 0.81,
    thin: '',
    items: [
      {
        key: 'params.lr',
        name: 'lr',
        importance: 0.7,
        spread: 0.1,
        correlation: -0.8
      },
      {
        key: 'params.d',
        name: HOSTILE,
        importance: 0.3,
        spread: 0.05,
        correlation: 0.5
      },
      {
        key: 'params.k',
        name: 'kind',
        importance: 0,
        spread: 0,
        correlation: null
      }
    ]
  };

  it('has bars with the sign of the correlation', () => {
    const drawing = drawImportance(importance, trans);
    expectMarks(drawing);
    const picture = svg(drawing);
    expect(texts(picture)).toEqual(
      expect.arrayContaining(['lr ↓', 'kind', '40 %'])
    );
    expect(picture.querySelector('img')).toBeNull();
    expect(drawing.marks[0].lines).toEqual([
      '70 % ± 10 %',
      'correlation -0.80'
    ]);
    expect(drawing.notes).toEqual([
      'The parameters tell 81 % of rmse, out of 40 trials'
    ]);
    expect(drawing.legend).toHaveLength(2);
  });

  it('says why nothing can be said', () => {
    const drawing = drawImportance(
      { ...importance, items: [], score: null, thin: 'Only 3 trials.' },
      trans
    );
    expect([drawing.empty, drawing.notes]).toEqual(['Only 3 trials.', []]);
  });
});

/** What people record in the worst case. */
const BAD: [string, IChartColumn['values']][] = [
  ['nothing', [null, null, null, null]],
  ['all the same', [5, 5, 5, 5]],
  ['all zero', [0, 0, 0, 0]],
  ['NaN and infinities', [NaN, Infinity, -Infinity, 1]],
  ['only NaN', [NaN, NaN, NaN, NaN]],
  ['not above 0', [-1, 0, -1e300, 1]],
  ['very large', [1e308, -1e308, 1e307, 0]],
  ['very small', [5e-324, 1e-300, 2e-320, 0]],
  ['almost the same', [1, 1 + 4e-16, 1, 1 + 2e-16]],
  ['almost the same, large', [1e99, 1.0000000000000002e99, 1e99, 1e99]],
  ['texts among numbers', [1, 'auto', 2, HOSTILE]],
  ['empty texts', ['', ' ', '', 'x']],
  ['one value', [null, 3, null, null]]
];

describe.each(BAD)('with %s', (_, values) => {
  const bad = columnOf('bad', values);
  it.each<[string, () => IDrawing]>([
    [
      'scatter',
      () =>
        drawScatter(trials, { x: bad, y: rmse, colour: bad, size: bad }, trans)
    ],
    [
      'scatter, logarithmic',
      () =>
        drawScatter(trials, { x: bad, y: bad, logX: true, logY: true }, trans)
    ],
    [
      'parallel',
      () =>
        drawParallel(
          trials,
          { columns: [bad, rmse], log: ['params.bad'], colour: bad },
          trans
        )
    ],
    ['box by', () => drawBox(trials, { by: bad, value: rmse }, trans)],
    [
      'box of',
      () => drawBox(trials, { by: kind, value: bad, log: true }, trans)
    ],
    ['histogram', () => drawHistogram(trials, { value: bad }, trans)],
    [
      'histogram, 50 bars',
      () => drawHistogram(trials, { value: bad, bins: 50 }, trans)
    ],
    [
      'heat map by',
      () => drawHeatMap(trials, { x: bad, y: bad, value: rmse }, trans)
    ],
    [
      'heat map of',
      () => drawHeatMap(trials, { x: kind, y: rmse, value: bad }, trans)
    ]
  ])('%s is drawn, or says why not', (_name, draw) => {
    const drawing = draw();
    expect(drawing.table.head.length).toBeGreaterThan(0);
    if (drawing.empty) {
      expect(drawing.empty).toMatch(/\.$/);
      return;
    }
    expectMarks(drawing);
    const picture = svg(drawing);
    expect(new XMLSerializer().serializeToString(picture)).not.toMatch(
      /NaN|Infinity|undefined/
    );
  });
});

it('draws 200 trials, and none', () => {
  const many = trialsOf(200);
  const x = columnOf(
    'x',
    many.map((_, index) => Math.sin(index))
  );
  const named = columnOf(
    'named',
    many.map((_, index) => `${HOSTILE}${index}`)
  );
  const drawings = (of: typeof many) => [
    drawScatter(of, { x: named, y: x, colour: named }, trans),
    drawParallel(of, { columns: [named, x] }, trans),
    drawBox(of, { by: named, value: x }, trans),
    drawHistogram(of, { value: named }, trans),
    drawHeatMap(of, { x: named, y: named, value: x }, trans)
  ];
  for (const drawing of drawings(many)) {
    expect(drawing.empty).toBe('');
    expectMarks(drawing);
    svg(drawing);
  }
  for (const drawing of drawings([])) {
    expect(drawing.empty).not.toBe('');
  }
});
