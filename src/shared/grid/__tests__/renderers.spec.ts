import type { CellRenderer, GraphicsContext } from '@lumino/datagrid';
import { GridDataModel } from '../dataModel';
import { TextFitter } from '../fitText';
import {
  GridCellRenderer,
  GridHeaderRenderer,
  INDENT,
  isOnCaret,
  PADDING,
  textStart
} from '../renderers';
import type { IGridLook } from '../renderers';
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

function makeCell(fields: Partial<IGridCell>): IGridCell {
  return { text: 'x', title: 'x', align: 'left', tone: 'plain', ...fields };
}

describe('renderers', () => {
  let source: FakeSource;
  let model: GridDataModel;
  let look: { -readonly [key in keyof IGridLook]: IGridLook[key] };

  beforeEach(() => {
    source = new FakeSource();
    model = new GridDataModel(source);
    look = {
      theme,
      hovered: -1,
      cursor: null,
      row: index => source.row(index),
      columnIndex: ({ region, column }) => model.columnIndex(region, column)
    };
  });

  afterEach(() => model.dispose());

  function draw(
    value: unknown,
    fields: Partial<CellRenderer.CellConfig> = {},
    make: () => GridCellRenderer | GridHeaderRenderer = () =>
      new GridCellRenderer(look, new TextFitter())
  ): FakeCanvas {
    const canvas = new FakeCanvas();
    make().paint(canvas as unknown as GraphicsContext, {
      x: 100,
      y: 0,
      width: 120,
      height: 24,
      region: 'body',
      row: 3,
      column: 0,
      value,
      metadata: {},
      ...fields
    });
    return canvas;
  }

  const header = () =>
    new GridHeaderRenderer(look, new TextFitter(), () => null);

  it('aligns numbers right and texts left, and cuts what is too long', () => {
    const number = draw(makeCell({ text: '0.123', align: 'right' })).texts[0];
    expect([number.align, number.x]).toEqual(['right', 220 - PADDING]);
    const text = draw(makeCell({ text: 'abc' })).texts[0];
    expect([text.align, text.x]).toEqual(['left', 100 + PADDING]);
    const long = draw(makeCell({ text: 'a'.repeat(90) })).texts[0].text;
    expect(long.endsWith('…')).toBe(true);
    expect(long.length * 7).toBeLessThanOrEqual(120 - 2 * PADDING);
  });

  it('marks the best value by a star and its weight as well as by colour', () => {
    const best = draw(makeCell({ isBest: true, align: 'right' }));
    expect(best.fills).toBe(1);
    expect(best.texts[0].font).toBe(theme.boldFont);
    expect(draw(makeCell({})).fills).toBe(0);
  });

  it('tells selected, marked and hovered rows from others', () => {
    const ground = () => draw(makeCell({})).areas[0].colour;
    const plain = ground();
    look.hovered = 3;
    const hovered = ground();
    source.about = { isMarked: true };
    const marked = ground();
    source.about = { isMarked: true, isSelected: true };
    const selected = ground();
    expect(new Set([plain, hovered, marked, selected]).size).toBe(4);
  });

  it('draws a grey bar where a value is on its way', () => {
    const canvas = draw(null);
    expect(canvas.texts).toEqual([]);
    expect(canvas.areas[1].colour).toBe(theme.skeleton);
  });

  it('sets in what stands below something else', () => {
    const cell = makeCell({ depth: 2, caret: 'open', shape: 'done' });
    expect(draw(cell).texts[0].x).toBe(100 + textStart(cell));
    expect(textStart(cell) - textStart({ ...cell, depth: 1 })).toBe(INDENT);
    expect(isOnCaret(cell, 2 * INDENT + PADDING)).toBe(true);
    expect(isOnCaret(cell, 2)).toBe(false);
    expect(isOnCaret({ ...cell, caret: 'none' }, 2 * INDENT + 9)).toBe(false);
  });

  it('draws every state in a shape of its own', () => {
    const shapes = (
      ['waiting', 'running', 'stopping', 'done', 'failed', 'stopped'] as const
    ).map(shape => {
      const canvas = draw(makeCell({ shape }));
      return [canvas.strokes, canvas.fills, canvas.areas.length].join();
    });
    expect(new Set(shapes).size).toBe(6);
  });

  it('draws a box only where a row can be selected', () => {
    const box = { region: 'row-header', column: 0 } as const;
    expect(draw(undefined, box).strokes).toBe(1);
    source.about = { isSelectable: false };
    expect(draw(undefined, box).strokes).toBe(0);
  });

  it('shows where the keyboard is', () => {
    const before = draw(makeCell({})).strokes;
    look.cursor = { row: 3, column: 1 };
    expect(draw(makeCell({})).strokes).toBe(before + 1);
    expect(draw(makeCell({}), { row: 4 }).strokes).toBe(before);
  });

  it('names columns, and says by which they are sorted', () => {
    const column = makeGridColumn({ id: 'rmse', align: 'right' });
    const place = { region: 'column-header', row: 0 } as const;
    const plain = draw(column, place, header);
    expect(plain.texts[0].text).toBe('RMSE');
    expect(plain.fills).toBe(0);
    const sorted = makeGridColumn({
      ...column,
      sort: { direction: 'descending', position: 2 }
    });
    const canvas = draw(sorted, place, header);
    expect(canvas.fills).toBe(1);
    expect(canvas.texts.map(({ text }) => text)).toEqual(['RMSE', '2']);
    const corner = { region: 'corner-header', row: 0 } as const;
    expect(draw(null, corner, header).texts).toEqual([]);
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
    const text = (value: unknown) => (value as IGridCell | null)?.text;
    expect(text(model.data('row-header', 5, 1))).toBe('a5');
    expect(text(model.data('row-header', 5, 2))).toBe('b5');
    expect(text(model.data('body', 5, 0))).toBe('c5');
    expect(model.data('corner-header', 0, 0)).toBeNull();
    expect(model.data('column-header', 0, 1)).toBe(source.columns[3]);
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
