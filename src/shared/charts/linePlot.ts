import type uPlot from 'uplot';
import { SECONDS } from '../chartMarks';
import { COLOURS, dash } from '../chartTheme';
import { formatClock, formatMark } from '../format';
import { PlotFrame, widened } from '../plotFrame';
import { stepMark, timeMarks } from './lineMarks';
import { bandOf, pathOf, placer, segmentDistance } from './linePaths';
import { interpolated, nearestAt, positionAt } from './lineData';
import type { IDrawnLine, LineAxis, Numbers } from './lineData';

/** How far from a line the pointer counts as on it, in CSS pixels. */
const REACH = 24;
/** Lines up to which single points are marked. */
const MARKED_LINES = 12;
/**
 * Lines up to which dashes tell them apart and each is a little thicker; more
 * of them are one picture, and dashes cost more than all the rest.
 */
export const FEW_LINES = 24;
/** Beyond it a chart cannot compute. */
const LARGEST = 8e307;

/** How lines are drawn; with other options a plot is made anew. */
export interface ILinePlotOptions {
  axis: LineAxis;
  isLogX: boolean;
  isLogY: boolean;
  sync?: string;
}

/** Where the crosshair is. */
export interface ILineCursor {
  /** Of the point that is next to it. */
  place: number;
  /** In CSS pixels, from the corner of the plot's place. */
  left: number;
  top: number;
  /** Lines under the pointer, the next one first. */
  near: readonly number[];
}

export interface ILinePlotEvents {
  onCursor(at: ILineCursor | null): void;
  /** Null: the end of the axis. */
  onZoom(low: number | null, high: number | null): void;
  /** A click on a line; -1: beside all. */
  onClick(line: number, event: MouseEvent): void;
}

/** Which lines stand out. */
export interface IEmphasis {
  selected: ReadonlySet<string>;
  hovered: string | null;
}

interface IPaths {
  line: Path2D;
  raw: Path2D | null;
  band: Path2D | null;
}

/**
 * Lines that have places of their own. The library has the axes, the scales and
 * the pointer; the lines are drawn here, because on one common axis two hundred
 * of them would be as many columns of nothing.
 */
export class LinePlot extends PlotFrame {
  constructor(
    node: HTMLElement,
    private readonly _options: ILinePlotOptions,
    private readonly _events: ILinePlotEvents,
    private _lines: readonly IDrawnLine[],
    private _emphasis: IEmphasis
  ) {
    super(node);
    this._extent = extentOf(_lines);
    this._full = widened(...this._extent);
  }

  get isZoomed(): boolean {
    return this._isZoomed;
  }

  /** Other values, or other lines. What is shown of the axis stays when it was zoomed to. */
  setLines(lines: readonly IDrawnLine[]): void {
    this._lines = lines;
    this._paths = new Map();
    this._layer = null;
    const [low, high] = extentOf(lines);
    const [before, after] = this._extent;
    // Of a part no more may be there than it shows; the whole is still known.
    this._extent =
      this._isZoomed && before !== null && after !== null
        ? [Math.min(low ?? before, before), Math.max(high ?? after, after)]
        : [low, high];
    Private.inTurn(this._apply);
  }

  setEmphasis(emphasis: IEmphasis): void {
    this._emphasis = emphasis;
    this.chart?.redraw(false);
  }

  /** Show a part; null: all. */
  zoom(range: [number, number] | null): void {
    const [min, max] = range ?? this._full;
    if (min !== null && max !== null) {
      this.chart?.setScale('x', { min, max });
    }
  }

  /** Show more or less of the axis around a place. */
  zoomBy(factor: number, middle: number): void {
    const { range } = this;
    const [first, last] = this._full;
    if (range && first !== null && last !== null) {
      const [low, high] = this._options.isLogX
        ? range.map(each => middle * (each / middle) ** factor)
        : range.map(each => middle + (each - middle) * factor);
      this.zoom([Math.max(first, low), Math.min(last, high)]);
    }
  }

  /** What is shown of the axis. */
  get range(): [number, number] | null {
    const { min, max } = this.chart?.scales.x ?? {};
    return min != null && max != null ? [min, max] : null;
  }

  /** Put the crosshair on a point; null takes it away. */
  point(place: number | null, value = NaN): void {
    const { chart } = this;
    if (chart) {
      const left = place === null ? -10 : chart.valToPos(place, 'x');
      const top = value === value ? chart.valToPos(value, 'y') : 10;
      chart.setCursor({ left, top: place === null ? -10 : top }, false);
    }
  }

  protected data(): uPlot.AlignedData {
    const [low, high] = this._extent;
    return low === null || high === null
      ? [[], []]
      : [
          [low, high],
          [null, null]
        ];
  }

  protected override onTheme(): void {
    this._colours.clear();
    this._layer = null;
  }

  protected describe(Chart: typeof uPlot): uPlot.Options {
    const { axis, isLogX, isLogY, sync } = this._options;
    const isTime = axis === 'time';
    const isClock = axis === 'relative';
    return {
      width: Math.max(40, this.node.clientWidth),
      height: this.node.clientHeight,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, dist: 4 },
        sync: sync
          ? { key: sync, setSeries: false, scales: ['x', null] }
          : undefined
      },
      scales: {
        x: {
          time: isTime,
          distr: isLogX ? 3 : 1,
          range: (_, low, high) => this._rangeX(low, high)
        },
        y: {
          distr: isLogY ? 3 : 1,
          range: () => this._rangeY(Chart)
        }
      },
      axes: [
        {
          ...this.axis(true, isLogX),
          size: isTime ? 36 : 24,
          incrs: isClock ? SECONDS : undefined,
          values: (_, splits, __, ___, increment) =>
            isTime
              ? timeMarks(splits, increment)
              : splits.map(each =>
                  each === null
                    ? ''
                    : isClock
                      ? formatClock(each)
                      : axis === 'step'
                        ? stepMark(each)
                        : formatMark(each)
                )
        },
        {
          ...this.axis(true, isLogY),
          size: 64,
          values: (_, splits) =>
            splits.map(each => (each === null ? '' : formatMark(each)))
        }
      ],
      // The library needs one to have a y axis.
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        draw: [chart => this._draw(chart)],
        setScale: [(chart, key) => key === 'x' && this._onScale(chart)],
        setCursor: [chart => this._onCursor(chart)],
        ready: [chart => this._listen(chart)]
      }
    };
  }

  private readonly _apply = () => {
    const { chart } = this;
    if (!chart) {
      return;
    }
    const { min, max } = chart.scales.x;
    chart.batch(() => {
      chart.setData(this.data(), !this._isZoomed);
      if (this._isZoomed && min != null && max != null) {
        // The same part: the y axis fits what is there now.
        chart.setScale('x', { min, max });
      }
    });
  };

  private _rangeX(
    low: number | null,
    high: number | null
  ): [number | null, number | null] {
    const [first, last] = this._extent;
    this._full = this._options.isLogX
      ? first !== null && first === last
        ? [first / 2, first * 2]
        : [first, last]
      : widened(first, last);
    const isFull = low === first && high === last;
    this._shown = isFull ? this._full : [low, high];
    return this._shown;
  }

  /** What the values between the edges of the x axis need. */
  private _rangeY(Chart: typeof uPlot): [number, number] {
    const [low, high] = this._shown;
    let smallest = Infinity;
    let largest = -Infinity;
    const take = (value: number) => {
      if (value < smallest) {
        smallest = value;
      }
      if (value > largest) {
        largest = value;
      }
    };
    for (const line of this._lines) {
      const first = positionAt(line.x, low ?? -Infinity) + 1;
      const last = positionAt(line.x, high ?? Infinity);
      for (const values of [line.y, line.raw, line.low, line.high]) {
        if (!values) {
          continue;
        }
        for (let at = first; at <= last; at++) {
          take(values[at]);
        }
        for (const edge of [low, high]) {
          if (edge !== null) {
            take(interpolated(line.x, values, edge));
          }
        }
      }
    }
    if (smallest > largest) {
      return this._options.isLogY ? [1, 10] : [0, 1];
    }
    if (this._options.isLogY) {
      const [bottom, top] = Chart.rangeLog(smallest, largest, 10, false);
      return [bottom ?? 1, top ?? 10];
    }
    const [bottom, top] = Chart.rangeNum(
      Math.max(smallest, -LARGEST),
      Math.min(largest, LARGEST),
      0.08,
      true
    );
    return [bottom ?? 0, top ?? 1];
  }

  private _onScale(chart: uPlot): void {
    const { min, max } = chart.scales.x;
    const [low, high] = this._full;
    if (min == null || max == null || low === null || high === null) {
      return;
    }
    const slack = (high - low) * 1e-9;
    const isLow = min <= low + slack;
    const isHigh = max >= high - slack;
    const was = this._isZoomed;
    this._isZoomed = !(isLow && isHigh);
    const key = this._isZoomed ? `${min} ${max}` : '';
    if (key !== this._told && (was || this._isZoomed)) {
      this._events.onZoom(
        this._isZoomed ? min : null,
        this._isZoomed ? max : null
      );
    }
    this._told = key;
  }

  private _listen(chart: uPlot): void {
    const { over } = chart;
    let down: [number, number] | null = null;
    over.addEventListener('mouseenter', () => {
      this._isOver = true;
    });
    over.addEventListener('mouseleave', () => {
      this._isOver = false;
      this._onCursor(chart);
    });
    over.addEventListener('mousedown', event => {
      down = [event.clientX, event.clientY];
    });
    over.addEventListener('click', event => {
      const isDrag =
        !down ||
        Math.hypot(event.clientX - down[0], event.clientY - down[1]) > 4;
      if (!isDrag && event.detail < 2) {
        const { left = -1, top = -1 } = chart.cursor;
        this._events.onClick(this._near(chart, left, top)[0] ?? -1, event);
      }
    });
  }

  private _onCursor(chart: uPlot): void {
    const { left = -1, top = -1 } = chart.cursor;
    if (left < 0) {
      this._events.onCursor(null);
      return;
    }
    const near = this._isOver ? this._near(chart, left, top) : [];
    this._events.onCursor({
      place: this._nearestPlace(chart.posToVal(left, 'x'), near),
      left: left + chart.over.offsetLeft,
      top: top + chart.over.offsetTop,
      near
    });
  }

  /** The place of a point next to the pointer, of the line under it where there is one. */
  private _nearestPlace(x: number, near: readonly number[]): number {
    let best = NaN;
    const lines = near.length > 0 ? [this._lines[near[0]]] : this._lines;
    for (const line of lines) {
      const at = nearestAt(line.x, x);
      const place = at < 0 ? NaN : line.x[at];
      if (!(Math.abs(place - x) >= Math.abs(best - x))) {
        best = place === place ? place : best;
      }
    }
    return best === best ? best : x;
  }

  /** Lines that are not farther from the pointer than a finger is wide. */
  private _near(chart: uPlot, left: number, top: number): number[] {
    const x = chart.posToVal(left, 'x');
    const found: [number, number][] = [];
    this._lines.forEach((line, index) => {
      const at = positionAt(line.x, x);
      let distance = Infinity;
      for (const from of [at - 1, at, at + 1]) {
        distance = Math.min(
          distance,
          segmentDistance(chart, line, from, left, top)
        );
      }
      if (distance <= REACH) {
        found.push([distance, index]);
      }
    });
    return found.sort(([a], [b]) => a - b).map(([, index]) => index);
  }

  private _draw(chart: uPlot): void {
    const { ctx, bbox } = chart;
    const { min, max } = chart.scales.x;
    const { min: bottom, max: top } = chart.scales.y;
    const key = [min, max, bottom, top, bbox.width, bbox.height].join();
    if (key !== this._pathKey) {
      this._paths = new Map();
      this._layer = null;
      this._pathKey = key;
    }
    const { hovered, selected } = this._emphasis;
    const has = (line: IDrawnLine, turn: number) =>
      turn === 1
        ? line.runIds.some(each => selected.has(each))
        : hovered !== null && line.runIds.includes(hovered);
    const over = [1, 2].flatMap(turn =>
      this._lines.filter(line => has(line, turn))
    );
    this._layer ??= this._drawAll(chart);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    // What stands out elsewhere only takes nothing back here.
    ctx.globalAlpha = over.length > 0 ? 0.22 : 1;
    ctx.drawImage(this._layer, bbox.left, bbox.top);
    over.forEach(line => this._stroke(chart, ctx, line, 2.5));
    ctx.restore();
  }

  /** All lines as they are when none stands out: a picture, so that only what does is drawn when it changes. */
  private _drawAll(chart: uPlot): HTMLCanvasElement {
    const { left, top, width, height } = chart.bbox;
    const layer = document.createElement('canvas');
    layer.width = Math.max(1, width);
    layer.height = Math.max(1, height);
    const context = layer.getContext('2d')!;
    context.translate(-left, -top);
    const size = this._lines.length > FEW_LINES ? 1 : 1.5;
    this._lines.forEach(line => this._stroke(chart, context, line, size));
    return layer;
  }

  private _stroke(
    chart: uPlot,
    ctx: CanvasRenderingContext2D,
    line: IDrawnLine,
    size: number
  ): void {
    const ratio = devicePixelRatio || 1;
    const paths = this._pathsOf(chart, line);
    ctx.lineJoin = 'bevel';
    ctx.strokeStyle = ctx.fillStyle = this._colourOf(line.colour);
    if (paths.band) {
      ctx.globalAlpha = 0.18;
      ctx.fill(paths.band);
    }
    if (paths.raw) {
      ctx.globalAlpha = 0.25;
      ctx.lineWidth = ratio;
      ctx.stroke(paths.raw);
    }
    ctx.globalAlpha = 1;
    ctx.lineWidth = size * ratio;
    const dashes =
      this._lines.length > FEW_LINES ? undefined : dash(line.dash * COLOURS);
    ctx.setLineDash((dashes ?? []).map(each => each * ratio));
    ctx.stroke(paths.line);
    ctx.setLineDash([]);
  }

  private _pathsOf(chart: uPlot, line: IDrawnLine): IPaths {
    let paths = this._paths.get(line);
    if (!paths) {
      const isMarked = this._lines.length <= MARKED_LINES;
      const toX = placer(chart, 'x');
      const toY = placer(chart, 'y');
      const [first, last] = this._visible(chart, line.x);
      paths = {
        line: pathOf(line.x, line.y, first, last, toX, toY, isMarked),
        raw: line.raw
          ? pathOf(line.x, line.raw, first, last, toX, toY, false)
          : null,
        band:
          line.low && line.high
            ? bandOf(line.x, line.low, line.high, first, last, toX, toY)
            : null
      };
      this._paths.set(line, paths);
    }
    return paths;
  }

  /** First and last points that are drawn: one more on either side, so that lines go to the edge. */
  private _visible(chart: uPlot, x: Numbers): [number, number] {
    const { min, max } = chart.scales.x;
    return [
      Math.max(0, positionAt(x, min ?? -Infinity) - 1),
      Math.min(x.length - 1, positionAt(x, max ?? Infinity) + 1)
    ];
  }

  private _colourOf(colour: number): string {
    const place = colour % COLOURS;
    const found = this._colours.get(place) ?? this.theme.line(place);
    this._colours.set(place, found);
    return found;
  }

  private readonly _colours = new Map<number, string>();
  /** First and last place of all lines, as far as they are known. */
  private _extent: [number | null, number | null];
  /** What the axis shows when all is shown. */
  private _full: [number | null, number | null];
  private _isOver = false;
  private _isZoomed = false;
  private _layer: HTMLCanvasElement | null = null;
  private _pathKey = '';
  private _paths = new Map<IDrawnLine, IPaths>();
  /** What the axis is about to show. */
  private _shown: [number | null, number | null] = [null, null];
  private _told = '';
}

function extentOf(
  lines: readonly IDrawnLine[]
): [number, number] | [null, null] {
  let low = Infinity;
  let high = -Infinity;
  for (const { x } of lines) {
    if (x.length > 0) {
      low = Math.min(low, x[0]);
      high = Math.max(high, x[x.length - 1]);
    }
  }
  return low <= high ? [low, high] : [null, null];
}

namespace Private {
  const waiting = new Set<() => void>();
  let isBusy = false;

  /** Draw now, or, where another chart is drawn just now, after it: many at once would hold up the page. */
  export function inTurn(draw: () => void): void {
    if (isBusy) {
      waiting.add(draw);
      return;
    }
    isBusy = true;
    setTimeout(next);
    draw();
  }

  function next(): void {
    const [draw] = waiting;
    if (!draw) {
      isBusy = false;
      return;
    }
    waiting.delete(draw);
    setTimeout(next);
    draw();
  }
}
