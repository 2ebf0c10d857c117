import type uPlot from 'uplot';
import { isZoomed } from './chartData';
import type { Columns, ILine } from './chartData';
import { SECONDS } from './chartMarks';
import { dash } from './chartTheme';
import { formatClock } from './format';
import { PlotFrame, widened } from './plotFrame';

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

/** The drawing of lines that share one x axis. */
export class Plot extends PlotFrame {
  constructor(
    node: HTMLElement,
    private readonly _lines: readonly ILine[],
    private _columns: Columns,
    private readonly _options: IPlotOptions,
    private readonly _onCursor: (at: number | null) => void
  ) {
    super(node);
  }

  setData(columns: Columns): void {
    const [before] = this._columns;
    this._columns = columns;
    const { chart } = this;
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
    const { chart } = this;
    if (chart) {
      const left =
        at === null ? -10 : chart.valToPos(this._columns[0][at], 'x');
      chart.setCursor({ left, top: at === null ? -10 : 10 }, false);
    }
  }

  protected data(): uPlot.AlignedData {
    return this._columns as uPlot.AlignedData;
  }

  protected describe(Chart: typeof uPlot): uPlot.Options {
    const { axis, format, isSmall, log, fromZero, sync, limit } = this._options;
    const common = this.axis(!isSmall, log);
    return {
      width: Math.max(40, this.node.clientWidth),
      height: this.node.clientHeight,
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
          stroke: () => this.theme.line(colour),
          width: 1.5,
          dash: dash(colour),
          points: {
            show: chart => chart.data[0].length <= (isSmall ? 1 : 40),
            size: 4,
            fill: () => this.theme.line(colour)
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
    if (limit === undefined) {
      return;
    }
    const { ctx, bbox } = chart;
    const y = Math.round(chart.valToPos(limit, 'y', true));
    if (y < bbox.top || y > bbox.top + bbox.height) {
      return;
    }
    ctx.save();
    ctx.strokeStyle = this.theme.limit;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}
