import type { IDrawnLine } from './lineData';
import type { ILineCursor, LinePlot } from './linePlot';

/** Where a key leads: along a line, from line to line, nearer or farther; undefined: nowhere. */
export function moved(
  event: React.KeyboardEvent,
  lines: readonly IDrawnLine[],
  at: ILineCursor | null,
  plot: LinePlot | null
): ILineCursor | null | 'select' | 'zoom' | undefined {
  const current = Math.min(at?.near[0] ?? 0, lines.length - 1);
  const { x } = lines[current];
  const last = x.length - 1;
  let index = last;
  if (at) {
    index = 0;
    while (index < last && x[index] < at.place) {
      index += 1;
    }
  }
  const to = (line: number, place: number): ILineCursor => ({
    place,
    left: 0,
    top: 0,
    near: [line]
  });
  switch (event.key) {
    case 'ArrowLeft':
      return to(current, x[at ? Math.max(0, index - 1) : last]);
    case 'ArrowRight':
      return to(current, x[at ? Math.min(last, index + 1) : last]);
    case 'Home':
      return to(current, x[0]);
    case 'End':
      return to(current, x[last]);
    case 'ArrowDown':
    case 'ArrowUp': {
      const step = event.key === 'ArrowDown' ? 1 : lines.length - 1;
      const next = at ? (current + step) % lines.length : 0;
      return to(next, at ? at.place : lines[next].x[lines[next].x.length - 1]);
    }
    case 'Enter':
    case ' ':
      return 'select';
    case 'Escape':
      return null;
    case '+':
    case '=':
    case '-':
    case '0': {
      const range = plot?.range;
      if (!plot || !range) {
        return undefined;
      }
      if (event.key === '0') {
        plot.zoom(null);
        return 'zoom';
      }
      const middle = at?.place ?? (range[0] + range[1]) / 2;
      const factor = event.key === '-' ? 2 : 0.5;
      plot.zoomBy(factor, middle);
      return 'zoom';
    }
    default:
      return undefined;
  }
}
