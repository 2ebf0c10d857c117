import type uPlot from 'uplot';
import type { IDrawnLine, Numbers } from './lineData';

/** Points of a line up to which each is marked. */
const MARKED_POINTS = 40;

/** Which part of the axes a plot shows, and where on its canvas. */
export interface IPlotView {
  readonly bbox: Readonly<Record<'left' | 'top' | 'width' | 'height', number>>;
  readonly scales: Readonly<
    Record<'x' | 'y', Readonly<Pick<uPlot.Scale, 'min' | 'max' | 'distr'>>>
  >;
}

/** What a plot shows now. */
export function viewOf({ bbox, scales }: uPlot): IPlotView {
  return {
    bbox: { ...bbox },
    scales: { x: { ...scales.x }, y: { ...scales.y } }
  };
}

/** From values to pixels of the canvas, without looking anything up for each. */
export function placer(
  view: IPlotView,
  key: 'x' | 'y'
): (value: number) => number {
  const { left, top, width, height } = view.bbox;
  const { min, max, distr } = view.scales[key];
  const isLog = distr === 3;
  const low = isLog ? Math.log10(min!) : min!;
  const high = isLog ? Math.log10(max!) : max!;
  const isX = key === 'x';
  const size = (isX ? width : -height) / (high - low || 1);
  const origin = isX ? left : top + height;
  return isLog
    ? value => origin + (Math.log10(value) - low) * size
    : value => origin + (value - low) * size;
}

export function pathOf(
  x: Numbers,
  y: Numbers,
  first: number,
  last: number,
  toX: (value: number) => number,
  toY: (value: number) => number,
  isMarked: boolean
): Path2D {
  const path = new Path2D();
  const size = 2 * (devicePixelRatio || 1);
  const areMarked = isMarked && last - first < MARKED_POINTS;
  let isGap = true;
  for (let at = first; at <= last; at++) {
    const value = y[at];
    if (value !== value) {
      isGap = true;
      continue;
    }
    const left = toX(x[at]);
    const top = toY(value);
    const isAlone = isGap && (at >= last || y[at + 1] !== y[at + 1]);
    if (areMarked || isAlone) {
      // A point between two gaps would not be seen.
      path.moveTo(left + size, top);
      path.arc(left, top, size, 0, 2 * Math.PI);
      path.moveTo(left, top);
    }
    if (isGap) {
      path.moveTo(left, top);
    } else if (areMarked) {
      path.moveTo(toX(x[at - 1]), toY(y[at - 1]));
      path.lineTo(left, top);
    } else {
      path.lineTo(left, top);
    }
    isGap = false;
  }
  return path;
}

export function bandOf(
  x: Numbers,
  low: Numbers,
  high: Numbers,
  first: number,
  last: number,
  toX: (value: number) => number,
  toY: (value: number) => number
): Path2D {
  const path = new Path2D();
  let from = first;
  for (let at = first; at <= last + 1; at++) {
    if (at <= last && low[at] === low[at]) {
      continue;
    }
    if (at > from) {
      path.moveTo(toX(x[from]), toY(high[from]));
      for (let place = from + 1; place < at; place++) {
        path.lineTo(toX(x[place]), toY(high[place]));
      }
      for (let place = at - 1; place >= from; place--) {
        path.lineTo(toX(x[place]), toY(low[place]));
      }
      path.closePath();
    }
    from = at + 1;
  }
  return path;
}

/** Pixels from the pointer to the piece of a line that begins at a point. */
export function segmentDistance(
  chart: uPlot,
  { x, y }: IDrawnLine,
  at: number,
  left: number,
  top: number
): number {
  if (at < 0 || at >= x.length || y[at] !== y[at]) {
    return Infinity;
  }
  const fromX = chart.valToPos(x[at], 'x');
  const fromY = chart.valToPos(y[at], 'y');
  if (at + 1 >= x.length || y[at + 1] !== y[at + 1]) {
    return Math.hypot(left - fromX, top - fromY);
  }
  const acrossX = chart.valToPos(x[at + 1], 'x') - fromX;
  const acrossY = chart.valToPos(y[at + 1], 'y') - fromY;
  const length = acrossX * acrossX + acrossY * acrossY || 1;
  const share = Math.max(
    0,
    Math.min(1, ((left - fromX) * acrossX + (top - fromY) * acrossY) / length)
  );
  return Math.hypot(
    left - fromX - share * acrossX,
    top - fromY - share * acrossY
  );
}
