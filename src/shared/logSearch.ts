import { stripAnsi } from './ansi';

/** Where a searched text stands. */
export interface IMatch {
  line: number;
  start: number;
  end: number;
}

/** Matches that are counted at most. */
export const MOST_MATCHES = 10_000;

/** All places of a text in the lines as they are shown; case is ignored. */
export function findMatches(lines: readonly string[], query: string): IMatch[] {
  const wanted = query.toLowerCase();
  const found: IMatch[] = [];
  if (!wanted) {
    return found;
  }
  for (let line = 0; line < lines.length; line++) {
    const text = stripAnsi(lines[line]).toLowerCase();
    let start = text.indexOf(wanted);
    while (start >= 0) {
      found.push({ line, start, end: start + wanted.length });
      if (found.length >= MOST_MATCHES) {
        return found;
      }
      start = text.indexOf(wanted, start + wanted.length);
    }
  }
  return found;
}
