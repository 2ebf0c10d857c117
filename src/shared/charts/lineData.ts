import type { IChartTrial } from './types';

/** Numbers in order; typed arrays where there are many. */
export type Numbers = ArrayLike<number>;

/** The history of one metric of one trial. Another object whenever any of it changes. */
export interface ISeries {
  runId: string;
  metric: string;
  /** Steps, or seconds; never falls. */
  x: Numbers;
  /** NaN where there is no finite value: the line has a gap there. */
  y: Numbers;
  /** Values that were logged. */
  count: number;
  /** Values that the points stand for. */
  shown: number;
  /** How many of all values were NaN or infinite. */
  notFinite: number;
}

/** What the x axis counts. */
export type LineAxis = 'step' | 'time' | 'relative' | 'metric';

/** How histories are drawn; a `LineChartSpec` is one. */
export interface ILineOptions {
  metrics: readonly string[];
  x?: LineAxis;
  /** With `x` of `metric`: which. */
  x_metric?: string | null;
  log_x?: boolean;
  log_y?: boolean;
  /** Weight of what came before in an exponential mean: 0 (none) to below 1. */
  smoothing?: number;
}

/** Trials that are drawn as one: their mean, and a band from the smallest to the largest. */
export interface ILineGroup {
  /** Unique among the groups. */
  label: string;
  colour: number;
  runIds: readonly string[];
}

/** A line as it is drawn. */
export interface IDrawnLine {
  /** Trials that it stands for: one, or those of a group. */
  runIds: readonly string[];
  metric: string;
  /** For the legend. */
  label: string;
  colour: number;
  /** Position in the list of dashes. */
  dash: number;
  x: Numbers;
  y: Numbers;
  /** Where `y` is smoothed, or without what a logarithmic axis cannot show: what was logged. */
  logged?: Numbers;
  isSmoothed: boolean;
  /** What is drawn faintly behind: `y` before it was smoothed. */
  raw?: Numbers;
  /** Edges of the band. */
  low?: Numbers;
  high?: Numbers;
}

/** Lines, and what they leave out. */
export interface IDrawing {
  lines: readonly IDrawnLine[];
  /** Values that were logged where the chart shows them, and points that stand for them. */
  values: number;
  points: number;
  notFinite: number;
  /** Values that a logarithmic axis cannot show. */
  notPositive: number;
}

/** Points of the mean of a group. */
const MOST_GROUPED = 1_000;

/** What is drawn of histories. */
export function toDrawing(
  series: readonly ISeries[],
  options: ILineOptions,
  trials: readonly IChartTrial[],
  groups?: readonly ILineGroup[]
): IDrawing {
  const byKey = new Map<string, ISeries>();
  for (const each of series) {
    byKey.set(JSON.stringify([each.runId, each.metric]), each);
  }
  const find = (runId: string, metric: string) =>
    byKey.get(JSON.stringify([runId, metric]));
  const isSeveral = options.metrics.length > 1;
  const drawing = {
    lines: [] as IDrawnLine[],
    values: 0,
    points: 0,
    notFinite: 0,
    notPositive: 0
  };
  const placed = (runId: string, metric: string): ILinePart | null => {
    const found = find(runId, metric);
    if (!found || found.x.length === 0) {
      return null;
    }
    drawing.values += found.shown;
    drawing.points += found.x.length;
    drawing.notFinite += found.notFinite;
    let part: ILinePart | null = found;
    if (options.x === 'metric') {
      const over = find(runId, options.x_metric ?? '');
      part = over ? joinedByStep(over, found) : null;
    }
    if (part && (options.log_x || options.log_y)) {
      const positive = onlyPositive(part, !!options.log_x, !!options.log_y);
      drawing.notPositive += positive.left;
      part = positive.part;
    }
    return part;
  };
  const add = (
    part: ILinePart | null,
    line: Pick<IDrawnLine, 'runIds' | 'metric' | 'label' | 'colour'>,
    place: number
  ) => {
    if (!part || part.x.length === 0) {
      return;
    }
    const weight = options.smoothing ?? 0;
    const isSmoothed = weight > 0;
    drawing.lines.push({
      ...line,
      label: isSeveral ? `${line.label} · ${line.metric}` : line.label,
      // Colours tell trials apart, so dashes tell metrics.
      dash: isSeveral ? place : Math.floor(line.colour / 8),
      ...part,
      y: isSmoothed ? smoothed(part.y, weight) : part.y,
      logged: part.logged ?? (isSmoothed ? part.y : undefined),
      isSmoothed,
      raw: isSmoothed && !part.low ? part.y : undefined
    });
  };
  options.metrics.forEach((metric, place) => {
    for (const { id, label, colour } of groups ? [] : trials) {
      add(placed(id, metric), { runIds: [id], metric, label, colour }, place);
    }
    for (const { label, colour, runIds } of groups ?? []) {
      const parts = runIds.flatMap(id => placed(id, metric) ?? []);
      const line = { runIds, metric, label, colour };
      add(parts.length > 0 ? groupOf(parts) : null, line, place);
    }
  });
  return drawing;
}

interface ILinePart {
  x: Numbers;
  y: Numbers;
  logged?: Numbers;
  low?: Numbers;
  high?: Numbers;
}

/**
 * An exponential mean without the pull of its beginning: each value is the mean
 * of those before it, the weights of which fall by `weight` from one to the next.
 */
export function smoothed(values: Numbers, weight: number): Float64Array {
  const found = new Float64Array(values.length);
  let sum = 0;
  let total = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value === value) {
      sum = sum * weight + value * (1 - weight);
      total = total * weight + (1 - weight);
      found[at] = sum / total;
    } else {
      found[at] = NaN;
    }
  }
  return found;
}

/**
 * Values over those of another metric at the same step, in the order of the
 * latter: a drawing goes from left to right. Between its steps the other metric
 * is on the straight line; before its first and after its last it is not known.
 */
export function joinedByStep(over: ISeries, values: ISeries): ILinePart {
  const pairs: [number, number][] = [];
  for (let at = 0; at < values.x.length; at++) {
    const x = interpolated(over.x, over.y, values.x[at]);
    if (x === x) {
      pairs.push([x, values.y[at]]);
    }
  }
  pairs.sort(([a], [b]) => a - b);
  return {
    x: Float64Array.from(pairs, ([x]) => x),
    y: Float64Array.from(pairs, ([, y]) => y)
  };
}

/** Without what a logarithmic axis cannot show, and how much that is. */
export function onlyPositive(
  part: ILinePart,
  isX: boolean,
  isY: boolean
): { part: ILinePart; left: number } {
  const kept: number[] = [];
  let left = 0;
  for (let at = 0; at < part.x.length; at++) {
    if (isX && !(part.x[at] > 0)) {
      left += 1;
    } else {
      kept.push(at);
    }
  }
  const x = Float64Array.from(kept, at => part.x[at]);
  const y = Float64Array.from(kept, at => part.y[at]);
  if (!isY || !y.some(value => value <= 0)) {
    return { part: { x, y }, left };
  }
  const positive = y.map(value => (value <= 0 ? NaN : value));
  left += y.filter(value => value <= 0).length;
  return { part: { x, y: positive, logged: y }, left };
}

/**
 * Mean, smallest and largest of several lines at all places of any of them. At
 * a place that one does not have it is on the straight line between its
 * neighbours; before its beginning and after its end it does not count. Where
 * not all places are kept, the edges hold what is between those that are.
 */
export function groupOf(parts: readonly ILinePart[]): ILinePart {
  const places = new Set<number>();
  for (const { x } of parts) {
    for (let at = 0; at < x.length; at++) {
      places.add(x[at]);
    }
  }
  let x = Float64Array.from(places).sort();
  const isThinned = x.length > MOST_GROUPED;
  if (isThinned) {
    const all = x;
    const step = (all.length - 1) / (MOST_GROUPED - 1);
    x = Float64Array.from(
      { length: MOST_GROUPED },
      (_, at) => all[Math.round(at * step)]
    );
  }
  const sum = new Float64Array(x.length);
  const count = new Float64Array(x.length);
  const low = new Float64Array(x.length).fill(Infinity);
  const high = new Float64Array(x.length).fill(-Infinity);
  for (const part of parts) {
    let from = 0;
    for (let at = 0; at < x.length; at++) {
      while (from + 1 < part.x.length && part.x[from + 1] <= x[at]) {
        from += 1;
      }
      const value = between(part.x, part.y, from, x[at]);
      if (value === value) {
        sum[at] += value;
        count[at] += 1;
        low[at] = Math.min(low[at], value);
        high[at] = Math.max(high[at], value);
      }
    }
  }
  if (isThinned) {
    parts.forEach(part => widen(part, x, low, high));
  }
  const gap = (values: Float64Array) =>
    values.map((value, at) => (count[at] > 0 ? value : NaN));
  return {
    x,
    y: sum.map((value, at) => (count[at] > 0 ? value / count[at] : NaN)),
    low: gap(low),
    high: gap(high)
  };
}

/** Make the edges at places hold all points of a line that are between two of them. */
function widen(
  part: ILinePart,
  x: Float64Array,
  low: Float64Array,
  high: Float64Array
): void {
  let at = 0;
  for (let point = 0; point < part.x.length; point++) {
    while (at + 1 < x.length && x[at + 1] <= part.x[point]) {
      at += 1;
    }
    const value = part.y[point];
    if (x[at] !== part.x[point] && value === value) {
      for (const edge of [at, at + 1]) {
        low[edge] = Math.min(low[edge], value);
        high[edge] = Math.max(high[edge], value);
      }
    }
  }
}

/** Position of the last place that is not beyond `place`; -1: all are. */
export function positionAt(x: Numbers, place: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] <= place) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

/** Position of the place that is next to `place`; -1: there is none. */
export function nearestAt(x: Numbers, place: number): number {
  const at = positionAt(x, place);
  const isNext =
    at + 1 < x.length && (at < 0 || x[at + 1] - place < place - x[at]);
  return isNext ? at + 1 : at;
}

/** On the straight line between neighbours; NaN outside. */
export function interpolated(x: Numbers, y: Numbers, place: number): number {
  return between(x, y, Math.max(0, positionAt(x, place)), place);
}

function between(x: Numbers, y: Numbers, from: number, place: number): number {
  if (x.length === 0 || place < x[from]) {
    return NaN;
  }
  if (x[from] === place) {
    return y[from];
  }
  if (from + 1 >= x.length) {
    return NaN;
  }
  const share = (place - x[from]) / (x[from + 1] - x[from]);
  return y[from] + share * (y[from + 1] - y[from]);
}
