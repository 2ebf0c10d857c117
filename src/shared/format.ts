import type { TranslationBundle } from '@jupyterlab/translation';

// Made once: making one costs more than a table of numbers.
const WHOLE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const FIVE_DIGITS = new Intl.NumberFormat(undefined, {
  maximumSignificantDigits: 5
});
const THREE_DIGITS = new Intl.NumberFormat(undefined, {
  maximumSignificantDigits: 3
});

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** A duration in words: `41 s`, `1 m 12 s`, `2 h 5 m`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 1 && seconds > 0) {
    return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  }
  const parts: [number, string][] = [
    [Math.floor(whole / DAY), 'd'],
    [Math.floor((whole % DAY) / HOUR), 'h'],
    [Math.floor((whole % HOUR) / MINUTE), 'm'],
    [whole % MINUTE, 's']
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) {
    return '0 s';
  }
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** A running time as on a clock: `0:41`, `12:05`, `1:02:05`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % MINUTE)}`
    : `${minutes}:${two(whole % MINUTE)}`;
}

/** A moment as people say it: `now`, `3 min ago`, `yesterday`, `12 Mar`. */
export function formatAgo(
  time: number,
  now: number,
  trans: TranslationBundle
): string {
  const past = now - time;
  if (past < 10) {
    return trans.__('now');
  }
  if (past < MINUTE) {
    return trans.__('%1 s ago', Math.floor(past));
  }
  if (past < HOUR) {
    return trans.__('%1 min ago', Math.floor(past / MINUTE));
  }
  const then = new Date(time * 1000);
  const today = new Date(now * 1000);
  const days = Math.round((midnight(today) - midnight(then)) / (DAY * 1000));
  if (days === 0 || past < 6 * HOUR) {
    return trans.__('%1 h ago', Math.floor(past / HOUR));
  }
  if (days === 1) {
    return trans.__('yesterday');
  }
  if (days < 7) {
    return trans.__('%1 days ago', days);
  }
  return then.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    year: then.getFullYear() === today.getFullYear() ? undefined : 'numeric'
  });
}

/** The exact moment, for a tool tip. */
export function formatTime(time: number): string {
  return new Date(time * 1000).toLocaleString();
}

/** A size on disk in decimal units: `640 B`, `1.2 GB`. */
export function formatSize(bytes: number): string {
  return scaled(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** A size of memory in binary units: `512 MiB`, `1.5 GiB`. */
export function formatMemory(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

/** A measured number with sensible digits: `0.0123`, `48,210`, `1.2e-7`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞';
  }
  const size = Math.abs(value);
  if (value === 0) {
    return '0';
  }
  if (size < 1e-4 || size >= 1e15) {
    return value.toExponential(2).replace(/\.?0+e/, 'e');
  }
  if (size >= 10_000 || Number.isInteger(value)) {
    return WHOLE.format(value);
  }
  return (size >= 1 ? FIVE_DIGITS : THREE_DIGITS).format(value);
}

/** A parameter's text as it is, but fractions with sensible digits. */
export function formatParameter(text: string): string {
  const isFraction = /[.eE]/.test(text) && text.trim() !== '';
  return isFraction && Number.isFinite(Number(text))
    ? formatNumber(Number(text))
    : text;
}

/** A number beside an axis, where there is little room: `40,000`, `1.5e6`. */
export function formatMark(value: number): string {
  return Math.abs(value) >= 1e6 && Number.isFinite(value)
    ? value.toExponential(3).replace(/\.?0+e\+?/, 'e')
    : formatNumber(value);
}

/** A parameter's value on one line, cut to `width` characters. */
export function formatValue(value: unknown, width = 40): string {
  const text =
    typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
  const line = text.replace(/\s+/g, ' ');
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** Name of a file without its folders. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Folder of a file; empty when it lies at the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function scaled(bytes: number, base: number, units: readonly string[]): string {
  let value = bytes;
  let unit = 0;
  while (unit < units.length - 1 && Math.round(value * 10) / 10 >= base) {
    value /= base;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${Number(value.toFixed(digits))} ${units[unit]}`;
}

function midnight(date: Date): number {
  return new Date(
    date.getFullYear(),
    date.getMonth(),
    date.getDate()
  ).getTime();
}
