import { tableCell } from '../shared/chartData';

interface ILine {
  line: number;
  step: number[];
  time: number[];
  value: (number | null)[];
  count: number;
  last: number | null;
}

interface IMetric {
  name: string;
  not_finite: number;
  lines: ILine[];
}

/** What the kernel says of a chart; see `metric_chart.py`. */
export interface IChartState {
  x: 'step' | 'time';
  lines: { key: string; name: string; colour: number }[];
  metrics: IMetric[];
  others: string[];
  left_out: number;
  waiting: string[];
  over: boolean;
  loading: boolean;
  error: string;
}

/** A line as it is drawn: x grows. */
export interface IDrawnLine {
  name: string;
  colour: number;
  x: number[];
  y: (number | null)[];
  /** The value that was logged last; null: not finite. */
  last: number | null;
}

/** The lines of a metric over one axis. Steps may come in any order and twice; of two at one place the later counts. */
export function linesOf(
  state: IChartState,
  metric: IMetric,
  axis: 'step' | 'time',
  log: boolean
): IDrawnLine[] {
  return metric.lines.map(line => {
    const xs = axis === 'step' ? line.step : line.time;
    const order = xs.map((_, at) => at).sort((a, b) => xs[a] - xs[b] || a - b);
    const x: number[] = [];
    const y: (number | null)[] = [];
    for (const at of order) {
      const value = line.value[at];
      const drawn = value !== null && log && value <= 0 ? null : value;
      if (x.length > 0 && x[x.length - 1] === xs[at]) {
        y[y.length - 1] = drawn;
      } else {
        x.push(xs[at]);
        y.push(drawn);
      }
    }
    const { name, colour } = state.lines[line.line];
    return { name, colour, x, y, last: line.last };
  });
}

/** All points as a table with tabs between the columns. */
export function tsv(state: IChartState): string {
  const rows = ['metric\ttrial\trun_id\tstep\tseconds\tvalue'];
  for (const metric of state.metrics) {
    for (const line of metric.lines) {
      const { name, key } = state.lines[line.line];
      line.value.forEach((value, at) => {
        rows.push(
          [
            tableCell(metric.name),
            tableCell(name),
            key,
            line.step[at],
            line.time[at],
            value ?? 'NaN'
          ].join('\t')
        );
      });
    }
  }
  return rows.join('\n');
}
