import { interpolated, positionAt } from './lineData';
import type { IDrawnLine } from './lineData';

/** First and last place of all lines; nulls: there is none. */
export function extentOf(
  lines: readonly IDrawnLine[]
): [number, number] | [null, null] {
  let low = Infinity;
  let high = -Infinity;
  for (const { x } of lines) {
    if (x.length > 0) {
      low = Math.min(low, x[0]);
      high = Math.max(high, x[x.length - 1]);
    }
  }
  return low <= high ? [low, high] : [null, null];
}

/** Smallest and largest of what is drawn between two places (null: to the end); nulls: nothing is. */
export function valuesBetween(
  lines: readonly IDrawnLine[],
  low: number | null,
  high: number | null
): [number, number] | [null, null] {
  let smallest = Infinity;
  let largest = -Infinity;
  for (const line of lines) {
    const first = positionAt(line.x, low ?? -Infinity) + 1;
    const last = positionAt(line.x, high ?? Infinity);
    for (const values of [line.y, line.raw, line.low, line.high]) {
      if (!values) {
        continue;
      }
      for (let at = first; at <= last; at++) {
        const value = values[at];
        smallest = value < smallest ? value : smallest;
        largest = value > largest ? value : largest;
      }
      for (const edge of [low, high]) {
        const value = edge === null ? NaN : interpolated(line.x, values, edge);
        smallest = value < smallest ? value : smallest;
        largest = value > largest ? value : largest;
      }
    }
  }
  return smallest <= largest ? [smallest, largest] : [null, null];
}
