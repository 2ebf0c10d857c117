import type { TranslationBundle } from '@jupyterlab/translation';
import { tableCell } from '../chartData';
import { formatClock, formatNumber } from '../format';
import { nearestAt, positionAt } from './lineData';
import type { IDrawing, IDrawnLine, ILineOptions, LineAxis } from './lineData';

/** Lines that a description speaks of. */
const MOST_TOLD = 8;

/**
 * The value of a line at a place: of its last point up to there; its last one without a place. Always one that was
 * logged (of a group: the mean of such), also where the line is smoothed or has a gap.
 */
export function valueOf(line: IDrawnLine, place: number | null): string {
  const y = line.logged ?? line.y;
  const last = line.x.length - 1;
  if (place === null) {
    return last < 0 ? '–' : formatNumber(y[last]);
  }
  if (last < 0 || place < line.x[0] || place > line.x[last]) {
    const at = nearestAt(line.x, place);
    // Rounding aside, a line has no value beyond its ends.
    return at >= 0 && line.x[at] === place ? formatNumber(y[at]) : '–';
  }
  return formatNumber(y[positionAt(line.x, place)]);
}

/** A place of the x axis in words. */
export function whereOf(
  place: number,
  axis: LineAxis,
  xMetric: string | null | undefined,
  trans: TranslationBundle
): string {
  switch (axis) {
    case 'step':
      return trans.__('step %1', place.toLocaleString());
    case 'time':
      return new Date(place * 1000).toLocaleString();
    case 'relative':
      return trans.__('after %1', formatClock(place));
    default:
      return `${xMetric ?? ''} ${formatNumber(place)}`;
  }
}

/** What the lines do not show. How many values there are is not said of those that are still being read. */
export function remarks(
  drawing: IDrawing,
  options: ILineOptions,
  trans: TranslationBundle,
  isPartial = false
): string[] {
  const { points, values, notFinite, notPositive } = drawing;
  const found: string[] = [];
  if (drawing.lines.some(({ isSmoothed }) => isSmoothed)) {
    found.push(trans.__('smoothed'));
  }
  if (points < values && !isPartial) {
    found.push(
      trans.__(
        '%1 of %2 values are drawn, the extremes among them',
        points.toLocaleString(),
        values.toLocaleString()
      )
    );
  }
  if (notFinite > 0) {
    found.push(
      trans._n(
        '%1 value is NaN or infinite',
        '%1 values are NaN or infinite',
        notFinite,
        notFinite.toLocaleString()
      )
    );
  }
  if (notPositive > 0) {
    found.push(
      trans._n(
        '%1 value that is not above zero is left out',
        '%1 values that are not above zero are left out',
        notPositive,
        notPositive.toLocaleString()
      )
    );
  }
  if (options.x === 'metric' && options.x_metric) {
    found.push(
      trans.__('joined by step, drawn in the order of %1', options.x_metric)
    );
  }
  return found;
}

/** The lines in words, for those who do not see them. */
export function summaryOf(
  lines: readonly IDrawnLine[],
  trans: TranslationBundle
): string {
  const parts = lines.slice(0, MOST_TOLD).map(line => {
    let low = Infinity;
    let high = -Infinity;
    const y = line.logged ?? line.y;
    for (let at = 0; at < y.length; at++) {
      const value = y[at];
      low = value < low ? value : low;
      high = value > high ? value : high;
    }
    const words =
      low <= high
        ? trans.__(
            'last %1, smallest %2, largest %3',
            valueOf(line, null),
            formatNumber(low),
            formatNumber(high)
          )
        : trans.__('no values');
    return `${line.label}: ${words}`;
  });
  if (lines.length > MOST_TOLD) {
    const more = lines.length - MOST_TOLD;
    parts.push(trans._n('%1 more line', '%1 more lines', more));
  }
  return parts.join('; ');
}

/** The points as a table that spreadsheets take, a row each: tabs between columns. Values are those that were logged. */
export function tableOf(
  lines: readonly IDrawnLine[],
  axis: LineAxis,
  xMetric: string | null | undefined
): string {
  const isBand = lines.some(({ low }) => low);
  const place = axis === 'metric' ? tableCell(xMetric ?? 'x') : axis;
  const isSmoothed = lines.some(each => each.isSmoothed);
  const rows = [
    [
      ...['line', 'metric', place, 'value'],
      ...(isSmoothed ? ['smoothed'] : []),
      ...(isBand ? ['low', 'high'] : [])
    ]
  ];
  for (const line of lines) {
    const names = [tableCell(line.label), tableCell(line.metric)];
    for (let at = 0; at < line.x.length; at++) {
      const numbers = [
        line.x,
        line.logged ?? line.y,
        line.isSmoothed ? line.y : undefined,
        line.low,
        line.high
      ].flatMap(each => (each ? String(each[at]) : []));
      rows.push([...names, ...numbers]);
    }
  }
  return rows.map(row => row.join('\t')).join('\n') + '\n';
}
