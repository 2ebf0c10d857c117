import type { Numbers } from './lineData';

/** Red, green, blue and opacity, each from 0 to 255. */
export type Rgba = readonly [number, number, number, number];

/** Where the points of a line are, in pixels from the top left. */
export interface IPlaced {
  x: Numbers;
  /** NaN: a gap. */
  y: Numbers;
  /** First and last position. */
  part: readonly [number, number];
  toX: (x: number) => number;
  toY: (y: number) => number;
}

/** How a line is drawn: colour, thickness in pixels, and opacity from 0 to 1. */
export interface IPen {
  colour: Rgba;
  size: number;
  alpha?: number;
}

/** Radius of a point without neighbours, in thicknesses of the line. */
const DOT = 2.5;
/** Covering less of a pixel than this is not seen. */
const LEAST = 1 / 512;

/**
 * Draws lines that go from left to right straight into pixels. A canvas takes
 * several times as long for each point, as it has to be ready for any shape.
 *
 * Column by column of pixels: how much of each pixel the pieces of a line cover
 * is added up, then it is coloured as much. The area that is covered is exact;
 * how it is spread over the pixels at the edge of a slope is not.
 */
export class LineRaster {
  /** Pixels; at least one each way. */
  constructor(
    readonly width: number,
    readonly height: number
  ) {
    this._data = new Uint8ClampedArray(4 * width * height);
    this._cover = new Float32Array(height);
    this._top = height;
  }

  /** Rows of pixels: red, green, blue, opacity. */
  get data(): Uint8ClampedArray<ArrayBuffer> {
    return this._data;
  }

  /** Show it, at the top left of a canvas: what was there is gone. */
  putOn(context: CanvasRenderingContext2D): void {
    const { data, width, height } = this;
    context.putImageData(new ImageData(data, width, height), 0, 0);
  }

  /** Draw a line whose places do not get smaller. */
  draw({ x, y, part, toX, toY }: IPlaced, pen: IPen): void {
    const [first, last] = part;
    this._begin(pen);
    let left = 0;
    let top = 0;
    let isGap = true;
    for (let at = first; at <= last; at++) {
      const value = y[at];
      if (value !== value) {
        isGap = true;
        continue;
      }
      const nextLeft = toX(x[at]);
      const nextTop = toY(value);
      if (!isGap) {
        this._piece(left, top, nextLeft, nextTop);
      } else if (at >= last || y[at + 1] !== y[at + 1]) {
        // A point between two gaps would not be seen.
        this._dot(nextLeft, nextTop);
      }
      isGap = false;
      left = nextLeft;
      top = nextTop;
    }
    this._end();
  }

  private _begin({ colour, size, alpha = 1 }: IPen): void {
    this._colour = colour;
    this._alpha = (alpha * colour[3]) / 255;
    this._size = size;
  }

  /** From one point to the next, through each column between them. */
  private _piece(x0: number, y0: number, x1: number, y1: number): void {
    const from = Math.max(0, Math.floor(x0));
    const to = Math.min(this.width - 1, Math.floor(x1));
    const slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0;
    for (let column = from; column <= to; column++) {
      const start = x0 > column ? x0 : column;
      const end = x1 < column + 1 ? x1 : column + 1;
      const isUpright = x1 <= x0;
      const above = y0 + (start - x0) * slope;
      const below = isUpright ? y1 : y0 + (end - x0) * slope;
      this._move(column);
      if (above < below) {
        this._cross(end - start, above, below);
      } else {
        this._cross(end - start, below, above);
      }
    }
  }

  /** What a piece within a column covers: as much as a straight one as long and as thick. */
  private _cross(across: number, above: number, below: number): void {
    const size = this._size;
    const rise = below - above;
    const share =
      (size * Math.sqrt(across * across + rise * rise)) / (rise + size);
    this._add(above - size / 2, below + size / 2, Math.min(1, share));
  }

  private _dot(x: number, y: number): void {
    const radius = DOT * this._size;
    const from = Math.max(0, Math.floor(x - radius));
    const to = Math.min(this.width - 1, Math.floor(x + radius));
    for (let column = from; column <= to; column++) {
      const away = column + 0.5 - x;
      const half = Math.sqrt(Math.max(0, radius * radius - away * away));
      this._move(column);
      this._add(y - half, y + half, 1);
    }
  }

  /** Cover a share of the column between two heights. */
  private _add(from: number, to: number, share: number): void {
    const { _cover: cover, height } = this;
    const first = from > 0 ? Math.floor(from) : 0;
    const last = to < height ? Math.floor(to) : height - 1;
    if (!(first <= last && first < height && to > 0)) {
      return;
    }
    this._top = Math.min(this._top, first);
    this._bottom = Math.max(this._bottom, last);
    const start = from > first ? from : first;
    const end = to < last + 1 ? to : last + 1;
    if (first === last) {
      cover[first] += share * (end - start);
      return;
    }
    cover[first] += share * (first + 1 - start);
    for (let row = first + 1; row < last; row++) {
      cover[row] += share;
    }
    cover[last] += share * (end - last);
  }

  private _move(column: number): void {
    if (column !== this._column) {
      this._end();
      this._column = column;
    }
  }

  /** Colour what is covered of a column. */
  private _end(): void {
    const { _cover: cover, _data: data, width } = this;
    const [red, green, blue] = this._colour;
    for (let row = this._top; row <= this._bottom; row++) {
      const alpha = Math.min(1, cover[row]) * this._alpha;
      cover[row] = 0;
      if (alpha < LEAST) {
        continue;
      }
      const at = 4 * (row * width + this._column);
      const before = data[at + 3] / 255;
      const after = alpha + before * (1 - alpha);
      const share = alpha / after;
      data[at] += (red - data[at]) * share;
      data[at + 1] += (green - data[at + 1]) * share;
      data[at + 2] += (blue - data[at + 2]) * share;
      data[at + 3] = 255 * after;
    }
    this._top = this.height;
    this._bottom = -1;
  }

  private _alpha = 1;
  private _bottom = -1;
  private _colour: Rgba = [0, 0, 0, 255];
  private _column = 0;
  /** How much of each pixel of the column is covered; may be more than all of it. */
  private readonly _cover: Float32Array;
  private readonly _data: Uint8ClampedArray<ArrayBuffer>;
  private _size = 1;
  /** Rows of the column that are covered. */
  private _top: number;
}

const known = new Map<string, Rgba>();

/** A CSS colour in numbers. Each that was asked for is kept: those of charts are few. */
export function rgbaOf(colour: string): Rgba {
  let found = known.get(colour);
  if (!found) {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, opacity] = context.getImageData(0, 0, 1, 1).data;
    found = [red, green, blue, opacity];
    known.set(colour, found);
  }
  return found;
}
