import type { TranslationBundle } from '@jupyterlab/translation';
import { axisValues, markFormat, ticks } from './scales';
import type { IChartColumn } from './types';

/** A column of numbers with more different ones is grouped by ranges. */
const MAX_GROUPS = 20;
/** About as many ranges are made. */
const RANGES = 8;

/** Which group each trial is in. */
export interface IGroups {
  labels: readonly string[];
  /** Position of each trial's group; null: it has no value. */
  groups: readonly (number | null)[];
  notes: readonly string[];
}

/** Groups of trials with the same value; of very many different numbers, ranges. */
export function groupsOf(
  column: IChartColumn,
  trans: TranslationBundle
): IGroups {
  const axis = axisValues(column, trans);
  const { categories, extent, notes, places } = axis;
  if (categories) {
    return { labels: categories, groups: places, notes };
  }
  const numbers = [...new Set(places)]
    .filter((each): each is number => each !== null)
    .sort((a, b) => a - b);
  if (numbers.length <= MAX_GROUPS) {
    const write = distinct(numbers);
    const positions = new Map(numbers.map((each, index) => [each, index]));
    return {
      labels: numbers.map(write),
      groups: places.map(each => (each === null ? null : positions.get(each)!)),
      notes
    };
  }
  const edges = rangeEdges(extent!, RANGES);
  const write = markFormat(extent);
  return {
    labels: edges
      .slice(1)
      .map((edge, index) => `${write(edges[index])} – ${write(edge)}`),
    groups: places.map(each => (each === null ? null : binOf(each, edges))),
    notes
  };
}

/** Round edges of about `count` ranges that hold everything between two numbers. */
export function rangeEdges(
  [low, high]: readonly [number, number],
  count: number
): number[] {
  if (isOne([low, high])) {
    const half = Math.abs(low) / 2 || 0.5;
    return [low - half, high + half];
  }
  const inner = ticks(low, high, count);
  if (inner.length < 2) {
    return [low, high];
  }
  const step = inner[1] - inner[0];
  const exact = (value: number) => Number(value.toPrecision(12));
  const edges = inner[0] > low ? [exact(inner[0] - step), ...inner] : inner;
  const last = edges[edges.length - 1];
  return last < high ? [...edges, exact(last + step)] : edges;
}

/** Whether two numbers are so close that there are no marks between them. */
export function isOne([low, high]: readonly [number, number]): boolean {
  return high - low <= Math.max(Math.abs(low), Math.abs(high)) * 1e-12;
}

/** Position of the range that a value is in; an edge belongs to what comes after it, the last to the last. */
export function binOf(value: number, edges: readonly number[]): number {
  let low = 0;
  let high = edges.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Writes numbers with as few digits as tell them apart. */
function distinct(numbers: readonly number[]): (value: number) => string {
  const write = markFormat(
    numbers.length > 1 ? [numbers[0], numbers[numbers.length - 1]] : null
  );
  const isDistinct = new Set(numbers.map(write)).size === numbers.length;
  return isDistinct ? write : value => String(value);
}
