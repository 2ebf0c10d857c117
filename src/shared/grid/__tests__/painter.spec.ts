import { GridDataModel } from '../dataModel';
import { TextFitter } from '../fitText';
import { GridPainter, INDENT, isOnCaret, PADDING, textStart } from '../painter';
import type { IGridLook } from '../painter';
import type { IGridCell } from '../source';
import { readGridTheme } from '../theme';
import { FakeSource, makeGridColumn } from './fakeSource';

/** Remembers texts, and the colours of areas, that are drawn on it. */
class FakeCanvas {
  fillStyle = '';
  strokeStyle = '';
  font = '';
  textAlign = 'left';
  textBaseline = '';
  lineWidth = 1;
  readonly texts: {
    text: string;
    x: number;
    align: string;
    colour: string;
    font: string;
  }[] = [];
  readonly areas: { colour: string; width: number }[] = [];
  strokes = 0;
  fills = 0;

  measureText(text: string): { width: number } {
    return { width: text.length * 7 };
  }
  fillText(text: string, x: number): void {
    const { textAlign: align, fillStyle: colour, font } = this;
    this.texts.push({ text, x, align, colour, font });
  }
  fillRect(_x: number, _y: number, width: number): void {
    this.areas.push({ colour: this.fillStyle, width });
  }
  strokeRect(): void {
    this.strokes += 1;
  }
  stroke(): void {
    this.strokes += 1;
  }
  fill(): void {
    this.fills += 1;
  }
  beginPath(): void {}
  closePath(): void {}
  moveTo(): void {}
  lineTo(): void {}
  arc(): void {}
}

const theme = readGridTheme(document.body);

describe('GridPainter', () => {
  let source: FakeSource;
  let look: { -readonly [key in keyof IGridLook]: IGridLook[key] };
  let painter: GridPainter;

  const box = { x: 100, y: 0, width: 120, height: 24 };

  beforeEach(() => {
    source = new FakeSource();
    look = { theme, hovered: -1, cursor: null };
    painter = new GridPainter(source, look, new TextFitter(), () => null);
  });

  function paint(work: (gc: CanvasRenderingContext2D) => void): FakeCanvas {
    const canvas = new FakeCanvas();
    work(canvas as unknown as CanvasRenderingContext2D);
    return canvas;
  }

  function draw(fields: Partial<IGridCell>, column = 0): FakeCanvas {
    source.look = { text: 'x', ...fields };
    return paint(gc => painter.paintCell(gc, box, 3, column));
  }

  const name = () => paint(gc => painter.paintName(gc, box, 1));

  it('aligns numbers right and texts left, and cuts what is too long', () => {
    const number = draw({ text: '0.123', align: 'right' }).texts[0];
    expect([number.align, number.x]).toEqual(['right', 220 - PADDING]);
    const text = draw({ text: 'abc' }).texts[0];
    expect([text.align, text.x]).toEqual(['left', 100 + PADDING]);
    const long = draw({ text: 'a'.repeat(90) }).texts[0].text;
    expect(long.endsWith('…')).toBe(true);
    expect(long.length * 7).toBeLessThanOrEqual(120 - 2 * PADDING);
  });

  it('marks the best value by a star and its weight as well as by colour', () => {
    const best = draw({ isBest: true, align: 'right' });
    expect(best.fills).toBe(1);
    expect(best.texts[0].font).toBe(theme.boldFont);
    expect(draw({}).fills).toBe(0);
  });

  it('tells selected, marked and hovered rows from others', () => {
    const ground = () =>
      paint(gc => painter.paintRow(gc, box, 3)).areas.map(
        ({ colour }) => colour
      );
    const plain = ground();
    expect(plain).toEqual([theme.line]);
    look.hovered = 3;
    const hovered = ground();
    source.about = { isMarked: true };
    const marked = ground();
    source.about = { isMarked: true, isSelected: true };
    const selected = ground();
    const colours = [hovered, marked, selected].map(([first]) => first);
    expect(new Set(colours).size).toBe(3);
  });

  it('draws a grey bar where a value is on its way', () => {
    source.isMissing = () => true;
    const canvas = draw({});
    expect(canvas.texts).toEqual([]);
    expect(canvas.areas[0].colour).toBe(theme.skeleton);
  });

  it('sets in what stands below something else', () => {
    const fields = { depth: 2, caret: 'open', shape: 'done' } as const;
    const cell: IGridCell = { ...source.cell(0, 0)!, ...fields };
    expect(draw(fields).texts[0].x).toBe(100 + textStart(cell));
    expect(textStart(cell) - textStart({ ...cell, depth: 1 })).toBe(INDENT);
    expect(isOnCaret(cell, 2 * INDENT + PADDING)).toBe(true);
    expect(isOnCaret(cell, 2)).toBe(false);
    expect(isOnCaret({ ...cell, caret: 'none' }, 2 * INDENT + 9)).toBe(false);
  });

  it('draws every state in a shape of its own', () => {
    const shapes = (
      ['waiting', 'running', 'stopping', 'done', 'failed', 'stopped'] as const
    ).map(shape => {
      const canvas = draw({ shape });
      return [canvas.strokes, canvas.fills, canvas.areas.length].join();
    });
    expect(new Set(shapes).size).toBe(6);
  });

  it('draws a box only where a row can be selected', () => {
    expect(draw({}, -1).strokes).toBe(1);
    source.about = { isSelectable: false };
    expect(draw({}, -1).strokes).toBe(0);
  });

  it('shows where the keyboard is', () => {
    look.cursor = { row: 3, column: 0 };
    expect(draw({}).strokes).toBe(1);
    expect(draw({}, 1).strokes).toBe(0);
    look.cursor = { row: -1, column: 1 };
    expect(name().strokes).toBe(1);
  });

  it('names columns, and says by which they are sorted', () => {
    source.columns[1] = makeGridColumn({ id: 'rmse', align: 'right' });
    expect(name().texts[0].text).toBe('RMSE');
    expect(name().fills).toBe(0);
    source.columns[1] = makeGridColumn({
      ...source.columns[1],
      sort: { direction: 'descending', position: 2 }
    });
    expect(name().fills).toBe(1);
    expect(name().texts.map(({ text }) => text)).toEqual(['RMSE', '2']);
    const boxes = paint(gc => painter.paintName(gc, box, -1));
    expect(boxes.texts).toEqual([]);
  });
});

describe('GridDataModel', () => {
  it('puts pinned columns, after the boxes, among the row headers', () => {
    const source = new FakeSource();
    source.pinned = 2;
    const model = new GridDataModel(source);
    expect(model.columnCount('row-header')).toBe(3);
    expect(model.columnCount('body')).toBe(2);
    expect(model.rowCount('body')).toBe(1000);
    expect(model.rowCount('column-header')).toBe(1);
    expect(model.data('row-header', 5, 0)).toBe('');
    expect(model.data('row-header', 5, 1)).toBe('a5');
    expect(model.data('row-header', 5, 2)).toBe('b5');
    expect(model.data('body', 5, 0)).toBe('c5');
    expect(model.data('column-header', 0, 1)).toBe('D');
    for (let index = 0; index < 4; index++) {
      const { region, column } = model.placeOf(index);
      expect(model.columnIndex(region, column)).toBe(index);
    }
    model.dispose();
  });

  it('draws again what changed, and no row that is not there', () => {
    const source = new FakeSource();
    source.rowCount = 10;
    const model = new GridDataModel(source);
    const seen: unknown[] = [];
    model.changed.connect((_, change) => seen.push(change));
    source.changed.emit({ type: 'rows', first: 4, last: 199 });
    expect(seen).toEqual([
      expect.objectContaining({ region: 'row-header', row: 4, rowSpan: 6 }),
      expect.objectContaining({ region: 'body', row: 4, rowSpan: 6 })
    ]);
    source.changed.emit({ type: 'order', fromTop: true });
    expect(seen[2]).toEqual({ type: 'model-reset' });
    model.dispose();
    source.changed.emit({ type: 'columns' });
    expect(seen).toHaveLength(3);
  });
});
