import type { FilterCondition } from '../../contract';

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

/** The filter that says that all of these hold. */
export function writeConditions(
  conditions: readonly FilterCondition[]
): string {
  return conditions.map(writeCondition).join(' and ');
}

function writeCondition({ key, operator, values }: FilterCondition): string {
  if (!takesValue(operator)) {
    return `${key} ${operator}`;
  }
  if (takesList(operator)) {
    return `${key} ${operator} (${values.map(writeValue).join(', ')})`;
  }
  return `${key} ${operator} ${writeValue(values[0] ?? '')}`;
}

/** Numbers, times and texts in quotes stay as they are; anything else is a text. */
export function writeValue(value: string): string {
  const text = value.trim();
  const isWritten =
    /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ||
    /^-?\d+(\.\d+)?[wdhms]$/.test(text) ||
    /^\d{4}-\d\d-\d\d(T[\d:.+-]+Z?)?$/.test(text) ||
    /^(true|false|nan|inf|-inf|today|yesterday)$/i.test(text) ||
    /^"(\\.|[^"\\])*"$/.test(text) ||
    /^'(\\.|[^'\\])*'$/.test(text);
  return isWritten
    ? text
    : `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;
}

/** The values of a list as they are typed: with commas between them. */
export function readList(text: string): string[] {
  const found = text.match(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|[^,]+/g) ?? [];
  return found.map(each => each.trim()).filter(each => each !== '');
}
