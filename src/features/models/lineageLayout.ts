/**
 * Where the nodes of a lineage are drawn: in columns from left to right, so
 * that every edge leads to the right, in an order with few crossings.
 *
 * The layered method of Sugiyama, Tagawa and Toda (1981) in its plainest form:
 * longest paths, then means of neighbours. Lineage has no circles, few layers
 * and at most some hundred nodes.
 */

export interface ILayoutEdge {
  source: string;
  target: string;
}

export interface IPlace {
  /** Number of the column. */
  layer: number;
  x: number;
  /** Of the upper edge of the node. */
  y: number;
}

export interface ILayout {
  places: Map<string, IPlace>;
  /** Keys of each column from top to bottom. */
  layers: string[][];
  width: number;
  height: number;
}

export const NODE_WIDTH = 208;
export const NODE_HEIGHT = 44;
const GAP_X = 72;
const GAP_Y = 16;
const MARGIN = 24;
const SWEEPS = 6;

/** Places for nodes; edges that make a circle are left out of account. */
export function layOut(
  keys: readonly string[],
  edges: readonly ILayoutEdge[]
): ILayout {
  const sources = new Map<string, string[]>(keys.map(key => [key, []]));
  const targets = new Map<string, string[]>(keys.map(key => [key, []]));
  for (const { source, target } of edges) {
    if (sources.has(source) && sources.has(target) && source !== target) {
      sources.get(target)!.push(source);
      targets.get(source)!.push(target);
    }
  }
  const layers = columns(keys, sources, targets);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    const order = isDown ? layers : [...layers].reverse();
    const beside = isDown ? sources : targets;
    sort(order, beside, ranks(layers));
  }
  return place(layers, sources, targets);
}

/** The column of each: as far right as its sources need, and no further left than its targets allow. */
function columns(
  keys: readonly string[],
  sources: Map<string, string[]>,
  targets: Map<string, string[]>
): string[][] {
  const layer = new Map<string, number>();
  const missing = new Map(keys.map(key => [key, sources.get(key)!.length]));
  const waiting = keys.filter(key => missing.get(key) === 0);
  const sorted: string[] = [];
  for (const key of waiting) {
    sorted.push(key);
    const from = sources.get(key)!.map(each => layer.get(each) ?? -1);
    layer.set(key, Math.max(-1, ...from) + 1);
    for (const target of targets.get(key)!) {
      missing.set(target, missing.get(target)! - 1);
      if (missing.get(target) === 0) {
        waiting.push(target);
      }
    }
  }
  // What is in a circle has no place of its own: put it behind all others.
  const last = Math.max(0, ...layer.values()) + 1;
  keys.filter(key => !layer.has(key)).forEach(key => layer.set(key, last));
  for (const key of sorted.reverse()) {
    const nearest = Math.min(
      ...targets.get(key)!.map(each => layer.get(each)!)
    );
    if (sources.get(key)!.length === 0 && Number.isFinite(nearest)) {
      layer.set(key, Math.max(0, nearest - 1));
    }
  }
  const found: string[][] = [];
  for (const key of keys) {
    (found[layer.get(key)!] ??= []).push(key);
  }
  return found.filter(Boolean);
}

function ranks(layers: readonly string[][]): Map<string, number> {
  const found = new Map<string, number>();
  for (const layer of layers) {
    layer.forEach((key, index) => found.set(key, (index + 0.5) / layer.length));
  }
  return found;
}

/** Order each column by the mean place of the neighbours on one side. */
function sort(
  layers: readonly string[][],
  beside: Map<string, string[]>,
  rank: Map<string, number>
): void {
  for (const layer of layers) {
    const wanted = new Map(
      layer.map(key => {
        const near = beside.get(key)!;
        const own = rank.get(key)!;
        return [key, near.length > 0 ? mean(near.map(e => rank.get(e)!)) : own];
      })
    );
    layer.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
    layer.forEach((key, index) => rank.set(key, (index + 0.5) / layer.length));
  }
}

/** Heights: each node as near to the middle of its neighbours as the others of its column let it. */
function place(
  layers: string[][],
  sources: Map<string, string[]>,
  targets: Map<string, string[]>
): ILayout {
  const step = NODE_HEIGHT + GAP_Y;
  const y = new Map<string, number>();
  const longest = Math.max(1, ...layers.map(layer => layer.length));
  for (const layer of layers) {
    const first = ((longest - layer.length) * step) / 2;
    layer.forEach((key, index) => y.set(key, first + index * step));
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      const beside = isDown ? sources : targets;
      const wanted = layer.map(key => {
        const near = beside.get(key)!;
        return near.length > 0 ? mean(near.map(e => y.get(e)!)) : y.get(key)!;
      });
      const found: number[] = [];
      wanted.forEach((each, index) => {
        found.push(index > 0 ? Math.max(each, found[index - 1] + step) : each);
      });
      // Pushed down only, a column would lie too low.
      const shift = mean(wanted) - mean(found);
      layer.forEach((key, index) => y.set(key, found[index] + shift));
    }
  }
  const top = Math.min(0, ...y.values());
  const places = new Map<string, IPlace>();
  layers.forEach((layer, index) => {
    const x = MARGIN + index * (NODE_WIDTH + GAP_X);
    for (const key of layer) {
      places.set(key, { layer: index, x, y: MARGIN + y.get(key)! - top });
    }
  });
  const bottom = Math.max(0, ...[...places.values()].map(each => each.y));
  const width = layers.length * (NODE_WIDTH + GAP_X) - GAP_X + 2 * MARGIN;
  return { places, layers, width, height: bottom + NODE_HEIGHT + MARGIN };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}

/** The line of an edge: leaves to the right, arrives from the left. */
export function pathOf(from: IPlace, to: IPlace): string {
  const x1 = from.x + NODE_WIDTH;
  const y1 = from.y + NODE_HEIGHT / 2;
  const x2 = to.x;
  const y2 = to.y + NODE_HEIGHT / 2;
  const bend = Math.max(GAP_X / 2, (x2 - x1) / 2);
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
