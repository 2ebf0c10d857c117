import { NODE_HEIGHT, NODE_WIDTH, layOut, pathOf } from '../lineageLayout';
import type { ILayoutEdge } from '../lineageLayout';

function edges(...pairs: string[]): ILayoutEdge[] {
  return pairs.map(pair => {
    const [source, target] = pair.split('>');
    return { source, target };
  });
}

function expectNoOverlap(layout: ReturnType<typeof layOut>): void {
  for (const layer of layout.layers) {
    for (let index = 1; index < layer.length; index++) {
      const above = layout.places.get(layer[index - 1])!;
      const below = layout.places.get(layer[index])!;
      expect(below.y - above.y).toBeGreaterThanOrEqual(NODE_HEIGHT);
    }
  }
}

describe('the layout of lineage', () => {
  it('has every line lead to the right', () => {
    const lines = edges('d>t', 'j>t', 't>c', 't>m', 'c>n', 'd>c');
    const layout = layOut(['d', 'j', 't', 'c', 'm', 'n'], lines);
    for (const { source, target } of lines) {
      const [from, to] = [source, target].map(key => layout.places.get(key)!);
      expect(to.x).toBeGreaterThanOrEqual(from.x + NODE_WIDTH);
    }
    expectNoOverlap(layout);
  });

  it('puts what has no source next to what came from it', () => {
    const layout = layOut(
      ['a', 'b', 'c', 'late'],
      edges('a>b', 'b>c', 'late>c')
    );
    expect(layout.places.get('late')!.layer).toBe(1);
  });

  it('unravels lines that would cross', () => {
    const layout = layOut(['a', 'b', 'x', 'y'], edges('a>y', 'b>x'));
    const y = (key: string) => layout.places.get(key)!.y;
    expect(y('a') < y('b')).toBe(y('y') < y('x'));
  });

  it('draws one alone, and none', () => {
    const one = layOut(['a'], []);
    expect(one.places.get('a')!.layer).toBe(0);
    expect(one.width).toBeGreaterThan(NODE_WIDTH);
    expect(one.height).toBeGreaterThan(NODE_HEIGHT);
    expect(layOut([], []).places.size).toBe(0);
  });

  it('bears circles, lines of a node to itself, and lines to nowhere', () => {
    const layout = layOut(
      ['a', 'b', 'c'],
      edges('a>b', 'b>a', 'c>c', 'c>gone', 'gone>a')
    );
    expect(layout.places.size).toBe(3);
    expectNoOverlap(layout);
    for (const { x, y } of layout.places.values()) {
      expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true);
    }
  });

  it('keeps five hundred apart and within its sheet', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `n${index}`);
    const lines = keys
      .slice(1)
      .map((target, index) => ({ source: keys[index >> 3], target }));
    const layout = layOut(keys, lines);
    expect(layout.places.size).toBe(500);
    expectNoOverlap(layout);
    for (const { x, y } of layout.places.values()) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + NODE_WIDTH).toBeLessThanOrEqual(layout.width);
      expect(y + NODE_HEIGHT).toBeLessThanOrEqual(layout.height);
    }
  });

  it('stays the same for the same lineage', () => {
    const lines = edges('a>c', 'b>c', 'a>d', 'b>e');
    const keys = ['a', 'b', 'c', 'd', 'e'];
    expect(layOut(keys, lines)).toEqual(layOut(keys, lines));
  });

  it('draws lines from side to side', () => {
    const path = pathOf({ layer: 0, x: 0, y: 0 }, { layer: 1, x: 300, y: 50 });
    expect(path).toMatch(
      new RegExp(`^M${NODE_WIDTH} ${NODE_HEIGHT / 2} C.* 300 72$`)
    );
  });
});
