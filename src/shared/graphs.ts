/** A table of how often each label was taken for each. */
export interface IConfusionMatrix {
  type: 'ConfusionMatrix';
  title: string;
  labels: readonly string[];
  /** Rows are what was, columns what it was taken for. */
  counts: readonly (readonly number[])[];
}

/** A curve in the unit square. */
export interface ICurve {
  type: 'ROCCurve' | 'PrecisionRecallCurve';
  title: string;
  x: readonly number[];
  y: readonly number[];
  /** The area below it, or the average precision; null where it was not told. */
  score: number | null;
  /** Height of the line of who knows nothing; null: the diagonal. */
  chance: number | null;
}

export type Graph = IConfusionMatrix | ICurve;

/** Labels of a matrix that can be shown. */
export const MAX_LABELS = 60;

/** The graph that a tracker logged as a JSON document; null: it is none. */
export function readGraph(value: unknown): Graph | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const found = value as Record<string, unknown>;
  const title = typeof found['title'] === 'string' ? found['title'] : '';
  switch (found['type']) {
    case 'ConfusionMatrix':
      return readMatrix(found['confusionMatrix'], found['labels'], title);
    case 'ROCCurve':
      return readCurve('ROCCurve', title, {
        x: found['falsePositiveRate'],
        y: found['truePositiveRate'],
        score: found['areaUnderCurve'],
        chance: null
      });
    case 'PrecisionRecallCurve':
      return readCurve('PrecisionRecallCurve', title, {
        x: found['recall'],
        y: found['precision'],
        score: found['averagePrecisionScore'],
        chance: found['noSkill']
      });
    default:
      return null;
  }
}

function readMatrix(
  rows: unknown,
  labels: unknown,
  title: string
): IConfusionMatrix | null {
  if (!Array.isArray(rows) || !Array.isArray(labels)) {
    return null;
  }
  const size = labels.length;
  const isSquare =
    size > 0 &&
    rows.length === size &&
    rows.every(
      row => Array.isArray(row) && row.length === size && row.every(isFinite)
    );
  return isSquare
    ? {
        type: 'ConfusionMatrix',
        title,
        labels: labels.map(label => String(label).slice(0, 100)),
        counts: rows as number[][]
      }
    : null;
}

function readCurve(
  type: ICurve['type'],
  title: string,
  values: Record<'x' | 'y' | 'score' | 'chance', unknown>
): ICurve | null {
  const { x, y, score, chance } = values;
  if (!isUnit(x) || !isUnit(y) || x.length !== y.length || x.length === 0) {
    return null;
  }
  const number = (value: unknown) => (isFinite(value) ? value : null);
  return { type, title, x, y, score: number(score), chance: number(chance) };
}

function isFinite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isUnit(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every(each => isFinite(each) && each >= 0 && each <= 1)
  );
}
