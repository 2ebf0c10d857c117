import { dash } from '../chartTheme';
import type { Shape } from '../shapes';
import type { IGridColumn } from './source';
import type { IGridTheme } from './theme';

/** A box with a tick, or a dash where only some are (null). */
export function drawBox(
  gc: CanvasRenderingContext2D,
  x: number,
  y: number,
  isTicked: boolean | null,
  theme: IGridTheme
): void {
  const left = Math.round(x) - 6.5;
  const top = Math.round(y) - 6.5;
  gc.lineWidth = 1;
  if (isTicked === false) {
    gc.strokeStyle = theme.dim;
    gc.strokeRect(left, top, 12, 12);
    return;
  }
  gc.fillStyle = theme.accent;
  gc.fillRect(left - 0.5, top - 0.5, 13, 13);
  gc.strokeStyle = theme.background;
  gc.lineWidth = 2;
  gc.beginPath();
  if (isTicked) {
    gc.moveTo(left + 2.5, top + 6.5);
    gc.lineTo(left + 5, top + 9);
    gc.lineTo(left + 10, top + 3.5);
  } else {
    gc.moveTo(left + 3, top + 6);
    gc.lineTo(left + 9, top + 6);
  }
  gc.stroke();
}

/** Points at what is below a row. */
export function drawCaret(
  gc: CanvasRenderingContext2D,
  x: number,
  y: number,
  isOpen: boolean,
  colour: string
): void {
  gc.strokeStyle = colour;
  gc.lineWidth = 1.75;
  gc.beginPath();
  if (isOpen) {
    gc.moveTo(x - 4, y - 2);
    gc.lineTo(x, y + 2.5);
    gc.lineTo(x + 4, y - 2);
  } else {
    gc.moveTo(x - 2, y - 4);
    gc.lineTo(x + 2.5, y);
    gc.lineTo(x - 2, y + 4);
  }
  gc.stroke();
}

/** The line of a row as charts draw it. */
export function drawLine(
  gc: CanvasRenderingContext2D,
  x: number,
  y: number,
  position: number,
  colour: string
): void {
  gc.strokeStyle = colour;
  gc.lineWidth = 3;
  gc.setLineDash(dash(position) ?? []);
  gc.beginPath();
  gc.moveTo(x, y);
  gc.lineTo(x + 14, y);
  gc.stroke();
  gc.setLineDash([]);
}

/** Marks the best value of a column. */
export function drawStar(
  gc: CanvasRenderingContext2D,
  x: number,
  y: number,
  colour: string
): void {
  gc.fillStyle = colour;
  gc.beginPath();
  for (let point = 0; point < 10; point++) {
    const radius = point % 2 === 0 ? 5 : 2.1;
    const angle = (point * Math.PI) / 5 - Math.PI / 2;
    gc.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  gc.closePath();
  gc.fill();
}

/** Says that and how a column is sorted. */
export function drawSort(
  gc: CanvasRenderingContext2D,
  x: number,
  y: number,
  sort: NonNullable<IGridColumn['sort']>,
  theme: IGridTheme
): void {
  const up = sort.direction === 'ascending' ? -1 : 1;
  gc.fillStyle = theme.accent;
  gc.beginPath();
  gc.moveTo(x - 4, y - 2 * up);
  gc.lineTo(x + 4, y - 2 * up);
  gc.lineTo(x, y + 3 * up);
  gc.closePath();
  gc.fill();
  if (sort.position > 0) {
    gc.fillStyle = theme.dim;
    gc.textAlign = 'left';
    gc.font = theme.font;
    gc.fillText(String(sort.position), x + 6, y + 1);
  }
}

/** The sign of a state, as in lists: each differs from the others by its shape. */
export function drawShape(
  gc: CanvasRenderingContext2D,
  x: number,
  y: number,
  shape: Shape,
  theme: IGridTheme
): void {
  const ring = (from: number, to: number) => {
    gc.beginPath();
    gc.arc(x, y, 5, from, to);
    gc.stroke();
  };
  gc.lineWidth = 1.5;
  switch (shape) {
    case 'running':
      gc.strokeStyle = theme.line;
      ring(0, 2 * Math.PI);
      gc.lineWidth = 2;
      gc.strokeStyle = theme.accent;
      ring(-Math.PI / 2, Math.PI / 4);
      break;
    case 'done':
      gc.strokeStyle = theme.good;
      gc.lineWidth = 2;
      gc.beginPath();
      gc.moveTo(x - 5, y + 0.5);
      gc.lineTo(x - 1.5, y + 4);
      gc.lineTo(x + 5, y - 3.5);
      gc.stroke();
      break;
    case 'failed':
      gc.fillStyle = theme.bad;
      gc.beginPath();
      gc.arc(x, y, 6, 0, 2 * Math.PI);
      gc.fill();
      gc.fillStyle = theme.background;
      gc.fillRect(x - 0.9, y - 3.5, 1.8, 4.2);
      gc.fillRect(x - 0.9, y + 2, 1.8, 1.8);
      break;
    case 'stopped':
      gc.fillStyle = theme.dim;
      gc.fillRect(x - 4.5, y - 4.5, 9, 9);
      break;
    case 'stopping':
      gc.strokeStyle = theme.accent;
      ring(0, 2 * Math.PI);
      gc.fillStyle = theme.accent;
      gc.fillRect(x - 2, y - 2, 4, 4);
      break;
    default:
      gc.strokeStyle = theme.dim;
      for (let part = 0; part < 8; part++) {
        ring((part * Math.PI) / 4, (part * Math.PI) / 4 + 0.42);
      }
  }
}
