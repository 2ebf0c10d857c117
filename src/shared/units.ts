const SIZE = /^\s*(\d+(?:\.\d*)?|\.\d+)\s*(?:([kmgt])(i?)(b?)|b|bytes)?\s*$/i;
const POWERS = ['k', 'm', 'g', 't'];
const PART = /\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)\s*/iy;
const SECONDS: Record<string, number> = {
  s: 1,
  sec: 1,
  second: 1,
  m: 60,
  min: 60,
  minute: 60,
  h: 3600,
  hr: 3600,
  hour: 3600,
  d: 86400,
  day: 86400,
  w: 604800,
  week: 604800
};

/**
 * Bytes in a text such as `512MiB`, `2 GiB`, `1.5 GB`, or null.
 *
 * A letter alone and `KiB, MiB, …` are powers of 1024, `kB, MB, …` of 1000,
 * as the server reads them.
 */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text);
  if (!match) {
    return null;
  }
  const [, number, letter, binary, byte] = match;
  const base = byte && !binary ? 1000 : 1024;
  const power = letter ? POWERS.indexOf(letter.toLowerCase()) + 1 : 0;
  const bytes = Math.floor(Number(number) * base ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Seconds in a text such as `90s`, `15min`, `1h30m`, `2 days`, or null. */
export function parseDuration(text: string): number | null {
  if (text.trim() === '') {
    return null;
  }
  const parts: [number, string][] = [];
  PART.lastIndex = 0;
  let end = 0;
  while (end < text.length) {
    const match = PART.exec(text);
    if (!match) {
      return null;
    }
    parts.push([Number(match[1]), match[2].toLowerCase()]);
    end = PART.lastIndex;
  }
  if (parts.length > 1 && parts.some(([, unit]) => unit === '')) {
    return null;
  }
  let total = 0;
  for (const [count, unit] of parts) {
    const singular = unit.length > 1 ? unit.replace(/s$/, '') : unit;
    const factor = unit === '' ? 1 : SECONDS[singular];
    if (factor === undefined) {
      return null;
    }
    total += count * factor;
  }
  return Number.isFinite(total) ? total : null;
}
