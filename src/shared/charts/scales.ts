import type { TranslationBundle } from '@jupyterlab/translation';
import { formatMark, formatNumber } from '../format';
import type { IChartColumn } from './types';

/** More different values than these are no categories when most are numbers. */
const MAX_CATEGORIES = 20;

/** Beyond this size, and below its inverse, axes of the chart library have no marks. */
const LARGEST = 1e100;

/** Values of a column as places on an axis. */
export interface IAxisValues {
  column: IChartColumn;
  isLog: boolean;
  /** In the order of the axis; null: it is an axis of numbers. */
  categories: readonly string[] | null;
  /** Numbers, or positions of categories; null where nothing can be shown. */
  places: readonly (number | null)[];
  /** Smallest and largest place; null where there is none. */
  extent: [number, number] | null;
  /** What cannot be shown, in words. */
  notes: readonly string[];
}

/** Read a column for an axis. What it cannot show is counted in the notes. */
export function axisValues(
  column: IChartColumn,
  trans: TranslationBundle,
  log = false
): IAxisValues {
  const categories = categoriesOf(column);
  const isLog = log && categories === null;
  const lost = { missing: 0, text: 0, infinite: 0, low: 0, extreme: 0 };
  const positions = new Map(categories?.map((each, index) => [each, index]));
  const places = column.values.map(value => {
    if (value === null) {
      lost.missing += 1;
    } else if (categories) {
      return positions.get(categoryOf(value)) ?? null;
    } else if (typeof value === 'string') {
      lost.text += 1;
    } else if (!Number.isFinite(value)) {
      lost.infinite += 1;
    } else if (isLog && value <= 0) {
      lost.low += 1;
    } else if (Math.abs(value) > LARGEST || (isLog && value < 1 / LARGEST)) {
      lost.extreme += 1;
    } else {
      return Math.abs(value) < 1 / LARGEST ? 0 : value;
    }
    return null;
  });
  const { label } = column;
  const notes = [
    lost.missing &&
      trans._n(
        '%1 trial without %2',
        '%1 trials without %2',
        lost.missing,
        label
      ),
    lost.infinite &&
      trans._n(
        '%1 NaN or infinite value of %2',
        '%1 NaN or infinite values of %2',
        lost.infinite,
        label
      ),
    lost.low &&
      trans._n(
        '%1 value of %2 that is not above 0',
        '%1 values of %2 that are not above 0',
        lost.low,
        label
      ),
    lost.extreme &&
      trans._n(
        '%1 value of %2 too large or too small to be drawn',
        '%1 values of %2 too large or too small to be drawn',
        lost.extreme,
        label
      ),
    lost.text &&
      trans._n(
        '%1 value of %2 that is no number',
        '%1 values of %2 that are no numbers',
        lost.text,
        label
      )
  ].filter((note): note is string => typeof note === 'string');
  return {
    column,
    isLog,
    categories,
    places,
    extent: extentOf(places),
    notes
  };
}

/** Smallest and largest; null where there is no number. */
export function extentOf(
  values: readonly (number | null)[]
): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value !== null && Number.isFinite(value)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : null;
}

/**
 * The different values of a column with texts, numbers first; null for a column
 * of numbers. A few texts among very many numbers do not make it categories.
 */
export function categoriesOf(column: IChartColumn): string[] | null {
  const texts = new Set<string>();
  const numbers = new Set<number>();
  for (const value of column.values) {
    if (typeof value === 'string') {
      texts.add(value);
    } else if (value !== null) {
      numbers.add(value);
    }
  }
  const isMostlyNumbers =
    numbers.size > texts.size && numbers.size + texts.size > MAX_CATEGORIES;
  if (texts.size === 0 || isMostlyNumbers) {
    return null;
  }
  const byCode = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const sorted = [...numbers].sort((a, b) => a - b).map(categoryOf);
  return [...new Set([...sorted, ...[...texts].sort(byCode)])];
}

/** A value as a category. */
export function categoryOf(value: number | string): string {
  return typeof value === 'string' ? value : formatNumber(value);
}

/** A value as people read it. */
export function shown(
  value: number | string | null | undefined,
  trans: TranslationBundle
): string {
  return value === null || value === undefined
    ? trans.__('none')
    : categoryOf(value);
}

/** Writes the marks of an axis with as many digits as tell them apart. */
export function markFormat(
  extent: readonly [number, number] | null
): (value: number) => string {
  const [low, high] = extent ?? [0, 0];
  const range = high - low;
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (!(range > 0) || size >= 1e6 || range < size * 1e-9 || size < 1e-3) {
    return formatMark;
  }
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(range / 20))));
  const format = new Intl.NumberFormat(undefined, {
    maximumFractionDigits: digits
  });
  return value => format.format(value === 0 ? 0 : value);
}

/** Round marks between two numbers, about `count`: 1, 2 or 5 times a power of ten apart. */
export function ticks(low: number, high: number, count = 5): number[] {
  const range = high - low;
  if (!(range > 0) || !Number.isFinite(range)) {
    return [low];
  }
  const rough = range / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(each => each * power).find(s => s >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12))
  );
}

/** Powers of ten between two positive numbers, at most about `count` of them. */
export function logTicks(low: number, high: number, count = 6): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 1) {
    return ticks(low, high).filter(each => each > 0);
  }
  const step = Math.ceil((last - first + 1) / count);
  const powers = [];
  for (let power = first; power <= last; power += step) {
    powers.push(Number(`1e${power}`));
  }
  return powers;
}

/** Where values lie between the ends of their scale, 0 to 1; one value: in the middle. */
export function fractions(axis: IAxisValues): (number | null)[] {
  const { extent, isLog, places } = axis;
  if (!extent) {
    return places.map(() => null);
  }
  const scale = isLog ? Math.log10 : (value: number) => value;
  const [low, high] = extent.map(scale);
  return places.map(place =>
    place === null
      ? null
      : high === low
        ? 0.5
        : // Halves: the distance between very large numbers is no number.
          (scale(place) / 2 - low / 2) / (high / 2 - low / 2)
  );
}
