import { COLOURS, dash } from '../chartTheme';
import { endOfSlice, inLaterTurn, outOfTurn } from '../turns';
import { positionAt } from './lineData';
import type { IDrawnLine, Numbers } from './lineData';
import { bandOf, pathOf, placer } from './linePaths';
import type { IPlotView } from './linePaths';

/** Lines up to which single points are marked. */
const MARKED_LINES = 12;
/**
 * Lines up to which dashes tell them apart and each is a little thicker; more
 * of them are one picture, and dashes cost more than all the rest.
 */
export const FEW_LINES = 24;
/** Points of lines from one look at the clock to the next. */
const BATCH = 5_000;
/** How strong lines are while others stand out. */
const FAINT = 0.22;

/** All lines as they are when none stands out. */
interface IPicture {
  view: IPlotView;
  lines: readonly IDrawnLine[];
  canvas: HTMLCanvasElement;
  /** Lines that are drawn. */
  drawn: number;
}

/**
 * Draws lines onto a picture of their own, so that only what stands out is drawn
 * when that changes. Many lines are drawn in several turns: the page is never
 * held up. Until they are done the picture before is shown, at its place.
 */
export class LineLayer {
  /** `colourOf`: CSS colour of a position in the list; `onDrawn`: there is another picture. */
  constructor(
    private readonly _colourOf: (colour: number) => string,
    private readonly _onDrawn: () => void
  ) {}

  /** Whether all is drawn. */
  get isDone(): boolean {
    return this._next === null;
  }

  dispose(): void {
    outOfTurn(this._goOn);
    this._next = this._shown = this._spare = null;
  }

  /** The same lines look different now. */
  renew(): void {
    this._isStale = true;
  }

  /** Draw lines where a plot draws itself; those of `over` stand out. */
  draw(
    target: CanvasRenderingContext2D,
    view: IPlotView,
    lines: readonly IDrawnLine[],
    over: readonly IDrawnLine[]
  ): void {
    const { bbox } = view;
    this._wanted = { view, lines };
    this._begin();
    target.save();
    target.beginPath();
    target.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    target.clip();
    target.globalAlpha = over.length > 0 ? FAINT : 1;
    const picture = this._shown ?? this._next;
    if (picture) {
      const place = placeOf(picture.view, view);
      if (place.every(each => Number.isFinite(each))) {
        target.drawImage(picture.canvas, ...place);
      }
    }
    over.forEach(line => this._stroke(target, view, line, lines.length, 2.5));
    target.restore();
  }

  /** Begin with what is wanted, where it is not there; a picture that was begun is ended before. */
  private _begin(): void {
    const { _next: next, _shown: shown, _wanted: wanted } = this;
    if (next || !wanted) {
      return;
    }
    const { lines, view } = wanted;
    const isThere = shown?.lines === lines && isSame(shown.view, view);
    if (isThere && !this._isStale) {
      return;
    }
    this._isStale = false;
    const canvas = this._spare ?? document.createElement('canvas');
    this._spare = null;
    // Which also makes it empty.
    canvas.width = Math.max(1, view.bbox.width);
    canvas.height = Math.max(1, view.bbox.height);
    this._next = { view, lines, canvas, drawn: 0 };
    if (this._work(this._next)) {
      // Not now: this is within uPlot's own drawing, and other charts have theirs.
      inLaterTurn(this._goOn);
    }
  }

  private readonly _goOn = (): boolean => {
    const next = this._next;
    if (next && !this._work(next)) {
      this._onDrawn();
      return false;
    }
    return next !== null;
  };

  /** Draw for a while. Whether there is more. */
  private _work(picture: IPicture): boolean {
    const { canvas, lines, view } = picture;
    const context = canvas.getContext('2d')!;
    const until = endOfSlice();
    const size = lines.length > FEW_LINES ? 1 : 1.5;
    context.setTransform(1, 0, 0, 1, -view.bbox.left, -view.bbox.top);
    while (picture.drawn < lines.length) {
      let points = 0;
      while (picture.drawn < lines.length && points < BATCH) {
        const line = lines[picture.drawn++];
        this._stroke(context, view, line, lines.length, size);
        points += line.x.length * (line.raw || line.low ? 2 : 1);
      }
      flush(canvas);
      if (picture.drawn < lines.length && performance.now() > until) {
        return true;
      }
    }
    this._spare = this._shown?.canvas ?? null;
    this._shown = picture;
    this._next = null;
    return false;
  }

  private _stroke(
    ctx: CanvasRenderingContext2D,
    view: IPlotView,
    line: IDrawnLine,
    lines: number,
    size: number
  ): void {
    const ratio = devicePixelRatio || 1;
    const toX = placer(view, 'x');
    const toY = placer(view, 'y');
    const { x, y, raw, low, high } = line;
    const [first, last] = visible(view, x);
    const isMarked = lines <= MARKED_LINES;
    ctx.lineJoin = 'bevel';
    ctx.strokeStyle = ctx.fillStyle = this._colourOf(line.colour);
    if (low && high) {
      ctx.globalAlpha = 0.18;
      ctx.fill(bandOf(x, low, high, first, last, toX, toY));
    }
    if (raw) {
      ctx.globalAlpha = 0.25;
      ctx.lineWidth = ratio;
      ctx.stroke(pathOf(x, raw, first, last, toX, toY, false));
    }
    ctx.globalAlpha = 1;
    ctx.lineWidth = size * ratio;
    const dashes = lines > FEW_LINES ? undefined : dash(line.dash * COLOURS);
    ctx.setLineDash((dashes ?? []).map(each => each * ratio));
    ctx.stroke(pathOf(x, y, first, last, toX, toY, isMarked));
    ctx.setLineDash([]);
  }

  private _isStale = false;
  /** What is being drawn. */
  private _next: IPicture | null = null;
  private _shown: IPicture | null = null;
  private _spare: HTMLCanvasElement | null = null;
  private _wanted: { view: IPlotView; lines: readonly IDrawnLine[] } | null =
    null;
}

/** First and last points that are drawn: one more on either side, so that lines go to the edge. */
function visible(view: IPlotView, x: Numbers): [number, number] {
  const { min, max } = view.scales.x;
  return [
    Math.max(0, positionAt(x, min ?? -Infinity) - 1),
    Math.min(x.length - 1, positionAt(x, max ?? Infinity) + 1)
  ];
}

function isSame(one: IPlotView, other: IPlotView): boolean {
  const isSameScale = (key: 'x' | 'y') =>
    one.scales[key].min === other.scales[key].min &&
    one.scales[key].max === other.scales[key].max;
  return (
    isSameScale('x') &&
    isSameScale('y') &&
    one.bbox.width === other.bbox.width &&
    one.bbox.height === other.bbox.height
  );
}

/** Where a picture of one view is in another: left, top, width and height. */
function placeOf(
  picture: IPlotView,
  view: IPlotView
): [number, number, number, number] {
  const { left, top, width, height } = view.bbox;
  if (isSame(picture, view)) {
    return [left, top, Math.max(1, width), Math.max(1, height)];
  }
  const toX = placer(view, 'x');
  const toY = placer(view, 'y');
  const { x, y } = picture.scales;
  const from = toX(x.min!);
  const above = toY(y.max!);
  return [from, above, toX(x.max!) - from, toY(y.min!) - above];
}

/** Have the browser draw now what it would draw later: only then the clock tells what it costs. */
function flush(canvas: HTMLCanvasElement): void {
  probe ??= document.createElement('canvas').getContext('2d');
  probe?.drawImage(canvas, 0, 0, 1, 1, 0, 0, 1, 1);
}

let probe: CanvasRenderingContext2D | null = null;
