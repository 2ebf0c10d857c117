import type { EChartsType } from 'echarts/core';
import { readTheme, watchTheme } from '../chartTheme';
import type { Brushed, IDrawing, Intervals, Look } from './drawing';

/** Time until the chart library is asked for again when it did not come, in milliseconds. */
const RETRY = 10_000;

/** What happens in a chart. */
export interface IPlotEvents {
  /** The pointer is over a mark of the drawing, or over none. */
  onHover(mark: number | null): void;
  onClick(mark: number, isAdding: boolean): void;
  /**
   * All parts of parallel axes that are brushed now, by the position of the axis: they were brushed otherwise, or
   * (`isMoved`) something else is drawn that they stand over.
   */
  onBrush?(brushed: Brushed, isMoved: boolean): void;
}

/** An event of the chart library, as far as it is used. */
interface IChartEvent {
  data?: { mark?: unknown } | null;
  event?: { event?: Event };
}

/** The drawing on the page: made when it is first in sight, as wide as its place. */
export class EChartPlot {
  constructor(
    private readonly _node: HTMLElement,
    private _drawing: IDrawing,
    private _look: Look,
    private readonly _events: IPlotEvents
  ) {
    this._unwatch = watchTheme(() => this._draw(false));
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

  /** The picture; null before it is drawn. */
  get svg(): SVGSVGElement | null {
    return this._node.querySelector('svg');
  }

  /** Draw something else. */
  setDrawing(drawing: IDrawing, look: Look): void {
    if (drawing !== this._drawing) {
      this._drawing = drawing;
      this._look = look;
      this._draw(false);
      if (
        this._chart &&
        [...this._brushed().values()].some(each => each.length > 0)
      ) {
        this._tellBrush(true);
      }
    }
  }

  /** Draw the same with other things standing out; once for all changes of a frame. */
  setLook(look: Look): void {
    this._look = look;
    if (this._chart && !this._frame) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this._draw(true);
      });
    }
  }

  /** Show the tooltip of a mark; null takes it away. */
  point(mark: number | null): void {
    const { isSpread, marks } = this._drawing;
    const found = mark === null || isSpread ? undefined : marks[mark];
    this._chart?.dispatchAction(
      found
        ? { type: 'showTip', seriesIndex: found.series, dataIndex: found.index }
        : { type: 'hideTip' }
    );
  }

  /** Take away what was brushed, unless somebody is just doing so. */
  clearBrush(): void {
    if (this._intervals.size > 0 && !this._isBrushing) {
      this._intervals.forEach((_, key) => this._intervals.set(key, []));
      this._brush();
      this._intervals.clear();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._again);
    cancelAnimationFrame(this._frame);
    this._unwatch();
    this._sized.disconnect();
    this._seen.disconnect();
    this._chart?.dispose();
    this._chart = null;
  }

  private async _make(): Promise<void> {
    const { init } = await import('./chartLibrary');
    if (this._isDisposed) {
      return;
    }
    const chart = init(this._node, null, {
      renderer: 'svg',
      width: Math.max(40, this._node.clientWidth),
      height: Math.max(40, this._node.clientHeight)
    });
    this._chart = chart;
    chart.on('mouseover', event => {
      const mark = markOf(event as IChartEvent);
      if (mark !== null) {
        this._events.onHover(mark);
      }
    });
    chart.on('mouseout', () => this._events.onHover(null));
    chart.on('click', event => {
      const mark = markOf(event as IChartEvent);
      if (mark !== null) {
        const { event: original } = (event as IChartEvent).event ?? {};
        const { ctrlKey, metaKey, shiftKey } = (original ?? {}) as MouseEvent;
        this._events.onClick(mark, ctrlKey || metaKey || shiftKey);
      }
    });
    chart.on('axisareaselected', event => {
      const { parallelAxisId, intervals } = event as {
        parallelAxisId?: string;
        intervals?: [number, number][];
      };
      const key = this._drawing.axes?.[Number(parallelAxisId)];
      if (key !== undefined) {
        this._intervals.set(key, intervals ?? []);
        this._tellBrush(false);
      }
    });
    this._draw(false);
  }

  private _draw(isSame: boolean): void {
    const chart = this._chart;
    if (!chart) {
      return;
    }
    const theme = readTheme(this._node);
    const option = this._drawing.option(theme, this._look, chart.getWidth());
    if (isSame) {
      // Axes keep what was brushed.
      chart.setOption({ series: option.series }, { silent: true });
      return;
    }
    const { marks } = this._drawing;
    chart.setOption(
      {
        animation: false,
        textStyle: {
          fontFamily: theme.family,
          fontSize: theme.size,
          color: theme.text
        },
        ...option,
        tooltip: {
          trigger: 'item',
          confine: true,
          transitionDuration: 0,
          className: 'jp-StudioChart-tip',
          backgroundColor: theme.background,
          borderColor: theme.grid,
          padding: [4, 8],
          textStyle: { color: theme.strong, fontSize: theme.size },
          formatter: (event: unknown) => {
            const mark = markOf(event as IChartEvent);
            return mark === null ? '' : tip(marks[mark]);
          }
        }
      },
      { notMerge: true }
    );
    this._brush();
  }

  /** Brushed parts by the position of their axis, of the axes that are there. */
  private _brushed(): Brushed {
    const axes = this._drawing.axes ?? [];
    return new Map(
      axes.flatMap((key, axis) => {
        const intervals = this._intervals.get(key);
        return intervals ? [[axis, intervals] as const] : [];
      })
    );
  }

  private _tellBrush(isMoved: boolean): void {
    this._isBrushing = true;
    try {
      this._events.onBrush?.(this._brushed(), isMoved);
    } finally {
      this._isBrushing = false;
    }
  }

  /** Tell the chart library, whose new axes know nothing of it, what is brushed. */
  private _brush(): void {
    const brushed = this._brushed();
    brushed.forEach((intervals, axis) =>
      this._chart?.dispatchAction(
        { type: 'axisAreaSelect', parallelAxisId: String(axis), intervals },
        { silent: true }
      )
    );
    if (brushed.size > 0) {
      // It draws what is brushed with the next drawing only.
      this._draw(true);
    }
  }

  private _fit(): void {
    const { clientWidth: width, clientHeight: height } = this._node;
    const chart = this._chart;
    const before = chart?.getWidth();
    if (
      chart &&
      width > 0 &&
      height > 0 &&
      (width !== before || height !== chart.getHeight())
    ) {
      chart.resize({ width, height });
      if (this._drawing.axes && width !== before) {
        // Names of parallel axes have as much room as there is.
        this._draw(false);
      }
    }
  }

  private _again: ReturnType<typeof setTimeout> | undefined;
  private _chart: EChartsType | null = null;
  private _frame = 0;
  /** What was brushed, by the key of the column: axes may come in another order. */
  private readonly _intervals = new Map<string, Intervals>();
  private _isBrushing = false;
  private _isDisposed = false;
  private readonly _seen: IntersectionObserver;
  private readonly _sized: ResizeObserver;
  private readonly _unwatch: () => void;
}

function markOf(event: IChartEvent): number | null {
  const mark = event.data?.mark;
  return typeof mark === 'number' ? mark : null;
}

/** Text only: names and values come from trials. */
function tip({ title, lines }: { title: string; lines: readonly string[] }) {
  const node = document.createElement('div');
  const head = node.appendChild(document.createElement('strong'));
  head.textContent = title;
  for (const line of lines) {
    node.appendChild(document.createElement('div')).textContent = line;
  }
  return node;
}
