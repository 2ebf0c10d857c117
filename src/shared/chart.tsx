import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useMemo, useRef, useState } from 'react';
import type uPlot from 'uplot';
import { nearest, summary, toColumns, toTable } from './chartData';
import type { Columns, ILine } from './chartData';
import { copyPicture } from './chartPicture';
import { dash, readTheme, watchTheme } from './chartTheme';
import { formatClock, formatNumber } from './format';
import { pictureIcon } from './icons';

/** What the x axis counts: steps, or seconds since the beginning. */
export type XAxis = 'step' | 'elapsed';

export interface IChartProps {
  title: string;
  lines: readonly ILine[];
  axis: XAxis;
  trans: TranslationBundle;
  /** Pixels; the width is that of the place. */
  height?: number;
  /** How values are written; as numbers by default. */
  format?: (value: number) => string;
  /** Distances that marks of the y axis may have; decimal ones by default. */
  marks?: readonly number[];
  /** A horizontal line, and what it is. */
  limit?: { value: number; label: string };
  /** Whether the y axis begins at zero. */
  fromZero?: boolean;
  /** Without axes and buttons, for an overview. */
  isSmall?: boolean;
  /** Charts with the same key share their crosshair. */
  sync?: string;
  /** What else is to be said, below the title. */
  note?: string;
}

/** Seconds between marks of the time axis. */
const SECONDS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  14_400, 21_600, 43_200, 86_400, 172_800, 604_800
];

/** Lines over steps or time, with their values at the cursor. */
export function Chart(props: IChartProps): JSX.Element {
  const { title, lines, axis, trans, isSmall = false, note } = props;
  const format = props.format ?? formatNumber;
  const [isLog, setLog] = useState(false);
  const [said, setSaid] = useState('');
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const canLog = lines.some(({ y }) =>
    y.some(each => each !== null && each > 0)
  );
  const log = isLog && canLog;
  const columns = useMemo(() => toColumns(lines, log), [lines, log]);
  const limit = props.limit?.value;
  const options = { axis, format, isSmall, log, limit, ...sizes(props) };
  const key = JSON.stringify([
    axis,
    isSmall,
    log,
    limit,
    props.fromZero,
    props.sync,
    props.height,
    lines.map(({ label, colour }) => [label, colour])
  ]);

  // What is drawn with stays the same while values come: only the data changes.
  useEffect(() => {
    const node = root.current;
    if (!node) {
      return;
    }
    const made = new Plot(node, lines, columns, options, setAt);
    plot.current = made;
    return () => {
      plot.current = null;
      made.dispose();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  useEffect(() => plot.current?.setData(columns), [columns]);
  useEffect(() => {
    if (said) {
      const timer = window.setTimeout(() => setSaid(''), 2500);
      return () => window.clearTimeout(timer);
    }
    return undefined;
  }, [said]);

  const value = (line: number): string => {
    const found = at === null ? null : nearest(columns, line, at);
    const shown =
      found === null ? lastOf(lines[line]) : columns[line + 1][found];
    return typeof shown === 'number'
      ? format(shown)
      : lines[line].y.length > 0
        ? 'NaN'
        : '–';
  };
  const x = at === null ? null : columns[0][at];
  const where =
    x === null || x === undefined
      ? ''
      : axis === 'step'
        ? trans.__('step %1', x.toLocaleString())
        : formatClock(x);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== event.currentTarget) {
      return;
    }
    const last = columns[0].length - 1;
    const from = at ?? last;
    const to: Record<string, number | null> = {
      ArrowLeft: Math.max(0, at === null ? last : from - 1),
      ArrowRight: Math.min(last, from + 1),
      Home: 0,
      End: last,
      Escape: null
    };
    if (event.key in to && last >= 0) {
      event.preventDefault();
      plot.current?.point(to[event.key]);
      setAt(to[event.key]);
    }
  };
  const copyData = () => {
    Clipboard.copyToSystem(toTable(axis, lines));
    setSaid(trans.__('Copied the data'));
  };
  const copyImage = async () => {
    const canvas = plot.current?.canvas;
    if (canvas && root.current) {
      const legend = lines.map((line, index) => ({
        colour: line.colour,
        text: `${lines.length > 1 ? `${line.label} ` : ''}${value(index)}`
      }));
      const copied = await copyPicture(canvas, title, legend, root.current);
      setSaid(
        copied ? trans.__('Copied the picture') : trans.__('Saved the picture')
      );
    }
  };
  return (
    <figure className={`jp-StudioChart${isSmall ? ' jp-mod-small' : ''}`}>
      <figcaption className="jp-StudioChart-head">
        <span className="jp-StudioChart-title" title={title}>
          {title}
        </span>
        <span className="jp-StudioChart-where">{said || where}</span>
        {lines.length === 1 && (
          <span className="jp-StudioChart-value">{value(0)}</span>
        )}
        {!isSmall && (
          <span className="jp-StudioChart-buttons">
            <button
              type="button"
              className="jp-StudioChart-toggle"
              aria-pressed={log}
              disabled={!canLog}
              title={trans.__('Logarithmic scale')}
              onClick={() => setLog(!isLog)}
            >
              {trans.__('log')}
            </button>
            <button
              type="button"
              className="jp-StudioIconButton"
              title={trans.__('Copy as picture')}
              aria-label={trans.__('Copy %1 as picture', title)}
              onClick={() => void copyImage()}
            >
              <pictureIcon.react tag="span" />
            </button>
            <button
              type="button"
              className="jp-StudioIconButton"
              title={trans.__('Copy the data')}
              aria-label={trans.__('Copy the data of %1', title)}
              onClick={copyData}
            >
              <copyIcon.react tag="span" />
            </button>
          </span>
        )}
      </figcaption>
      {lines.length > 1 && (
        <ul className="jp-StudioChart-legend">
          {lines.map((line, index) => (
            <li key={line.label} title={line.label}>
              <Mark colour={line.colour} />
              <span className="jp-StudioChart-label">{line.label}</span>
              <span className="jp-StudioChart-value">{value(index)}</span>
            </li>
          ))}
        </ul>
      )}
      {note && <p className="jp-StudioChart-note">{note}</p>}
      <div
        ref={root}
        className="jp-StudioChart-plot"
        style={{ height: props.height ?? (isSmall ? 64 : 180) }}
        tabIndex={0}
        role="group"
        aria-roledescription={trans.__('chart')}
        aria-label={describe(props, format)}
        onKeyDown={onKeyDown}
        onBlur={() => {
          plot.current?.point(null);
          setAt(null);
        }}
      />
      <span className="jp-StudioChart-spoken" aria-live="polite">
        {where && document.activeElement === root.current
          ? `${where}: ${lines.map((_, index) => value(index)).join(', ')}`
          : ''}
      </span>
    </figure>
  );
}

/** How a line is drawn, for a legend. */
export function Mark(props: { colour: number }): JSX.Element {
  return (
    <span
      className="jp-StudioChart-mark"
      aria-hidden="true"
      style={{
        borderTopColor: `var(--jp-studio-series-${props.colour % 8})`,
        borderTopStyle: dash(props.colour) ? 'dashed' : 'solid'
      }}
    />
  );
}

/** Distances for an axis of bytes in binary units. */
export const BINARY_MARKS = Array.from(
  { length: 50 },
  (_, power) => 2 ** power
);
/** Distances for an axis that counts things. */
export const WHOLE_MARKS = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map(each => each * 10 ** power)
).flat();

interface IPlotOptions {
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
class Plot {
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
        void this._make();
      }
    });
    this._seen.observe(this._node);
  }

  get canvas(): HTMLCanvasElement | null {
    return this._chart?.ctx.canvas ?? null;
  }

  setData(columns: Columns): void {
    this._columns = columns;
    const chart = this._chart;
    if (!chart) {
      return;
    }
    const { min, max } = chart.scales.x;
    if (this._isZoomed && min !== undefined && max !== undefined) {
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
        x: { time: false, range: (_, low, high) => widened(low, high) },
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
        ],
        setSelect: [
          chart => {
            this._isZoomed = chart.select.width > 0;
          }
        ],
        ready: [
          chart => {
            chart.over.addEventListener('dblclick', () => {
              this._isZoomed = false;
            });
          }
        ]
      }
    };
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
  private _isDisposed = false;
  private _isZoomed = false;
  private readonly _seen: IntersectionObserver;
  private readonly _sized: ResizeObserver;
  private _theme: ReturnType<typeof readTheme> | null = null;
  private readonly _unwatch: () => void;
}

function sizes(props: IChartProps) {
  return {
    fromZero: props.fromZero ?? false,
    marks: props.marks,
    sync: props.sync
  };
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

function lastOf(line: ILine): number | null {
  return line.y.length > 0 ? line.y[line.y.length - 1] : null;
}

/** The chart in words, for those who do not see it. */
function describe(
  { title, lines, trans, limit }: IChartProps,
  format: (value: number) => string
): string {
  const parts = lines.slice(0, 8).map(line => {
    const found = summary(line);
    const name = lines.length > 1 ? `${line.label}: ` : '';
    return (
      name +
      (found
        ? trans.__(
            'last %1, smallest %2, largest %3',
            found.last === null ? 'NaN' : format(found.last),
            format(found.low),
            format(found.high)
          )
        : trans.__('no values'))
    );
  });
  if (limit) {
    parts.push(`${limit.label} ${format(limit.value)}`);
  }
  return `${title}: ${parts.join('; ')}`;
}
