import { GridCursor, HEADER } from '../cursor';
import { handleKey } from '../keys';
import { FakeActions, FakeSource } from './fakeSource';

describe('keys of a grid', () => {
  let source: FakeSource;
  let actions: FakeActions;
  let cursor: GridCursor;

  beforeEach(() => {
    source = new FakeSource();
    actions = new FakeActions();
    cursor = new GridCursor();
  });

  function press(key: string, more: KeyboardEventInit = {}): boolean {
    return handleKey(new KeyboardEvent('keydown', { key, ...more }), {
      source,
      actions,
      cursor,
      pageRows: 30,
      widthOf: () => 100
    });
  }

  it('moves, and stays within the table', () => {
    press('ArrowDown');
    press('ArrowRight');
    expect([cursor.row, cursor.column]).toEqual([1, 1]);
    press('PageDown');
    expect(cursor.row).toBe(31);
    press('End', { ctrlKey: true });
    expect([cursor.row, cursor.column]).toEqual([999, 3]);
    press('ArrowDown');
    press('ArrowRight');
    expect([cursor.row, cursor.column]).toEqual([999, 3]);
    press('Home', { ctrlKey: true });
    press('ArrowUp');
    press('ArrowUp');
    expect([cursor.row, cursor.column]).toEqual([HEADER, 0]);
  });

  it('selects by space, and a range with Shift', () => {
    cursor.moveTo(5, 0);
    press(' ');
    press('ArrowDown', { shiftKey: true });
    press('ArrowDown', { shiftKey: true });
    expect(actions.done).toEqual([
      ['select', 5, 'toggle', 5],
      ['select', 6, 'range', 5],
      ['select', 7, 'range', 5]
    ]);
  });

  it('opens a row, and sorts by a header', () => {
    press('Enter');
    cursor.moveTo(HEADER, 2);
    press('Enter');
    press('Enter', { shiftKey: true });
    expect(actions.done).toEqual([
      ['open', 0],
      ['sort', 2, false],
      ['sort', 2, true]
    ]);
  });

  it('moves and resizes a column from its header', () => {
    cursor.moveTo(HEADER, 1);
    press('ArrowRight', { altKey: true });
    expect(cursor.column).toBe(2);
    press('ArrowLeft', { shiftKey: true });
    expect(actions.done).toEqual([
      ['move', 1, 3],
      ['resize', 2, 84]
    ]);
    cursor.moveTo(HEADER, 3);
    expect(press('ArrowRight', { altKey: true })).toBe(true);
    expect(actions.done).toHaveLength(2);
  });

  it('opens and closes what is below a row', () => {
    source.look = { caret: 'closed' };
    press('ArrowRight');
    source.look = { caret: 'open' };
    press('ArrowLeft');
    expect(actions.done).toEqual([
      ['expand', 0, true],
      ['expand', 0, false]
    ]);
    expect(cursor.column).toBe(0);
    press('ArrowRight');
    expect(cursor.column).toBe(1);
  });

  it('leaves other keys to others', () => {
    expect(press('a')).toBe(false);
    expect(press('Tab')).toBe(false);
    expect(press('ArrowDown', { altKey: true })).toBe(false);
    expect(press('Enter', { ctrlKey: true })).toBe(false);
  });

  it('stays in a table that became smaller', () => {
    cursor.moveTo(900, 3);
    cursor.clamp(10, 2);
    expect([cursor.row, cursor.column, cursor.anchor]).toEqual([9, 1, 9]);
    cursor.clamp(0, 2);
    expect(cursor.row).toBe(HEADER);
  });
});
