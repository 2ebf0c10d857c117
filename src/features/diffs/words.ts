import { diffArrays } from 'diff';
import type { TextBlock } from '../../contract';

/** A stretch of a line; `changed`: the other line has not got it. */
export interface IPiece {
  text: string;
  changed: boolean;
}

/** Longer lines are marked as a whole: their words would take long. */
export const LONGEST = 1_000;
/** Share of a line that may differ for its words to be marked: else marks say nothing. */
const MOST_CHANGED = 0.7;

/** A number is one word, and so is a name: a changed value is marked as a whole. */
const WORD =
  /\d+(?:,\d{3})*(?:\.\d*)?(?:[eE][+-]?\d+)?|[\p{L}\p{N}_]+|\s+|[^]/gu;

/** The words in which two lines differ; null where they have too little in common. */
export function changedWords(
  first: string,
  second: string
): [IPiece[], IPiece[]] | null {
  if (first.length > LONGEST || second.length > LONGEST) {
    return null;
  }
  const sides: [IPiece[], IPiece[]] = [[], []];
  const changed = [0, 0];
  const tokens = [first, second].map(line => line.match(WORD) ?? []);
  for (const part of diffArrays(tokens[0], tokens[1])) {
    const isChanged = part.added || part.removed;
    const text = part.value.join('');
    if (!part.added) {
      sides[0].push({ text, changed: isChanged });
      changed[0] += isChanged ? text.length : 0;
    }
    if (!part.removed) {
      sides[1].push({ text, changed: isChanged });
      changed[1] += isChanged ? text.length : 0;
    }
  }
  const share = Math.max(
    changed[0] / Math.max(first.length, 1),
    changed[1] / Math.max(second.length, 1)
  );
  return share > MOST_CHANGED ? null : sides;
}

/** Which lines of a removed block and the added one behind it belong together: those at the same place. */
export function wordsOf(
  removed: TextBlock,
  added: TextBlock
): [(IPiece[] | null)[], (IPiece[] | null)[]] {
  const one: (IPiece[] | null)[] = removed.lines.map(() => null);
  const other: (IPiece[] | null)[] = added.lines.map(() => null);
  const pairs = Math.min(one.length, other.length, MOST_PAIRS);
  for (let line = 0; line < pairs; line++) {
    const found = changedWords(removed.lines[line], added.lines[line]);
    if (found) {
      [one[line], other[line]] = found;
    }
  }
  return [one, other];
}

const MOST_PAIRS = 200;
