import type uPlot from 'uplot';
import { SECONDS } from '../chartMarks';
import { COLOURS } from '../chartTheme';
import { formatClock, formatMark } from '../format';
import { beginWait, endWait } from '../idle';
import { PlotFrame, widened } from '../plotFrame';
import { inLaterTurn, outOfTurn } from '../turns';
import type { IDrawnLine, LineAxis } from './lineData';
import { LineLayer } from './lineLayer';
import { stepMark, timeMarks } from './lineMarks';
import { viewOf } from './linePaths';
import { linesAt, placeNextTo } from './linePointing';
import { extentOf, valuesBetween } from './lineRange';

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
    this._know(extentOf(_lines));
    this._setBusy(true);
  }

  override dispose(): void {
    outOfTurn(this._apply);
    endWait(this);
    this._layer.dispose();
    super.dispose();
  }

  get isZoomed(): boolean {
    return this._isZoomed;
  }

  /** Other values, or other lines. What is shown of the axis stays when it was zoomed to. */
  setLines(lines: readonly IDrawnLine[]): void {
    this._lines = lines;
    const [low, high] = extentOf(lines);
    const [before, after] = this._extent;
    // Of a part no more may be there than it shows; the whole is still known.
    this._know(
      this._isZoomed && before !== null && after !== null
        ? [Math.min(low ?? before, before), Math.max(high ?? after, after)]
        : [low, high]
    );
    this._setBusy(true);
    inLaterTurn(this._apply);
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
    // Not a single place: the library would make up an axis for it.
    const [low, high] = this._full;
    return low === null || high === null
      ? [[], []]
      : [
          [low, high],
          [null, null]
        ];
  }

  protected override onUnseen(): void {
    // Nobody waits for what would be further down.
    endWait(this);
  }

  protected override onTheme(): void {
    this._colours.clear();
    this._layer.renew();
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
          range: (_, low, high) => (this._shown = [low, high])
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

  private _know(extent: [number | null, number | null]): void {
    const [first, last] = extent;
    this._extent = extent;
    this._full =
      this._options.isLogX && first !== null && first === last
        ? [first / 2, first * 2]
        : widened(first, last);
  }

  /** What the values between the edges of the x axis need. */
  private _rangeY(Chart: typeof uPlot): [number, number] {
    const [smallest, largest] = valuesBetween(this._lines, ...this._shown);
    if (smallest === null) {
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
        const [line = -1] = linesAt(chart, this._lines, left, top);
        this._events.onClick(line, event);
      }
    });
  }

  private _onCursor(chart: uPlot): void {
    const { left = -1, top = -1 } = chart.cursor;
    if (left < 0) {
      this._events.onCursor(null);
      return;
    }
    const near = this._isOver ? linesAt(chart, this._lines, left, top) : [];
    // Of the line under the pointer, where there is one.
    const lines = near.length > 0 ? [this._lines[near[0]]] : this._lines;
    this._events.onCursor({
      place: placeNextTo(lines, chart.posToVal(left, 'x')),
      left: left + chart.over.offsetLeft,
      top: top + chart.over.offsetTop,
      near
    });
  }

  private _draw(chart: uPlot): void {
    const { hovered, selected } = this._emphasis;
    const has = (line: IDrawnLine, turn: number) =>
      turn === 1
        ? line.runIds.some(each => selected.has(each))
        : hovered !== null && line.runIds.includes(hovered);
    const over = [1, 2].flatMap(turn =>
      this._lines.filter(line => has(line, turn))
    );
    this._layer.draw(chart.ctx, viewOf(chart), this._lines, over);
    this._setBusy(!this._layer.isDone);
  }

  /** Until all is drawn; also for those who wait for a picture. */
  private _setBusy(isBusy: boolean): void {
    if (isBusy) {
      if (!this.isUnseen) {
        beginWait(this);
      }
      this.node.setAttribute('aria-busy', 'true');
    } else {
      endWait(this);
      this.node.removeAttribute('aria-busy');
    }
  }

  private _colourOf(colour: number): string {
    const place = colour % COLOURS;
    const found = this._colours.get(place) ?? this.theme.line(place);
    this._colours.set(place, found);
    return found;
  }

  private readonly _colours = new Map<number, string>();
  /** First and last place of all lines, as far as they are known. */
  private _extent: [number | null, number | null] = [null, null];
  /** What the axis shows when all is shown. */
  private _full: [number | null, number | null] = [null, null];
  private _isOver = false;
  private _isZoomed = false;
  private readonly _layer = new LineLayer(
    colour => this._colourOf(colour),
    () => this.chart?.redraw(false)
  );
  /** What the axis is about to show. */
  private _shown: [number | null, number | null] = [null, null];
  private _told = '';
}
