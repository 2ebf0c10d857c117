import type { Completion } from '../../contract';

/** The server counts characters, the browser halves of those beyond the basic plane. */
export function toCharacters(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}

export function toUnits(text: string, characters: number): number {
  return [...text].slice(0, characters).join('').length;
}

/** A text with a part of it replaced, and where the caret is then. */
export function splice(
  text: string,
  start: number,
  end: number,
  insert: string
): { text: string; caret: number } {
  const rest = text.slice(end);
  const space = rest.startsWith(' ') || insert.endsWith('(') ? '' : ' ';
  const before = `${text.slice(0, start)}${insert}${space}`;
  const caret = before.length + (space === '' && rest.startsWith(' ') ? 1 : 0);
  return { text: before + rest, caret };
}

/**
 * What of the suggestions for an older text can stand in the one that was typed since: all in the place of the word that
 * grew, or shrank, there; none where more was typed than a word.
 */
export function rebase(
  completions: readonly Completion[],
  older: string,
  text: string
): readonly Completion[] {
  if (text === older) {
    return completions;
  }
  return completions.flatMap(each => {
    const start = toUnits(older, each.start);
    const rest = older.slice(toUnits(older, each.end));
    const end = text.length - rest.length;
    const isTyped =
      end >= start &&
      text.startsWith(older.slice(0, start)) &&
      text.endsWith(rest) &&
      !/[\s(),=!<>~]/.test(text.slice(start, end));
    return isTyped ? [{ ...each, end: toCharacters(text, end) }] : [];
  });
}

export const OPERATORS = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '~',
  '!~',
  'in',
  'not in',
  'is present',
  'is missing'
] as const;

export function takesValue(operator: string): boolean {
  return !operator.startsWith('is ');
}

export function takesList(operator: string): boolean {
  return operator === 'in' || operator === 'not in';
}

/** The values of a list as they are typed: with commas between them. */
export function readList(text: string): string[] {
  const found =
    text.match(/\s*(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^,]+)/g) ?? [];
  return found.map(each => each.trim()).filter(each => each !== '');
}
