/**
 * What trials log as tables, matrices and curves, read with care: an artefact
 * may hold anything.
 */

/** How often each label (row) was taken for each (column). */
export interface IConfusionMatrix {
  labels: string[];
  matrix: number[][];
}

/** A curve between 0 and 1, as the points of a line. */
export interface ICurve {
  x: number[];
  y: number[];
  /** Area below it, or average precision; null where it is not recorded. */
  area: number | null;
  /** Precision of guessing; null for a curve that has none. */
  noSkill: number | null;
}

/** A table of texts. */
export interface ITable {
  columns: string[];
  rows: string[][];
  /** How many rows there are, with those that were left out. */
  total: number;
  totalColumns: number;
}

export const MOST_LABELS = 60;
export const MOST_ROWS = 500;
export const MOST_COLUMNS = 50;
/** Points of a curve that are drawn. */
export const MOST_POINTS = 2_000;
/** Characters of a cell. */
const LONGEST = 500;

/** Raised for what is not what it says. */
export class NotReadable extends Error {}

/** Read a confusion matrix. Raises `NotReadable`. */
export function readMatrix(text: string): IConfusionMatrix {
  const found = parsed(text);
  const rows = found['confusionMatrix'];
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new NotReadable('There is no matrix in it.');
  }
  const matrix = rows.map((row: unknown) => {
    if (!Array.isArray(row) || row.length !== rows.length) {
      throw new NotReadable('The matrix is not square.');
    }
    return row.map(value => number(value) ?? 0);
  });
  const given: unknown = found['labels'];
  const labels = rows.map((_, index) =>
    short(Array.isArray(given) ? (given[index] ?? index) : index)
  );
  return { labels, matrix };
}

/**
 * Matrices on the same labels: those of the first, then what others have more.
 * As many labels are kept as can be drawn; `total`: how many there are.
 */
export function alignMatrices(found: readonly (IConfusionMatrix | null)[]): {
  labels: string[];
  total: number;
  matrices: (number[][] | null)[];
} {
  const all = [...new Set(found.flatMap(each => each?.labels ?? []))];
  const labels = all.slice(0, MOST_LABELS);
  const matrices = found.map(each => {
    if (!each) {
      return null;
    }
    const place = new Map(each.labels.map((label, index) => [label, index]));
    return labels.map(row =>
      labels.map(column => {
        const [x, y] = [place.get(row), place.get(column)];
        return x === undefined || y === undefined ? 0 : each.matrix[x][y];
      })
    );
  });
  return { labels, total: all.length, matrices };
}

/** Each row as shares of its sum. */
export function shares(matrix: readonly (readonly number[])[]): number[][] {
  return matrix.map(row => {
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map(value => (sum > 0 ? value / sum : 0));
  });
}

/** Share of the diagonal; null for an empty matrix. */
export function accuracy(
  matrix: readonly (readonly number[])[]
): number | null {
  const sum = matrix.flat().reduce((total, value) => total + value, 0);
  const right = matrix.reduce((total, row, index) => total + row[index], 0);
  return sum > 0 ? right / sum : null;
}

/** Read a ROC or precision-recall curve. Raises `NotReadable`. */
export function readCurve(
  text: string,
  kind: 'roc_curve' | 'precision_recall'
): ICurve {
  const found = parsed(text);
  const [x, y, area] =
    kind === 'roc_curve'
      ? ['falsePositiveRate', 'truePositiveRate', 'areaUnderCurve']
      : ['recall', 'precision', 'averagePrecisionScore'];
  const [xs, ys]: unknown[] = [found[x], found[y]];
  if (!Array.isArray(xs) || !Array.isArray(ys) || xs.length !== ys.length) {
    throw new NotReadable('There is no curve in it.');
  }
  const points: [number, number][] = [];
  xs.forEach((value, index) => {
    const point = [number(value), number(ys[index])];
    if (point.every(each => each !== null && each >= 0 && each <= 1)) {
      points.push(point as [number, number]);
    }
  });
  if (points.length === 0) {
    throw new NotReadable('The curve has no points between 0 and 1.');
  }
  const drawn = thinned(points);
  return {
    x: drawn.map(([value]) => value),
    y: drawn.map(([, value]) => value),
    area: number(found[area]),
    noSkill: number(found['noSkill'])
  };
}

/** Every so many points, the last one always. */
function thinned<T>(points: readonly T[]): T[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter(
    (_, index) => index % every === 0 || index === points.length - 1
  );
}

/** Read a table: of a tracker, of MLflow, or delimited text. Raises `NotReadable`. */
export function readTable(text: string, path: string): ITable {
  if (/\.[ct]sv$/i.test(path)) {
    const delimiter = /\.tsv$/i.test(path) ? '\t' : ',';
    const { rows, total } = readDelimited(text, delimiter, MOST_ROWS + 1);
    if (rows.length === 0) {
      throw new NotReadable('The table is empty.');
    }
    return table(rows[0], rows.slice(1), Math.max(total - 1, 0));
  }
  const found = parsed(text);
  const { columns, data } = found;
  if (Array.isArray(columns) && Array.isArray(data)) {
    const rows = data
      .slice(0, MOST_ROWS)
      .map((row: unknown) => (Array.isArray(row) ? row.map(short) : []));
    return table(
      columns.slice(0, MOST_COLUMNS).map(short),
      rows,
      data.length,
      columns.length
    );
  }
  if (isObject(data)) {
    const names = Object.keys(data);
    const kept = names.slice(0, MOST_COLUMNS);
    const values = kept.map(name => {
      const column = data[name];
      return Array.isArray(column) ? (column as unknown[]) : [];
    });
    const total = Math.max(0, ...values.map(({ length }) => length));
    const rows = Array.from({ length: Math.min(total, MOST_ROWS) }, (_, row) =>
      values.map(column => short(column[row]))
    );
    return table(kept, rows, total, names.length);
  }
  throw new NotReadable('There is no table in it.');
}

function table(
  columns: string[],
  rows: string[][],
  total: number,
  totalColumns = columns.length
): ITable {
  const width = Math.min(columns.length, MOST_COLUMNS);
  return {
    columns: columns.slice(0, width),
    rows: rows
      .slice(0, MOST_ROWS)
      .map(row => Array.from({ length: width }, (_, at) => row[at] ?? '')),
    total,
    totalColumns
  };
}

/** Delimited text by RFC 4180; at most `most` rows are kept, all are counted. */
export function readDelimited(
  text: string,
  delimiter: string,
  most: number
): { rows: string[][]; total: number } {
  const rows: string[][] = [];
  let total = 0;
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  const endCell = () => {
    row.push(cell.slice(0, LONGEST));
    cell = '';
  };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0] !== '') {
      total += 1;
      if (rows.length < most) {
        rows.push(row);
      }
    }
    row = [];
  };
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (isQuoted) {
      if (character !== '"') {
        cell += character;
      } else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else {
        isQuoted = false;
      }
    } else if (character === '"' && cell === '') {
      isQuoted = true;
    } else if (character === delimiter) {
      endCell();
    } else if (character === '\n' || character === '\r') {
      if (character === '\r' && text[at + 1] === '\n') {
        at += 1;
      }
      endRow();
    } else {
      cell += character;
    }
  }
  if (cell !== '' || row.length > 0) {
    endRow();
  }
  return { rows, total };
}

/** Whether two cells say the same; numbers by their value. */
export function isSameCell(
  first: string | undefined,
  second: string | undefined
): boolean {
  if (first === second) {
    return true;
  }
  if (!first?.trim() || !second?.trim()) {
    return false;
  }
  return Number(first) === Number(second);
}

function parsed(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NotReadable('It is not JSON.');
  }
  if (!isObject(value)) {
    throw new NotReadable('It is not a document of the kind.');
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function short(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  const text =
    typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
