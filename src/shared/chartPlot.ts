import type uPlot from 'uplot';
import { isZoomed } from './chartData';
import type { Columns, ILine } from './chartData';
import { dash, readTheme, watchTheme } from './chartTheme';
import { SECONDS } from './chartMarks';
import { formatClock } from './format';

/** What the x axis counts: steps, or seconds since the beginning. */
export type XAxis = 'step' | 'elapsed';

/** Distances for an axis of bytes in binary units. */
export const BINARY_MARKS = Array.from(
  { length: 50 },
  (_, power) => 2 ** power
);
/** Distances for an axis that counts things. */
export const WHOLE_MARKS = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map(each => each * 10 ** power)
).flat();

/** Time until the chart library is asked for again when it did not come, in milliseconds. */
const RETRY = 10_000;

/** How lines are drawn. */
export interface IPlotOptions {
  axis: XAxis;
  format: (value: number) => string;
  isSmall: boolean;
  log: boolean;
  limit?: number;
  fromZero: boolean;
  marks?: readonly number[];
  sync?: string;
}

/** The drawing: made when it is first in sight, as wide as its place. */
export class Plot {
  constructor(
    private readonly _node: HTMLElement,
    private readonly _lines: readonly ILine[],
    private _columns: Columns,
    private readonly _options: IPlotOptions,
    private readonly _onCursor: (at: number | null) => void
  ) {
    this._unwatch = watchTheme(() => {
      this._theme = readTheme(this._node);
      this._chart?.redraw(false);
    });
    this._sized = new ResizeObserver(() => this._fit());
    this._sized.observe(this._node);
    this._seen = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        this._seen.disconnect();
        void this._make().catch(() => {
          // The server is away, or was upgraded: tried again while it is in sight.
          this._again = setTimeout(() => this._seen.observe(this._node), RETRY);
        });
      }
    });
    this._seen.observe(this._node);
  }

  get canvas(): HTMLCanvasElement | null {
    return this._chart?.ctx.canvas ?? null;
  }

  setData(columns: Columns): void {
    const [before] = this._columns;
    this._columns = columns;
    const chart = this._chart;
    if (!chart) {
      return;
    }
    const { min, max } = chart.scales.x;
    if (min != null && max != null && isZoomed(before, min, max)) {
      chart.batch(() => {
        chart.setData(columns as uPlot.AlignedData, false);
        chart.setScale('x', { min, max });
      });
    } else {
      chart.setData(columns as uPlot.AlignedData);
    }
  }

  /** Put the crosshair on a point; null takes it away. */
  point(at: number | null): void {
    const chart = this._chart;
    if (chart) {
      const left =
        at === null ? -10 : chart.valToPos(this._columns[0][at], 'x');
      chart.setCursor({ left, top: at === null ? -10 : 10 }, false);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._again);
    this._unwatch();
    this._sized.disconnect();
    this._seen.disconnect();
    this._chart?.destroy();
    this._chart = null;
  }

  private async _make(): Promise<void> {
    const { default: Chart } = await import('uplot');
    if (this._isDisposed) {
      return;
    }
    this._theme = readTheme(this._node);
    this._chart = new Chart(
      this._describe(Chart),
      this._columns as uPlot.AlignedData,
      this._node
    );
  }

  private _describe(Chart: typeof uPlot): uPlot.Options {
    const { axis, format, isSmall, log, fromZero, sync, limit } = this._options;
    const theme = () => this._theme ?? readTheme(this._node);
    const common: uPlot.Axis = {
      show: !isSmall,
      stroke: () => theme().text,
      font: theme().font,
      grid: {
        stroke: () => theme().grid,
        width: 1,
        filter: (_, splits) => (log ? decades(splits) : splits)
      },
      ticks: { stroke: () => theme().grid, width: 1, size: 4 },
      gap: 4
    };
    return {
      width: Math.max(40, this._node.clientWidth),
      height: this._node.clientHeight,
      padding: isSmall ? [4, 4, 4, 4] : [8, 12, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 6 },
        drag: { x: !isSmall, y: false },
        sync: sync ? { key: sync, setSeries: false } : undefined
      },
      scales: {
        x: { time: false, range: (_, low, high) => this._range(low, high) },
        y: log
          ? { distr: 3 }
          : {
              range: (_, low: number | null, high: number | null) =>
                low === null || high === null
                  ? [0, 1]
                  : Chart.rangeNum(
                      fromZero ? 0 : low,
                      Math.max(high, limit ?? high),
                      0.08,
                      true
                    )
            }
      },
      axes: [
        {
          ...common,
          size: 24,
          incrs: axis === 'elapsed' ? SECONDS : undefined,
          values: (_, splits) =>
            splits.map(each =>
              axis === 'elapsed'
                ? formatClock(each)
                : Number.isInteger(each)
                  ? each.toLocaleString()
                  : ''
            )
        },
        {
          ...common,
          size: 64,
          incrs: this._options.marks && [...this._options.marks],
          values: (_, splits) =>
            splits.map(each => (each === null ? '' : format(each)))
        }
      ],
      series: [
        {},
        ...this._lines.map(({ label, colour }): uPlot.Series => ({
          label,
          stroke: () => theme().line(colour),
          width: 1.5,
          dash: dash(colour),
          points: {
            show: chart => chart.data[0].length <= (isSmall ? 1 : 40),
            size: 4,
            fill: () => theme().line(colour)
          }
        }))
      ],
      hooks: {
        draw: [chart => this._drawLimit(chart)],
        setCursor: [
          chart => {
            const { idx, left } = chart.cursor;
            this._onCursor(idx === undefined || (left ?? -1) < 0 ? null : idx);
          }
        ]
      }
    };
  }

  /** Of a chart whose points are all at one place, that place in the middle. */
  private _range(
    low: number | null,
    high: number | null
  ): [number | null, number | null] {
    const [x] = this._columns;
    const isOne = x.length > 0 && x[0] === x[x.length - 1];
    return isOne ? widened(x[0], x[0]) : widened(low, high);
  }

  private _drawLimit(chart: uPlot): void {
    const { limit } = this._options;
    if (limit === undefined || !this._theme) {
      return;
    }
    const { ctx, bbox } = chart;
    const y = Math.round(chart.valToPos(limit, 'y', true));
    if (y < bbox.top || y > bbox.top + bbox.height) {
      return;
    }
    ctx.save();
    ctx.strokeStyle = this._theme.limit;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  private _fit(): void {
    const { clientWidth: width, clientHeight: height } = this._node;
    const chart = this._chart;
    if (
      chart &&
      width > 0 &&
      (width !== chart.width || height !== chart.height)
    ) {
      chart.setSize({ width, height });
    }
  }

  private _chart: uPlot | null = null;
  private _again: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
  private readonly _seen: IntersectionObserver;
  private readonly _sized: ResizeObserver;
  private _theme: ReturnType<typeof readTheme> | null = null;
  private readonly _unwatch: () => void;
}

/** Of the marks of a logarithmic axis only powers of ten, where there are some. */
function decades(splits: readonly number[]): (number | null)[] {
  const powers = splits.map(each =>
    Math.abs(Math.log10(each) - Math.round(Math.log10(each))) < 1e-9
      ? each
      : null
  );
  return powers.some(each => each !== null) ? powers : [...splits];
}

/** An axis has a length also when all values are at one place. */
function widened(
  low: number | null,
  high: number | null
): [number | null, number | null] {
  return low !== null && low === high ? [low - 0.5, low + 0.5] : [low, high];
}
