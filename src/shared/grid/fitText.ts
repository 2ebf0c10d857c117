/** Texts remembered; when there are more, all are forgotten. */
const MEMORY = 20_000;

/** What measures: a drawing context with its font set. */
export interface IMeasure {
  measureText(text: string): { width: number };
}

/** Shortens texts to a width, and remembers how: measuring is what drawing a table costs. */
export class TextFitter {
  /** The text, or its beginning and an ellipsis, at most `width` pixels wide. */
  fit(gc: IMeasure, font: string, text: string, width: number): string {
    if (width <= 0 || text === '') {
      return '';
    }
    // No letter is wider than a line is high: short texts need no measuring.
    if (text.length * this._widest(gc, font) <= width) {
      return text;
    }
    const room = Math.floor(width);
    const key = `${room}\n${font}\n${text}`;
    const known = this._known.get(key);
    if (known !== undefined) {
      return known;
    }
    if (this._known.size >= MEMORY) {
      this._known.clear();
    }
    const fitted = shorten(text.slice(0, 500), room, gc);
    this._known.set(key, fitted);
    return fitted;
  }

  forget(): void {
    this._known.clear();
    this._widths.clear();
  }

  private _widest(gc: IMeasure, font: string): number {
    let width = this._widths.get(font);
    if (width === undefined) {
      width = gc.measureText('Ｗ').width * 1.2 || Infinity;
      this._widths.set(font, width);
    }
    return width;
  }

  private readonly _known = new Map<string, string>();
  private readonly _widths = new Map<string, number>();
}

function shorten(text: string, width: number, gc: IMeasure): string {
  if (gc.measureText(text).width <= width) {
    return text;
  }
  const letters = [...text];
  let fits = 0;
  let tooLong = letters.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    const candidate = `${letters.slice(0, middle).join('')}…`;
    if (gc.measureText(candidate).width <= width) {
      fits = middle;
    } else {
      tooLong = middle;
    }
  }
  return fits > 0 ? `${letters.slice(0, fits).join('')}…` : '';
}
