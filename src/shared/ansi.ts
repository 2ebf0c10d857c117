import type { CSSProperties } from 'react';

/** A piece of text with one look. */
export interface ISegment {
  text: string;
  className?: string;
  style?: CSSProperties;
}

/** Characters of one line that are shown at most. */
const WIDEST = 10_000;

/** Longest list of codes in one sequence: a longer one is no colour, and taking it apart would take minutes. */
const MOST_CODES = 256;

const NAMES = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white'
];

interface ILook {
  fg: number | string | null;
  bg: number | string | null;
  bold: boolean;
  underline: boolean;
  inverse: boolean;
}

const PLAIN: ILook = {
  fg: null,
  bg: null,
  bold: false,
  underline: false,
  inverse: false
};

// Colours and other control sequences, operating system commands, lone controls.
const CONTROL =
  // eslint-disable-next-line no-control-regex
  /\x1b\[([0-9;:]*)([ -/]*[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]?|[\x00-\x08\x0b-\x1f\x7f]/g;

/** What a terminal would still show of a line that was overwritten in part. */
export function finalText(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  const last = text.lastIndexOf('\r');
  return last < 0 ? text : text.slice(last + 1);
}

/** The line without colours and control characters. */
export function stripAnsi(line: string): string {
  return finalText(line).replace(CONTROL, '');
}

/**
 * Split a line into pieces of one colour each.
 *
 * Only classes and colours come out of this, never markup: React escapes the
 * text. The classes are those of JupyterLab's own output area.
 */
export function parseAnsi(line: string): ISegment[] {
  const text = finalText(line);
  const segments: ISegment[] = [];
  let look = PLAIN;
  let start = 0;
  let length = 0;
  let shown = 0;
  const push = (end: number) => {
    const piece = text.slice(start, Math.min(end, start + WIDEST - length));
    if (piece) {
      length += piece.length;
      shown = start + piece.length;
      segments.push(toSegment(piece, look));
    }
  };
  CONTROL.lastIndex = 0;
  let match: RegExpExecArray | null;
  while (length < WIDEST && (match = CONTROL.exec(text))) {
    push(match.index);
    start = CONTROL.lastIndex;
    if (match[2] === 'm') {
      look = apply(look, match[1]);
    }
  }
  push(text.length);
  if (length >= WIDEST && stripAnsi(text.slice(shown)) !== '') {
    segments.push({ text: '…', className: 'jp-StudioLog-cut' });
  }
  return segments;
}

/** Mark the ranges `[start, end)` of the plain text in coloured pieces. */
export function highlight(
  segments: readonly ISegment[],
  ranges: readonly (readonly [number, number])[],
  className: string
): ISegment[] {
  const result: ISegment[] = [];
  let position = 0;
  for (const segment of segments) {
    const end = position + segment.text.length;
    let cursor = position;
    const take = (to: number, marked: boolean) => {
      if (to > cursor) {
        result.push({
          ...segment,
          text: segment.text.slice(cursor - position, to - position),
          className: marked
            ? `${segment.className ?? ''} ${className}`.trim()
            : segment.className
        });
        cursor = to;
      }
    };
    for (const [from, to] of ranges) {
      if (to > cursor && from < end) {
        take(Math.max(cursor, from), false);
        take(Math.min(end, to), true);
      }
    }
    take(end, false);
    position = end;
  }
  return result;
}

function toSegment(text: string, look: ILook): ISegment {
  const [fg, bg] = look.inverse ? [look.bg, look.fg] : [look.fg, look.bg];
  const classes: string[] = [];
  const style: CSSProperties = {};
  if (typeof fg === 'string') {
    style.color = fg;
  } else if (fg !== null) {
    classes.push(`ansi-${name(fg)}-fg`);
  } else if (look.inverse) {
    classes.push('ansi-default-inverse-fg');
  }
  if (typeof bg === 'string') {
    style.backgroundColor = bg;
  } else if (bg !== null) {
    classes.push(`ansi-${name(bg)}-bg`);
  } else if (look.inverse) {
    classes.push('ansi-default-inverse-bg');
  }
  if (look.bold) {
    classes.push('ansi-bold');
  }
  if (look.underline) {
    classes.push('ansi-underline');
  }
  return {
    text,
    className: classes.length > 0 ? classes.join(' ') : undefined,
    style: Object.keys(style).length > 0 ? style : undefined
  };
}

function name(index: number): string {
  return NAMES[index % 8] + (index >= 8 ? '-intense' : '');
}

function apply(before: ILook, codes: string): ILook {
  if (codes.length > MOST_CODES) {
    return before;
  }
  const look = { ...before };
  const queue = codes.split(/[;:]/).map(code => Number(code || '0'));
  while (queue.length > 0) {
    const code = queue.shift() ?? 0;
    if (code === 0) {
      Object.assign(look, PLAIN);
    } else if (code === 1 || code === 22) {
      look.bold = code === 1;
    } else if (code === 4 || code === 24) {
      look.underline = code === 4;
    } else if (code === 7 || code === 27) {
      look.inverse = code === 7;
    } else if (code >= 30 && code <= 37) {
      look.fg = code - 30;
    } else if (code === 38) {
      look.fg = extended(queue);
    } else if (code === 39) {
      look.fg = null;
    } else if (code >= 40 && code <= 47) {
      look.bg = code - 40;
    } else if (code === 48) {
      look.bg = extended(queue);
    } else if (code === 49) {
      look.bg = null;
    } else if (code >= 90 && code <= 97) {
      look.fg = code - 82;
    } else if (code >= 100 && code <= 107) {
      look.bg = code - 92;
    }
  }
  return look;
}

/** The colour after 38 or 48: `5;n` of 256, or `2;r;g;b`. */
function extended(queue: number[]): number | string | null {
  const kind = queue.shift();
  if (kind === 2) {
    const [r, g, b] = queue.splice(0, 3).map(byte);
    return b === undefined ? null : `rgb(${r}, ${g}, ${b})`;
  }
  if (kind !== 5) {
    return null;
  }
  const index = byte(queue.shift() ?? 0);
  if (index < 16) {
    return index;
  }
  if (index >= 232) {
    const grey = (index - 232) * 10 + 8;
    return `rgb(${grey}, ${grey}, ${grey})`;
  }
  const level = (value: number) => (value === 0 ? 0 : value * 40 + 55);
  const cube = index - 16;
  const red = level(Math.floor(cube / 36));
  const green = level(Math.floor(cube / 6) % 6);
  return `rgb(${red}, ${green}, ${level(cube % 6)})`;
}

function byte(value: number): number {
  return Number.isFinite(value) ? Math.min(255, Math.max(0, value)) : 0;
}
