import uPlot from 'uplot';
import { isZoomed } from '../shared/chartData';
import { SECONDS } from '../shared/chartMarks';
import { dash } from '../shared/chartTheme';
import { formatClock, formatNumber } from '../shared/format';
import type { IDrawnLine } from './chartData';
import { colourOf } from './colours';
import { h, setText } from './dom';

const HEIGHT = 190;
const NARROWEST = 120;

/** The chart of one metric with its legend. */
export class Panel {
  constructor(
    name: string,
    private readonly _sync: string
  ) {
    setText(this._title, name);
    this._title.title = name;
    this.node.append(
      h('div', { class: 'studio-panel-head' }, this._title, this._where),
      this._plotted,
      this._legend
    );
  }

  /** Draw lines; the chart is made anew only when its lines or scales are others. */
  draw(lines: IDrawnLine[], axis: 'step' | 'time', log: boolean): void {
    this._lines = lines;
    this._axis = axis;
    const data = joined(lines);
    const shape = JSON.stringify([
      lines.map(line => [line.name, line.colour]),
      axis,
      log
    ]);
    const empty = !lines.some(line => line.y.some(value => value !== null));
    if (this._plot && shape === this._shape && !empty) {
      const { min, max } = this._plot.scales.x;
      const zoomed =
        min != null && max != null && isZoomed(this._plot.data[0], min, max);
      this._plot.setData(data, !zoomed);
      if (zoomed) {
        this._plot.redraw();
      }
    } else {
      this._plot?.destroy();
      this._plot = null;
      this._shape = shape;
      this._drawLegend();
      if (empty) {
        setText(
          this._plotted,
          log ? 'No values above 0.' : 'No finite values.'
        );
      } else {
        this._plotted.replaceChildren();
        this._plot = new uPlot(
          this._options(lines, axis, log),
          data,
          this._plotted
        );
      }
    }
    this._point(null);
  }

  /** Take the width that there is. */
  fit(): void {
    const width = this._width();
    if (this._plot && this._plot.width !== width) {
      this._plot.setSize({ width, height: HEIGHT });
    }
  }

  redraw(): void {
    this._plot?.redraw(false, true);
  }

  dispose(): void {
    this._plot?.destroy();
    this._plot = null;
    this.node.remove();
  }

  private _width(): number {
    return Math.max(NARROWEST, Math.floor(this._plotted.clientWidth || 360));
  }

  private _options(
    lines: IDrawnLine[],
    axis: 'step' | 'time',
    log: boolean
  ): uPlot.Options {
    const ink = () =>
      getComputedStyle(this.node).getPropertyValue('--studio-ink').trim() ||
      '#767676';
    const grid = {
      stroke: () =>
        getComputedStyle(this.node).getPropertyValue('--studio-grid').trim() ||
        '#8884',
      width: 1
    };
    const font = '11px system-ui, sans-serif';
    const alone = (line: IDrawnLine) =>
      line.y.filter(value => value !== null).length < 2;
    return {
      width: this._width(),
      height: HEIGHT,
      legend: { show: false },
      cursor: {
        sync: { key: this._sync },
        points: { size: 6 },
        drag: { x: true, y: false },
        focus: { prox: 24 }
      },
      scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
      axes: [
        {
          stroke: ink,
          grid,
          ticks: grid,
          font,
          size: 28,
          incrs: axis === 'time' ? SECONDS : undefined,
          values: (_, found) =>
            found.map(value =>
              axis === 'step' ? formatNumber(value) : formatClock(value)
            )
        },
        {
          stroke: ink,
          grid,
          ticks: grid,
          font,
          size: 62,
          values: (_, found) =>
            found.map(value => (value === null ? '' : formatNumber(value)))
        }
      ],
      series: [
        {},
        ...lines.map(line => ({
          label: line.name,
          stroke: colourOf(line.colour),
          width: 1.5,
          dash: dash(line.colour),
          points: alone(line) ? { show: true, size: 5 } : { show: false }
        }))
      ],
      hooks: { setCursor: [plot => this._point(plot.cursor.idx ?? null)] }
    };
  }

  private _drawLegend(): void {
    this._values = this._lines.map(() => h('span', { class: 'studio-value' }));
    this._legend.replaceChildren(
      ...this._lines.map((line, at) => {
        const swatch = h('span', {
          class: 'studio-swatch',
          'aria-hidden': 'true'
        });
        swatch.style.borderTopColor = colourOf(line.colour);
        swatch.style.borderTopStyle = dash(line.colour) ? 'dashed' : 'solid';
        const row = h(
          'button',
          {
            type: 'button',
            class: 'studio-key',
            'aria-pressed': 'true',
            title: `${line.name}: show or hide`
          },
          swatch,
          h('span', { class: 'studio-name' }, line.name),
          this._values[at]
        );
        row.addEventListener('click', () => {
          const shown = row.getAttribute('aria-pressed') !== 'true';
          row.setAttribute('aria-pressed', String(shown));
          this._plot?.setSeries(at + 1, { show: shown });
        });
        return row;
      })
    );
  }

  /** Show the values at a place of the joined x values; null: the last ones. */
  private _point(index: number | null): void {
    const x =
      index === null || !this._plot
        ? null
        : (this._plot.data[0][index] ?? null);
    this._lines.forEach((line, at) => {
      const value = x === null ? line.last : valueAt(line, x);
      const text =
        x !== null && value === null
          ? ''
          : value === null
            ? 'NaN'
            : formatNumber(value);
      if (this._values[at]) {
        setText(this._values[at], text);
      }
    });
    const place =
      x === null
        ? ''
        : this._axis === 'step'
          ? `step ${formatNumber(x)}`
          : formatClock(x);
    setText(this._where, place);
  }

  readonly node = h('figure', { class: 'studio-panel' });
  private readonly _title = h('figcaption', {});
  private readonly _where = h('span', { class: 'studio-note' });
  private readonly _plotted = h('div', { class: 'studio-plot' });
  private readonly _legend = h('div', { class: 'studio-legend' });
  private _values: HTMLElement[] = [];
  private _lines: IDrawnLine[] = [];
  private _axis: 'step' | 'time' = 'step';
  private _plot: uPlot | null = null;
  private _shape = '';
}

/** All lines over one list of x values, as uPlot wants them. */
function joined(lines: IDrawnLine[]): uPlot.AlignedData {
  return uPlot.join(lines.map(line => [line.x, line.y]));
}

/** The value of a line at `x`, or the last one before it. */
export function valueAt(
  line: Pick<IDrawnLine, 'x' | 'y'>,
  x: number
): number | null {
  let low = 0;
  let high = line.x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (line.x[middle] <= x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low === 0 ? null : line.y[low - 1];
}
