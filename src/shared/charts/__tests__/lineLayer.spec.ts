import type { IDrawnLine } from '../lineData';
import { LineLayer } from '../lineLayer';
import type { IPlotView } from '../linePaths';

/** What was asked of a canvas, in order. */
class Drawing {
  readonly strokes: { colour: string; width: number; alpha: number }[] = [];
  readonly pictures: unknown[][] = [];
  globalAlpha = 1;
  lineWidth = 1;
  strokeStyle = '';
  save(): void {}
  restore(): void {}
  beginPath(): void {}
  rect(): void {}
  clip(): void {}
  setTransform(): void {}
  setLineDash(): void {}
  fill(): void {}
  stroke(): void {
    this.strokes.push({
      colour: this.strokeStyle,
      width: this.lineWidth,
      alpha: this.globalAlpha
    });
  }
  drawImage(...args: unknown[]): void {
    this.pictures.push([...args, this.globalAlpha]);
  }
}

const viewOf = (high: number, width = 200): IPlotView => ({
  bbox: { left: 10, top: 5, width, height: 100 },
  scales: { x: { min: 0, max: high }, y: { min: 0, max: 1 } }
});

const linesOf = (count: number, points: number): IDrawnLine[] =>
  Array.from({ length: count }, (_, index) => ({
    runIds: [`run${index}`],
    metric: 'loss',
    label: `trial ${index}`,
    colour: index,
    dash: 0,
    isSmoothed: false,
    x: Float64Array.from({ length: points }, (_, at) => at),
    y: new Float64Array(points).fill(0.5)
  }));

describe('LineLayer', () => {
  let canvases: Map<unknown, Drawing>;
  let layer: LineLayer;
  let told: number;
  let clock: number;

  beforeEach(() => {
    canvases = new Map();
    told = 0;
    clock = 0;
    jest
      .spyOn(HTMLCanvasElement.prototype, 'getContext')
      .mockImplementation(function (this: HTMLCanvasElement) {
        const found = canvases.get(this) ?? new Drawing();
        canvases.set(this, found);
        return found as never;
      });
    // Another size makes it empty.
    jest
      .spyOn(HTMLCanvasElement.prototype, 'width', 'set')
      .mockImplementation(function (this: HTMLCanvasElement) {
        canvases.delete(this);
      });
    Object.assign(globalThis, {
      Path2D: class {
        moveTo(): void {}
        lineTo(): void {}
        arc(): void {}
      }
    });
    // Each look at the clock is a millisecond later.
    jest.spyOn(performance, 'now').mockImplementation(() => (clock += 1));
    layer = new LineLayer(
      colour => `c${colour}`,
      () => (told += 1)
    );
  });

  afterEach(async () => {
    layer.dispose();
    jest.restoreAllMocks();
    // The clock goes back: no turn of the event loop has both.
    await new Promise(resolve => setTimeout(resolve));
  });

  const draw = (
    lines: readonly IDrawnLine[],
    view: IPlotView,
    over: IDrawnLine[] = []
  ): Drawing => {
    const target = new Drawing();
    layer.draw(target as never, view, lines, over);
    return target;
  };
  /** What was drawn on the picture that was shown. */
  const shown = (target: Drawing) => canvases.get(target.pictures[0][0])!;
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      await new Promise(resolve => setTimeout(resolve));
    }
  };

  it('draws few lines at once, and again only when they are others', () => {
    const lines = linesOf(3, 10);
    const first = draw(lines, viewOf(9));
    expect(layer.isDone).toBe(true);
    expect(first.pictures[0].slice(1)).toEqual([10, 5, 200, 100, 1]);
    expect(shown(first).strokes.map(({ colour }) => colour)).toEqual([
      'c0',
      'c1',
      'c2'
    ]);
    const picture = shown(first);
    expect(shown(draw(lines, viewOf(9)))).toBe(picture);
    expect(picture.strokes).toHaveLength(3);
    expect(shown(draw(linesOf(2, 10), viewOf(9))).strokes).toHaveLength(2);
    const other = shown(draw(lines, viewOf(9)));
    layer.renew();
    const renewed = shown(draw(lines, viewOf(9)));
    expect(renewed).not.toBe(other);
    expect(renewed.strokes).toEqual(other.strokes);
  });

  it('draws what stands out above the others, which are faint', () => {
    const lines = linesOf(2, 10);
    const target = draw(lines, viewOf(9), [lines[1]]);
    expect(target.pictures[0][5]).toBeCloseTo(0.22);
    expect(target.strokes).toEqual([{ colour: 'c1', width: 2.5, alpha: 1 }]);
  });

  it('draws many lines in several turns, and tells when it is done', async () => {
    const lines = linesOf(300, 1_000);
    const begun = draw(lines, viewOf(999));
    expect(layer.isDone).toBe(false);
    const part = shown(begun).strokes.length;
    expect(part).toBeGreaterThan(0);
    expect(part).toBeLessThan(300);
    await until(() => layer.isDone);
    expect(told).toBe(1);
    expect(shown(draw(lines, viewOf(999))).strokes).toHaveLength(300);
  });

  it('shows the picture before, where it belongs, until the next is done', async () => {
    const lines = linesOf(300, 1_000);
    draw(lines, viewOf(1_000));
    await until(() => layer.isDone);
    const before = draw(lines, viewOf(1_000)).pictures[0][0];
    const half = draw(lines, viewOf(500));
    expect(layer.isDone).toBe(false);
    expect(half.pictures[0].slice(0, 5)).toEqual([before, 10, 5, 400, 100]);
    // What comes meanwhile is drawn after it.
    const more = linesOf(301, 1_000);
    draw(more, viewOf(250));
    await until(() => told === 2);
    draw(more, viewOf(250));
    await until(() => told === 3);
    const last = draw(more, viewOf(250));
    expect(layer.isDone).toBe(true);
    expect(last.pictures[0].slice(1, 5)).toEqual([10, 5, 200, 100]);
    expect(shown(last).strokes).toHaveLength(301);
  });

  it('leaves it to the next turn where another chart took the time of this one', () => {
    const begun = draw(linesOf(300, 1_000), viewOf(999));
    expect(shown(begun).strokes.length).toBeGreaterThan(50);
    const other = new LineLayer(
      () => '',
      () => undefined
    );
    const target = new Drawing();
    other.draw(target as never, viewOf(999), linesOf(300, 1_000), []);
    // One batch, so that it gets on in any case.
    expect(shown(target).strokes).toHaveLength(5);
    other.dispose();
  });

  it('draws nothing any more when it is disposed of', async () => {
    draw(linesOf(300, 1_000), viewOf(999));
    layer.dispose();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(told).toBe(0);
  });
});
