/** A line of a chart. */
export interface ILine {
  /** What the line is, for the legend. */
  label: string;
  x: readonly number[];
  /** Null where there is no value: the line has a gap there. */
  y: readonly (number | null)[];
  /** Position in the list of colours; lines that mean the same share it. */
  colour: number;
}

/** Columns on one x axis: x, then a column a line. */
export type Columns = [number[], ...(number | null | undefined)[][]];

/**
 * Lines on one x axis that only grows, as a chart needs them.
 *
 * A point that a line does not have is undefined, which is no gap. `positive`
 * leaves out what a logarithmic axis cannot show.
 */
export function toColumns(lines: readonly ILine[], positive = false): Columns {
  const shown = lines.map(line => sorted(line, positive));
  if (shown.length === 1) {
    return [shown[0].x, shown[0].y];
  }
  if (shown.length > 1 && shown.every(({ x }) => isSame(x, shown[0].x))) {
    return [shown[0].x, ...shown.map(({ y }) => y)];
  }
  const all = new Set<number>();
  for (const { x } of shown) {
    for (const value of x) {
      all.add(value);
    }
  }
  const x = [...all].sort((a, b) => a - b);
  const rows = new Map(x.map((value, row) => [value, row]));
  const columns = shown.map(line => {
    const column = new Array<number | null | undefined>(x.length);
    line.x.forEach((value, index) => {
      column[rows.get(value)!] = line.y[index];
    });
    return column;
  });
  return [x, ...columns];
}

/**
 * The values as a table that spreadsheets take: tabs between columns. Of a line
 * with several values at one place each gets a row.
 */
export function toTable(axis: string, lines: readonly ILine[]): string {
  const places = new Map<number, (number | null)[][]>();
  lines.forEach(({ x, y }, line) =>
    x.forEach((place, index) => {
      const found = places.get(place) ?? lines.map(() => []);
      places.set(place, found);
      found[line].push(y[index]);
    })
  );
  const rows = [...places]
    .sort(([a], [b]) => a - b)
    .flatMap(([place, found]) =>
      Array.from(
        { length: Math.max(...found.map(({ length }) => length)) },
        (_, row) =>
          [place, ...found.map(values => values[row] ?? '')].join('\t')
      )
    );
  const names = [axis, ...lines.map(({ label }) => label)].map(tableCell);
  return [names.join('\t'), ...rows].join('\n') + '\n';
}

/** What a line amounts to; null when it has no value. */
export function summary(
  line: ILine
): { last: number | null; low: number; high: number } | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of line.y) {
    if (value !== null) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const last = line.y.length > 0 ? line.y[line.y.length - 1] : null;
  return low <= high ? { last, low, high } : null;
}

/**
 * Value of a line at a position of the x axis, or that of its last point before:
 * null for one that is no number, undefined before the line begins.
 */
export function valueAt(
  columns: Columns,
  line: number,
  position: number
): number | null | undefined {
  const column = columns[line + 1] ?? [];
  for (let at = position; at >= 0; at--) {
    if (column[at] !== undefined) {
      return column[at];
    }
  }
  return undefined;
}

function sorted(
  line: ILine,
  positive: boolean
): { x: number[]; y: (number | null)[] } {
  const x = [...line.x];
  let y = [...line.y];
  if (positive) {
    y = y.map(value => (value !== null && value > 0 ? value : null));
  }
  if (x.every((value, index) => index === 0 || x[index - 1] <= value)) {
    return { x, y };
  }
  const order = x.map((_, index) => index).sort((a, b) => x[a] - x[b]);
  return { x: order.map(at => x[at]), y: order.map(at => y[at]) };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/** A name that cannot be taken for more than one cell, nor for a formula. */
export function tableCell(text: string): string {
  const line = text.replace(/[\t\r\n]+/g, ' ');
  return /^[=+\-@]/.test(line) ? `'${line}` : line;
}

/**
 * Whether a part of the x values was dragged out: what is added then must not
 * move it. Charts that share a crosshair are zoomed without being told.
 */
export function isZoomed(
  x: ArrayLike<number>,
  min: number,
  max: number
): boolean {
  return x.length > 1 && (min > x[0] || max < x[x.length - 1]);
}
