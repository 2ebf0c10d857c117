import type uPlot from 'uplot';
import { readTheme, watchTheme } from './chartTheme';
import type { IChartTheme } from './chartTheme';
import { inTurn } from './turns';

/** Time until the chart library is asked for again when it did not come, in milliseconds. */
const RETRY = 10_000;

/** What all drawings of lines share: made when first in sight, as wide as their place, in the colours of the theme. */
export abstract class PlotFrame {
  constructor(protected readonly node: HTMLElement) {
    this._unwatch = watchTheme(() => {
      this._theme = readTheme(this.node);
      this.onTheme();
      this._chart?.redraw(false);
    });
    this._sized = new ResizeObserver(() => this._fit());
    this._seen = new IntersectionObserver(entries => {
      this._isUnseen = !entries.some(entry => entry.isIntersecting);
      if (this._isUnseen) {
        this.onUnseen();
      } else {
        this._seen.disconnect();
        void this._make().catch(() => {
          this.onUnseen();
          // The server is away, or was upgraded: tried again while it is in sight.
          this._again = setTimeout(() => this._seen.observe(this.node), RETRY);
        });
      }
    });
    this._sized.observe(this.node);
    this._seen.observe(this.node);
  }

  /** Fetch the library while there is nothing to draw yet. */
  static prepare(): void {
    // Whoever draws asks again.
    void import('uplot').catch(() => undefined);
  }

  get canvas(): HTMLCanvasElement | null {
    return this._chart?.ctx.canvas ?? null;
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

  protected get chart(): uPlot | null {
    return this._chart;
  }

  protected get theme(): IChartTheme {
    return (this._theme ??= readTheme(this.node));
  }

  /** How the library is to draw; asked for once it is there. */
  protected abstract describe(Chart: typeof uPlot): uPlot.Options;

  /** What is drawn when the drawing is made. */
  protected abstract data(): uPlot.AlignedData;

  /** It is not made yet as it is out of sight, or as it cannot be made. */
  protected onUnseen(): void {
    // Most have nothing to do with that.
  }

  /** Whether it is known to be out of sight, and not made yet. */
  protected get isUnseen(): boolean {
    return this._isUnseen;
  }

  /** The colours are others. */
  protected onTheme(): void {
    // Most read them while they draw.
  }

  /** What the axes of all charts share. */
  protected axis(isShown: boolean, isLog: boolean): uPlot.Axis {
    return {
      show: isShown,
      stroke: () => this.theme.text,
      font: this.theme.font,
      grid: {
        stroke: () => this.theme.grid,
        width: 1,
        filter: (_, splits) => (isLog ? decades(splits) : splits)
      },
      ticks: { stroke: () => this.theme.grid, width: 1, size: 4 },
      gap: 4
    };
  }

  private async _make(): Promise<void> {
    const { default: Chart } = await import('uplot');
    inTurn(() => {
      if (!this._isDisposed) {
        this._theme = readTheme(this.node);
        this._chart = new Chart(this.describe(Chart), this.data(), this.node);
      }
    });
  }

  private _fit(): void {
    const { clientWidth: width, clientHeight: height } = this.node;
    const chart = this._chart;
    if (
      chart &&
      width > 0 &&
      (width !== chart.width || height !== chart.height)
    ) {
      chart.setSize({ width, height });
    }
  }

  private _again: ReturnType<typeof setTimeout> | undefined;
  private _chart: uPlot | null = null;
  private _isDisposed = false;
  private _isUnseen = false;
  private readonly _seen: IntersectionObserver;
  private readonly _sized: ResizeObserver;
  private _theme: IChartTheme | null = null;
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
export function widened(
  low: number | null,
  high: number | null
): [number | null, number | null] {
  return low !== null && low === high ? [low - 0.5, low + 0.5] : [low, high];
}
