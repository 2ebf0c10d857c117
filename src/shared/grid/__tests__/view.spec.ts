import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { until } from '../../../__tests__/fakes';
import { GridView } from '../view';
import { FakeActions, FakeSource } from './fakeSource';

/** Takes everything that a canvas is asked, and remembers its texts. */
function fakeContext(texts: string[]): CanvasRenderingContext2D {
  const nothing = () => undefined;
  return new Proxy(
    { canvas: document.createElement('canvas') } as Record<string, unknown>,
    {
      get: (target, name: string) =>
        name === 'measureText'
          ? (text: string) => ({ width: text.length * 7 })
          : name === 'fillText'
            ? (text: string) => texts.push(text)
            : name === 'createLinearGradient'
              ? () => ({ addColorStop: nothing })
              : (target[name] ?? nothing),
      set: (target, name: string, value) => {
        target[name] = value;
        return true;
      }
    }
  ) as unknown as CanvasRenderingContext2D;
}

const WIDTH = 600;
const HEIGHT = 400;

describe('GridView', () => {
  let source: FakeSource;
  let actions: FakeActions;
  let view: GridView;
  let texts: string[];

  beforeEach(async () => {
    texts = [];
    HTMLCanvasElement.prototype.getContext = (() =>
      fakeContext(texts)) as unknown as HTMLCanvasElement['getContext'];
    for (const [name, size] of [
      ['offsetWidth', WIDTH],
      ['offsetHeight', HEIGHT],
      ['clientWidth', WIDTH],
      ['clientHeight', HEIGHT]
    ] as const) {
      jest.spyOn(HTMLElement.prototype, name, 'get').mockReturnValue(size);
    }
    source = new FakeSource();
    actions = new FakeActions();
    view = new GridView({
      source,
      actions,
      isAllSelected: () => false,
      words: { best: 'best', loading: 'loading' }
    });
    Widget.attach(view, document.body);
    MessageLoop.flush();
    await until(() => cells().length > 0);
  });

  afterEach(() => {
    view.dispose();
    HTMLCanvasElement.prototype.getContext = () => null;
    jest.restoreAllMocks();
  });

  const twin = () =>
    view.node.querySelector<HTMLElement>('.jp-StudioGrid-twin')!;
  const cells = () => [
    ...twin().querySelectorAll<HTMLElement>('[role="rowheader"]')
  ];
  const heads = () => [
    ...twin().querySelectorAll<HTMLElement>('[role="columnheader"]')
  ];
  const done = (name: string) => actions.done.filter(([what]) => what === name);

  /** The middle of an element of the twin, where the canvas shows its cell. */
  function middle(element: HTMLElement): MouseEventInit {
    const row = element.parentElement!.style;
    const pixels = (text: string) => Number.parseFloat(text);
    return {
      clientX: pixels(element.style.left) + pixels(element.style.width) / 2,
      clientY: pixels(row.top) + pixels(row.height) / 2,
      bubbles: true,
      cancelable: true,
      button: 0
    };
  }

  function press(from: MouseEventInit, to: MouseEventInit = from): void {
    const viewport = view.node.querySelector('.lm-DataGrid-viewport')!;
    viewport.dispatchEvent(new MouseEvent('mousemove', from));
    viewport.dispatchEvent(new MouseEvent('mousedown', from));
    document.dispatchEvent(new MouseEvent('mousemove', to));
    document.dispatchEvent(new MouseEvent('mouseup', to));
  }

  const cell = (row: number, column: number) =>
    cells()[row].parentElement!.children[column] as HTMLElement;

  it('paints what is in sight, and says which rows that are', () => {
    expect(texts).toEqual(expect.arrayContaining(['A', 'D', 'a0', 'd3']));
    expect(texts).not.toContain('a500');
    const [, first, last] = done('look').pop()! as number[];
    expect(first).toBe(0);
    expect(last).toBeGreaterThan(10);
    expect(last).toBeLessThan(30);
    expect(cells()).toHaveLength(last + 1);
  });

  it('selects by a click, more with keys, and by the boxes', () => {
    press(middle(cell(2, 1)));
    press({ ...middle(cell(4, 1)), ctrlKey: true });
    press({ ...middle(cell(6, 1)), shiftKey: true });
    press({ ...middle(cell(3, 1)), clientX: 10 });
    press({ ...middle(heads()[0]), clientX: 10 });
    expect(done('select')).toEqual([
      ['select', 2, 'only', 2],
      ['select', 4, 'toggle', 4],
      ['select', 6, 'range', 4],
      ['select', 3, 'toggle', 3]
    ]);
    expect(done('selectAll')).toHaveLength(1);
    expect(document.activeElement).toBeTruthy();
  });

  it('opens a link by a click, any row by two', () => {
    source.look = { tone: 'link' };
    const link = middle(cell(1, 0));
    const left = Number.parseFloat(cell(1, 0).style.left);
    press({ ...link, clientX: left + 12 });
    expect(done('open')).toEqual([['open', 1]]);
    source.look = {};
    const viewport = view.node.querySelector('.lm-DataGrid-viewport')!;
    viewport.dispatchEvent(new MouseEvent('dblclick', middle(cell(2, 1))));
    expect(done('open')).toEqual([
      ['open', 1],
      ['open', 2]
    ]);
  });

  it('opens what is below a row by its caret', () => {
    source.look = { caret: 'closed' };
    const left = Number.parseFloat(cell(1, 0).style.left);
    press({ ...middle(cell(1, 0)), clientX: left + 10 });
    expect(done('expand')).toEqual([['expand', 1]]);
  });

  it('sorts by a header, moves and resizes columns', () => {
    press(middle(heads()[1]));
    press({ ...middle(heads()[2]), shiftKey: true });
    expect(done('sort')).toEqual([
      ['sort', 1, false],
      ['sort', 2, true]
    ]);
    const target = middle(heads()[1]);
    press(middle(heads()[3]), {
      ...target,
      clientX: Number.parseFloat(heads()[1].style.left) + 4
    });
    expect(done('move')).toEqual([['move', 3, 1]]);
    const { left, width } = heads()[1].style;
    const edge = Number.parseFloat(left) + Number.parseFloat(width) - 2;
    press({ ...target, clientX: edge }, { ...target, clientX: edge + 40 });
    expect(done('resize')).toEqual([['resize', 1, 140]]);
  });

  it('tells of a new width once, and of none too small', () => {
    const { left, width } = heads()[2].style;
    const edge = Number.parseFloat(left) + Number.parseFloat(width) - 2;
    const from = { ...middle(heads()[2]), clientX: edge };
    press(from, { ...from, clientX: edge - 99 });
    expect(done('resize')).toEqual([['resize', 2, 40]]);
  });

  it('says what the pointer is on before a menu opens', () => {
    const viewport = view.node.querySelector('.lm-DataGrid-viewport')!;
    viewport.dispatchEvent(new MouseEvent('contextmenu', middle(cell(3, 2))));
    expect(view.node.dataset['area']).toBe('row');
    expect(view.place).toEqual({ row: 3, column: 2 });
    expect(done('select')).toEqual([['select', 3, 'only', 3]]);
    viewport.dispatchEvent(new MouseEvent('contextmenu', middle(heads()[2])));
    expect(view.node.dataset['area']).toBe('header');
    expect(view.place.row).toBe(-1);
  });

  it('follows the keyboard, and scrolls with it', async () => {
    cell(0, 1).focus();
    const key = (name: string, more = {}) =>
      document.activeElement!.dispatchEvent(
        new KeyboardEvent('keydown', { key: name, bubbles: true, ...more })
      );
    key('End', { ctrlKey: true });
    await until(() => cells().some(node => node.textContent === 'a999'));
    expect(view.place).toEqual({ row: 999, column: 3 });
    expect(document.activeElement?.textContent).toBe('d999');
    key(' ');
    expect(done('select').pop()).toEqual(['select', 999, 'toggle', 999]);
    expect(view.isUndisturbed).toBe(false);
  });

  it('is undisturbed while nobody is at it', () => {
    expect(view.isUndisturbed).toBe(true);
    const viewport = view.node.querySelector('.lm-DataGrid-viewport')!;
    viewport.dispatchEvent(new MouseEvent('mousemove', middle(cell(3, 2))));
    expect(view.hovered).toBe(3);
    expect(view.isUndisturbed).toBe(false);
    viewport.dispatchEvent(new MouseEvent('mouseleave'));
    expect(view.isUndisturbed).toBe(true);
  });

  it('does for screen readers what a click does', () => {
    heads()[1].click();
    cell(2, 1).click();
    expect([done('sort'), done('select')]).toEqual([
      [['sort', 1, false]],
      [['select', 2, 'only', 2]]
    ]);
  });

  it('brings into sight what a screen reader goes to', async () => {
    for (const column of source.columns) {
      column.width = 300;
    }
    source.changed.emit({ type: 'columns' });
    await until(() => heads()[3].style.width === '0px');
    heads()[3].focus();
    await until(() => heads()[3].style.width !== '0px');
    expect(view.place).toEqual({ row: -1, column: 3 });
  });

  it('shows a smaller table, and what is far down in a larger', async () => {
    source.rowCount = 2;
    source.changed.emit({ type: 'order', fromTop: true });
    await until(() => cells().length === 2);
    source.rowCount = 1000;
    source.changed.emit({ type: 'order', fromTop: false });
    view.reveal(700);
    await until(() => cells().some(node => node.textContent === 'a700'));
    source.changed.emit({ type: 'order', fromTop: true });
    await until(() => cells()[0].textContent === 'a0');
  });

  it('follows later while it is hidden, and soon when it is shown', () => {
    const change = (count: number) => {
      source.rowCount = count;
      source.changed.emit({ type: 'order', fromTop: true });
    };
    jest.useFakeTimers();
    try {
      view.hide();
      jest.advanceTimersByTime(1_000);
      const before = cells().length;
      change(2);
      jest.advanceTimersByTime(800);
      expect(cells()).toHaveLength(before);
      // Changes that go on do not put it off.
      change(3);
      jest.advanceTimersByTime(300);
      expect(cells()).toHaveLength(3);
      change(2);
      view.show();
      MessageLoop.flush();
      jest.advanceTimersByTime(200);
      expect(cells()).toHaveLength(2);
    } finally {
      jest.useRealTimers();
    }
  });
});
