import type uPlot from 'uplot';
import { nearestAt, positionAt } from './lineData';
import type { IDrawnLine } from './lineData';
import { segmentDistance } from './linePaths';

/** How far from a line the pointer counts as on it, in CSS pixels: as wide as a finger. */
const REACH = 24;

/** Positions of the lines at a place of the plot, in CSS pixels; the next one first. */
export function linesAt(
  chart: uPlot,
  lines: readonly IDrawnLine[],
  left: number,
  top: number
): number[] {
  const x = chart.posToVal(left, 'x');
  const found: [number, number][] = [];
  lines.forEach((line, index) => {
    const at = positionAt(line.x, x);
    const distance = Math.min(
      ...[at - 1, at, at + 1].map(from =>
        segmentDistance(chart, line, from, left, top)
      )
    );
    if (distance <= REACH) {
      found.push([distance, index]);
    }
  });
  return found.sort(([a], [b]) => a - b).map(([, index]) => index);
}

/** The place of a point of any line that is next to a place of the axis; that place itself where there is none. */
export function placeNextTo(lines: readonly IDrawnLine[], x: number): number {
  let best = NaN;
  for (const line of lines) {
    const at = nearestAt(line.x, x);
    const place = at < 0 ? NaN : line.x[at];
    if (!(Math.abs(place - x) >= Math.abs(best - x))) {
      best = place === place ? place : best;
    }
  }
  return best === best ? best : x;
}
