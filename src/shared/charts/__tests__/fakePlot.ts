import type { ISeries } from '../lineData';

type Hook = (chart: unknown, key?: string) => void;
type Range = (
  chart: unknown,
  low: number | null,
  high: number | null
) => number[];

interface IOptions {
  scales: Record<'x' | 'y', { distr: number; time?: boolean; range: Range }>;
  axes: { values: (...args: unknown[]) => string[] }[];
  cursor: { sync?: { key: string } };
  hooks: Record<string, Hook[]>;
}

/** Draws nothing: jsdom has no canvas. Its scales are those of the real one. */
export class FakePlot {
  static made: FakePlot[] = [];
  static rangeNum = (low: number, high: number) => [low, high];
  static rangeLog = (low: number, high: number) => [low, high];

  constructor(
    readonly options: IOptions,
    public data: number[][],
    node: HTMLElement
  ) {
    node.appendChild(this.over);
    FakePlot.made.push(this);
    this._autoscale();
    options.hooks.ready.forEach(hook => hook(this));
  }

  readonly over = document.createElement('div');
  readonly ctx = { canvas: document.createElement('canvas') };
  readonly cursor = { left: -10, top: -10 };
  readonly scales: Record<string, { min: number; max: number }> = {
    x: { min: NaN, max: NaN },
    y: { min: 0, max: 10 }
  };
  width = 300;
  height = 220;
  redraws = 0;
  isDestroyed = false;

  /** A pixel is a hundredth of what is shown. */
  valToPos(value: number, key: string): number {
    const { min, max } = this.scales[key];
    const share = (value - min) / (max - min);
    return 100 * (key === 'x' ? share : 1 - share);
  }
  posToVal(place: number, key: string): number {
    const { min, max } = this.scales[key];
    const share = key === 'x' ? place / 100 : 1 - place / 100;
    return min + share * (max - min);
  }
  setData(data: number[][], isReset = true): void {
    this.data = data;
    if (isReset) {
      this._autoscale();
    }
  }
  setScale(key: string, { min, max }: { min: number; max: number }): void {
    const [low, high] = this.options.scales.x.range(this, min, max);
    this.scales[key] = { min: low, max: high };
    this._range();
    this.options.hooks.setScale.forEach(hook => hook(this, key));
  }
  setCursor({ left, top }: { left: number; top: number }, fire = true): void {
    Object.assign(this.cursor, { left, top });
    if (fire) {
      this.options.hooks.setCursor.forEach(hook => hook(this));
    }
  }
  batch(change: () => void): void {
    change();
  }
  redraw(): void {
    this.redraws += 1;
  }
  setSize(): void {}
  destroy(): void {
    this.isDestroyed = true;
  }

  private _autoscale(): void {
    const [x] = this.data;
    const [min, last] = [x[0], x[x.length - 1]];
    // As uPlot does with a single place.
    this.setScale('x', { min, max: min === last ? min + 100 : last });
  }
  private _range(): void {
    const [min, max] = this.options.scales.y.range(this, null, null);
    this.scales.y = { min, max };
  }
}

/** What the observers of the page were told to watch with: call them. */
export const seen: ((isSeen: boolean) => void)[] = [];
export const sized: (() => void)[] = [];

/** Charts come into sight soon after they are made. */
export function watchLines(): void {
  Object.assign(window, {
    IntersectionObserver: jest.fn().mockImplementation(callback => ({
      observe: () => {
        const tell = (isSeen: boolean) =>
          callback([{ isIntersecting: isSeen }]);
        seen.push(tell);
        queueMicrotask(() => tell(true));
      },
      disconnect: jest.fn()
    })),
    ResizeObserver: jest.fn().mockImplementation(callback => {
      sized.push(callback);
      return { observe: jest.fn(), disconnect: jest.fn() };
    })
  });
}

export function history(
  runId: string,
  y: number[],
  fields: Partial<ISeries> = {}
): ISeries {
  return {
    runId,
    metric: 'loss',
    x: Float64Array.from(y, (_, at) => at),
    y: Float64Array.from(y),
    count: y.length,
    shown: y.length,
    notFinite: 0,
    ...fields
  };
}

export const trials = [
  { id: 'a', label: 'first', colour: 0 },
  { id: 'b', label: 'second', colour: 1 }
];
export const two = [history('a', [9, 5, 1]), history('b', [8, 6, 4])];
