import type { ComparedRow } from '../../contract';
import { asNumber } from '../../models/trialWords';
import { formatDuration, formatNumber } from '../../shared/format';

/** Which value of a metric a cell shows. */
export type Shown = 'last' | 'low' | 'high';

type Value = ComparedRow['values'][number];

/** How a value differs from the one of the baseline. */
export interface IDelta {
  /** `+0.012`. */
  change: string;
  /** `(+3.1 %)`; empty where it would say nothing. */
  share: string;
  /** Both. */
  text: string;
  /** Null: nobody knows which values are better, or it is the same. */
  verdict: 'better' | 'worse' | null;
  sign: -1 | 0 | 1;
}

const PERCENT = new Intl.NumberFormat(undefined, {
  maximumSignificantDigits: 2,
  signDisplay: 'always'
});
const MAX_PERCENT = 100_000;

/** The value of a trial that a row shows. */
export function shownValue(row: ComparedRow, at: number, shown: Shown): Value {
  if (row.kind !== 'metric' || shown === 'last') {
    return row.values[at] ?? null;
  }
  // NaN and infinities have no smallest and largest value: then the last is all there is.
  return (shown === 'low' ? row.lows : row.highs)[at] ?? row.values[at] ?? null;
}

/** The difference of two values; null where they are no numbers, or it would say nothing. */
export function deltaOf(
  row: ComparedRow,
  value: Value,
  baseline: Value
): IDelta | null {
  const a = asNumber(value);
  const b = asNumber(baseline);
  const isMoment = row.key === 'started' || row.key === 'ended';
  if (a === null || b === null || isMoment) {
    return null;
  }
  const difference = a - b;
  if (!Number.isFinite(difference)) {
    return null;
  }
  if (difference === 0) {
    return { change: '=', share: '', text: '=', verdict: null, sign: 0 };
  }
  const sign = difference > 0 ? 1 : -1;
  const share = (100 * difference) / Math.abs(b);
  const percent =
    b !== 0 && Math.abs(share) < MAX_PERCENT
      ? `(${PERCENT.format(share).replace('-', '−')} %)`
      : '';
  const size = Math.abs(difference);
  const text =
    row.key === 'duration' ? formatDuration(size) : formatNumber(brief(size));
  const isBetter = row.better === (sign > 0 ? 'higher' : 'lower');
  const change = `${sign > 0 ? '+' : '−'}${text}`;
  return {
    change,
    share: percent,
    text: `${change} ${percent}`.trim(),
    verdict: row.better === null ? null : isBetter ? 'better' : 'worse',
    sign
  };
}

/** Three digits, or all before the point: there is little room. */
function brief(size: number): number {
  return size >= 1000 ? Math.round(size) : Number(size.toPrecision(3));
}

/** The best value of a metric among some trials; null where nobody knows, or all are the same. */
export function bestOf(
  row: ComparedRow,
  places: readonly number[],
  shown: Shown
): number | null {
  if (row.better !== 'lower' && row.better !== 'higher') {
    return null;
  }
  let best: number | null = null;
  let isSame = true;
  for (const at of places) {
    const number = asNumber(shownValue(row, at, shown));
    if (number === null || !Number.isFinite(number)) {
      continue;
    }
    isSame &&= best === null || number === best;
    const isBetter: boolean =
      best === null || (row.better === 'lower' ? number < best : number > best);
    best = isBetter ? number : best;
  }
  return isSame ? null : best;
}
