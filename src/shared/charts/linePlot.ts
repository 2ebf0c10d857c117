import type uPlot from 'uplot';
import { SECONDS } from '../chartMarks';
import { COLOURS, dash } from '../chartTheme';
import { formatClock, formatMark } from '../format';
import { PlotFrame, widened } from '../plotFrame';
import { interpolated, nearestAt, positionAt } from './lineData';
import type { IDrawnLine, LineAxis, Numbers } from './lineData';

/** How far from a line the pointer counts as on it, in CSS pixels. */
const REACH = 24;
/** Lines up to which single points are marked, and points of a line. */
const MARKED_LINES = 12;
const MARKED_POINTS = 40;
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
    const [low, high] = extentOf(lines);
    const [before, after] = this._extent;
    // Of a part no more may be there than it shows; the whole is still known.
    this._extent =
      this._isZoomed && before !== null && after !== null
        ? [Math.min(low ?? before, before), Math.max(high ?? after, after)]
        : [low, high];
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
    this._stroke.clear();
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
      this._pathKey = key;
    }
    const { hovered, selected } = this._emphasis;
    const rank = ({ runIds }: IDrawnLine) =>
      hovered !== null && runIds.includes(hovered)
        ? 2
        : runIds.some(each => selected.has(each))
          ? 1
          : 0;
    // What stands out elsewhere only takes nothing back here.
    const isFaint = this._lines.some(line => rank(line) > 0);
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineJoin = 'round';
    const isMarked = this._lines.length <= MARKED_LINES;
    for (const turn of [0, 1, 2]) {
      for (const line of this._lines) {
        if (rank(line) !== turn) {
          continue;
        }
        const paths = this._pathsOf(chart, line, isMarked);
        const colour = this._strokeOf(line.colour);
        const alpha = isFaint && turn === 0 ? 0.22 : 1;
        ctx.strokeStyle = ctx.fillStyle = colour;
        if (paths.band) {
          ctx.globalAlpha = 0.18 * alpha;
          ctx.fill(paths.band);
        }
        if (paths.raw) {
          ctx.globalAlpha = 0.25 * alpha;
          ctx.lineWidth = ratio;
          ctx.stroke(paths.raw);
        }
        ctx.globalAlpha = alpha;
        ctx.lineWidth = (turn > 0 ? 2.5 : 1.5) * ratio;
        ctx.setLineDash(
          (dash(line.dash * COLOURS) ?? []).map(each => each * ratio)
        );
        ctx.stroke(paths.line);
        ctx.setLineDash([]);
      }
    }
    ctx.restore();
  }

  private _pathsOf(chart: uPlot, line: IDrawnLine, isMarked: boolean): IPaths {
    let paths = this._paths.get(line);
    if (!paths) {
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

  private _strokeOf(colour: number): string {
    const place = colour % COLOURS;
    const stroke = this._stroke.get(place) ?? this.theme.line(place);
    this._stroke.set(place, stroke);
    return stroke;
  }

  /** First and last place of all lines, as far as they are known. */
  private _extent: [number | null, number | null];
  /** What the axis shows when all is shown. */
  private _full: [number | null, number | null];
  private _isOver = false;
  private _isZoomed = false;
  private _pathKey = '';
  private _paths = new Map<IDrawnLine, IPaths>();
  /** What the axis is about to show. */
  private _shown: [number | null, number | null] = [null, null];
  private readonly _stroke = new Map<number, string>();
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

/** From values to pixels of the canvas, without looking anything up for each. */
function placer(chart: uPlot, key: 'x' | 'y'): (value: number) => number {
  const { left, top, width, height } = chart.bbox;
  const { min, max, distr } = chart.scales[key];
  const isLog = distr === 3;
  const low = isLog ? Math.log10(min!) : min!;
  const high = isLog ? Math.log10(max!) : max!;
  const isX = key === 'x';
  const size = (isX ? width : -height) / (high - low || 1);
  const origin = isX ? left : top + height;
  return isLog
    ? value => origin + (Math.log10(value) - low) * size
    : value => origin + (value - low) * size;
}

function pathOf(
  x: Numbers,
  y: Numbers,
  first: number,
  last: number,
  toX: (value: number) => number,
  toY: (value: number) => number,
  isMarked: boolean
): Path2D {
  const path = new Path2D();
  const size = 2 * (devicePixelRatio || 1);
  const areMarked = isMarked && last - first < MARKED_POINTS;
  let isGap = true;
  for (let at = first; at <= last; at++) {
    const value = y[at];
    if (value !== value) {
      isGap = true;
      continue;
    }
    const left = toX(x[at]);
    const top = toY(value);
    const isAlone = isGap && (at >= last || y[at + 1] !== y[at + 1]);
    if (areMarked || isAlone) {
      // A point between two gaps would not be seen.
      path.moveTo(left + size, top);
      path.arc(left, top, size, 0, 2 * Math.PI);
      path.moveTo(left, top);
    }
    if (isGap) {
      path.moveTo(left, top);
    } else if (areMarked) {
      path.moveTo(toX(x[at - 1]), toY(y[at - 1]));
      path.lineTo(left, top);
    } else {
      path.lineTo(left, top);
    }
    isGap = false;
  }
  return path;
}

function bandOf(
  x: Numbers,
  low: Numbers,
  high: Numbers,
  first: number,
  last: number,
  toX: (value: number) => number,
  toY: (value: number) => number
): Path2D {
  const path = new Path2D();
  let from = first;
  for (let at = first; at <= last + 1; at++) {
    if (at <= last && low[at] === low[at]) {
      continue;
    }
    if (at > from) {
      path.moveTo(toX(x[from]), toY(high[from]));
      for (let place = from + 1; place < at; place++) {
        path.lineTo(toX(x[place]), toY(high[place]));
      }
      for (let place = at - 1; place >= from; place--) {
        path.lineTo(toX(x[place]), toY(low[place]));
      }
      path.closePath();
    }
    from = at + 1;
  }
  return path;
}

/** Pixels from the pointer to the piece of a line that begins at a point. */
function segmentDistance(
  chart: uPlot,
  { x, y }: IDrawnLine,
  at: number,
  left: number,
  top: number
): number {
  if (at < 0 || at >= x.length || y[at] !== y[at]) {
    return Infinity;
  }
  const fromX = chart.valToPos(x[at], 'x');
  const fromY = chart.valToPos(y[at], 'y');
  if (at + 1 >= x.length || y[at + 1] !== y[at + 1]) {
    return Math.hypot(left - fromX, top - fromY);
  }
  const acrossX = chart.valToPos(x[at + 1], 'x') - fromX;
  const acrossY = chart.valToPos(y[at + 1], 'y') - fromY;
  const length = acrossX * acrossX + acrossY * acrossY || 1;
  const share = Math.max(
    0,
    Math.min(1, ((left - fromX) * acrossX + (top - fromY) * acrossY) / length)
  );
  return Math.hypot(
    left - fromX - share * acrossX,
    top - fromY - share * acrossY
  );
}

function stepMark(step: number): string {
  if (!Number.isInteger(step)) {
    return '';
  }
  return Math.abs(step) >= 1e6 ? formatMark(step) : step.toLocaleString();
}

/** Times of day, and the day below the first of each. */
export function timeMarks(
  splits: readonly number[],
  increment: number
): string[] {
  let before = '';
  return splits.map(each => {
    const moment = new Date(each * 1000);
    const day = moment.toLocaleDateString(undefined, {
      day: 'numeric',
      month: 'short'
    });
    const time = moment.toLocaleTimeString(undefined, {
      hour: '2-digit',
      minute: '2-digit',
      second: increment < 60 ? '2-digit' : undefined
    });
    const isNew = day !== before;
    before = day;
    return increment >= 86_400 ? day : isNew ? `${time}\n${day}` : time;
  });
}
