import { GridCursor, HEADER } from '../cursor';
import { GridTwin } from '../twin';
import type { ITwinView } from '../twin';
import { FakeSource, makeGridColumn } from './fakeSource';

describe('GridTwin', () => {
  let source: FakeSource;
  let cursor: GridCursor;
  let twin: GridTwin;

  const view = (first: number, last: number): ITwinView => ({
    rows: Array.from({ length: last - first + 1 }, (_, i) => first + i),
    columns: [0, 1, 2, 3],
    rowSpan: row => ({ start: (row - first + 1) * 24, size: 24 }),
    columnSpan: column => ({ start: column * 100, size: 100 })
  });

  beforeEach(() => {
    source = new FakeSource();
    cursor = new GridCursor();
    twin = new GridTwin(source, cursor, { best: 'best', loading: 'loading' });
    document.body.appendChild(twin.node);
  });

  afterEach(() => twin.node.remove());

  const rows = () => [
    ...twin.node.querySelectorAll<HTMLElement>('[role="row"]')
  ];
  const attribute = (node: Element, name: string) => node.getAttribute(name);

  it('is a grid before anything of it is in sight', () => {
    expect(attribute(twin.node, 'role')).toBe('grid');
    expect(attribute(twin.node, 'aria-rowcount')).toBe('1001');
    expect(rows()).toHaveLength(0);
  });

  it('is a grid that says what is in sight and how much there is', () => {
    cursor.moveTo(500, 0);
    twin.update(view(500, 502));
    expect(attribute(twin.node, 'role')).toBe('grid');
    expect(attribute(twin.node, 'aria-rowcount')).toBe('1001');
    expect(attribute(twin.node, 'aria-colcount')).toBe('4');
    const [head, first] = rows();
    expect(rows()).toHaveLength(4);
    expect([...head.children].map(cell => cell.textContent)).toEqual([
      'A',
      'B',
      'C',
      'D'
    ]);
    expect(attribute(first, 'aria-rowindex')).toBe('502');
    expect(attribute(first.children[0], 'role')).toBe('rowheader');
    expect(attribute(first.children[2], 'role')).toBe('gridcell');
    expect(attribute(first.children[2], 'aria-colindex')).toBe('3');
    expect(first.children[2].textContent).toBe('c500');
    expect(attribute(first.children[2], 'title')).toBe('whole c500');
  });

  it('says how it is sorted, what is selected and what is best', () => {
    source.columns[1] = makeGridColumn({
      id: 'b',
      sort: { direction: 'descending', position: 0 }
    });
    source.about = { isSelected: true, isMarked: true };
    source.look = { isBest: true };
    twin.update(view(0, 1));
    const [head, first] = rows();
    expect(attribute(head.children[0], 'aria-sort')).toBeNull();
    expect(attribute(head.children[1], 'aria-sort')).toBe('descending');
    expect(attribute(first, 'aria-selected')).toBe('true');
    expect(attribute(first, 'aria-current')).toBe('true');
    expect(attribute(first.children[1], 'title')).toBe('best, whole b0');
  });

  it('is a tree where rows stand below others', () => {
    source.isTree = true;
    source.look = { depth: 1, caret: 'open' };
    twin.update(view(0, 0));
    expect(attribute(twin.node, 'role')).toBe('treegrid');
    expect(attribute(rows()[1], 'aria-level')).toBe('2');
    expect(attribute(rows()[1], 'aria-expanded')).toBe('true');
    source.isTree = false;
    twin.update(view(0, 0));
    expect(attribute(rows()[1], 'aria-level')).toBeNull();
  });

  it('uses its elements again when it scrolls', () => {
    twin.update(view(0, 9));
    const before = rows();
    cursor.moveTo(105, 0);
    twin.update(view(100, 109));
    expect(rows()).toEqual(before);
    expect(rows()[1].textContent).toContain('a100');
  });

  it('has one cell that Tab reaches, and keeps the keyboard in it', () => {
    cursor.moveTo(3, 2);
    twin.update(view(0, 9));
    const reachable = twin.node.querySelectorAll('[tabindex="0"]');
    expect([...reachable].map(cell => cell.textContent)).toEqual(['c3']);
    twin.focus();
    expect(document.activeElement?.textContent).toBe('c3');
    cursor.moveTo(4, 2);
    twin.update(view(0, 9));
    expect(document.activeElement?.textContent).toBe('c4');
    // Also where the pointer scrolled it out of sight.
    twin.update(view(200, 209));
    expect(document.activeElement?.textContent).toBe('c4');
    expect(rows()).toHaveLength(12);
  });

  it('knows which place an element stands for', () => {
    twin.update(view(0, 1));
    expect(twin.at(rows()[2].children[1])).toEqual({ row: 1, column: 1 });
    expect(twin.at(rows()[0].children[3])).toEqual({ row: HEADER, column: 3 });
    expect(twin.at(twin.node)).toBeNull();
  });

  it('says what is not there yet, and shows nothing as markup', () => {
    source.isMissing = row => row === 1;
    source.look = { text: '<img src=x onerror=alert(1)>' };
    twin.update(view(0, 1));
    expect(rows()[2].children[0].textContent).toBe('loading');
    expect(attribute(rows()[2], 'aria-selected')).toBeNull();
    expect(twin.node.querySelector('img')).toBeNull();
  });
});
