import { act, fireEvent, render, screen } from '@testing-library/react';
import { getInstanceByDom } from 'echarts/core';
import React, { useState } from 'react';
import { trans, until } from '../../../__tests__/fakes';
import { ParallelChart } from '../parallelChart';
import type { IChartColumn } from '../types';
import { FakeFocus, columnOf, fakeObservers, trialsOf } from './fakes';

const trials = trialsOf(4);
const lr = columnOf('lr', [1, 2, 3, 4]);
const depth = columnOf('depth', [8, 8, 16, 16]);
const rmse = columnOf('rmse', [5, 4, 3, 2]);
let focus: FakeFocus;

function chart(
  columns: readonly IChartColumn[],
  onOrder?: (keys: string[]) => void
) {
  return (
    <ParallelChart
      title="Parallel"
      trials={trials}
      focus={focus}
      trans={trans}
      columns={columns}
      onOrder={onOrder}
    />
  );
}

const plot = () => document.querySelector<HTMLElement>('.jp-StudioChart-plot')!;
const drawn = () => until(() => plot()?.querySelector('svg path') != null);
const selected = () => [...focus.selected];

/** Brush a part of an axis, from 0 to 1. */
function brush(axis: number, intervals: [number, number][]): void {
  act(() => {
    getInstanceByDom(plot())!.dispatchAction({
      type: 'axisAreaSelect',
      parallelAxisId: String(axis),
      intervals
    });
  });
}

describe('Parallel coordinates', () => {
  beforeAll(fakeObservers);
  beforeEach(() => {
    focus = new FakeFocus();
  });

  it('select what a brush finds, also when values move while it stands', async () => {
    const { rerender } = render(chart([lr, rmse]));
    await drawn();
    brush(0, [[0, 0.4]]);
    expect(selected()).toEqual(['run0', 'run1']);
    rerender(chart([columnOf('lr', [1, 4, 1.5, 4]), rmse]));
    expect(selected()).toEqual(['run0', 'run2']);
    // Nothing is there for a moment: the brush stays, and finds them again.
    rerender(chart([columnOf('lr', [4, 4, 4, 4]), rmse]));
    expect(selected()).toEqual([]);
    rerender(chart([columnOf('lr', [1, 4, 4, 4]), rmse]));
    expect(selected()).toEqual(['run0']);
  });

  it('keep what was selected otherwise when values move', async () => {
    const { rerender } = render(chart([lr, rmse]));
    await drawn();
    brush(0, [[0, 0.4]]);
    act(() => focus.select(['run3']));
    rerender(chart([columnOf('lr', [1, 4, 1.5, 4]), rmse]));
    expect(selected()).toEqual(['run3']);
  });

  it('keep a brush on its axis when axes change places', async () => {
    const { rerender } = render(chart([lr, depth, rmse]));
    await drawn();
    brush(0, [[0, 0.4]]);
    rerender(chart([depth, lr, rmse]));
    expect(selected()).toEqual(['run0', 'run1']);
  });

  it('say that one axis is none', () => {
    render(chart([lr]));
    expect(screen.getByText(/needs two columns at least/)).toBeTruthy();
  });

  it('have axes in a fixed order where nobody keeps another one', async () => {
    render(chart([lr, rmse]));
    await drawn();
    expect(screen.queryByRole('button', { name: /^Move the axis/ })).toBeNull();
  });
});

describe('The axes of parallel coordinates', () => {
  beforeAll(fakeObservers);
  beforeEach(() => {
    focus = new FakeFocus();
  });

  const kept = jest.fn();

  function Kept(): JSX.Element {
    const [columns, setColumns] = useState([lr, depth, rmse]);
    return chart(columns, keys => {
      kept(keys);
      setColumns(keys.map(key => columns.find(each => each.key === key)!));
    });
  }

  const axis = (label: string) =>
    screen.getByRole('button', { name: `Move the axis ${label}` });
  const order = () =>
    screen
      .getAllByRole('button', { name: /^Move the axis/ })
      .map(each => each.getAttribute('aria-label')!.split(' ').pop());

  const point = (type: string, node: Element, clientX: number, button = 0) =>
    act(() => {
      const event = new MouseEvent(type, { bubbles: true, clientX, button });
      node.dispatchEvent(Object.assign(event, { pointerId: 1 }));
    });

  beforeEach(() => {
    kept.mockClear();
    jest
      .spyOn(HTMLElement.prototype, 'clientWidth', 'get')
      .mockReturnValue(512);
    render(<Kept />);
  });
  afterEach(() => jest.restoreAllMocks());

  it('are moved by keys, and keep the keyboard', () => {
    axis('lr').focus();
    fireEvent.keyDown(axis('lr'), { key: 'ArrowRight' });
    expect(order()).toEqual(['depth', 'lr', 'rmse']);
    expect(document.activeElement).toBe(axis('lr'));
    expect(screen.getByText('lr: axis 2 of 3')).toBeTruthy();
    fireEvent.keyDown(axis('lr'), { key: 'ArrowRight' });
    fireEvent.keyDown(axis('lr'), { key: 'ArrowRight' });
    expect(order()).toEqual(['depth', 'rmse', 'lr']);
    expect(kept).toHaveBeenCalledTimes(2);
    fireEvent.keyDown(axis('lr'), { key: 'ArrowLeft' });
    expect(kept).toHaveBeenLastCalledWith([
      'params.depth',
      'params.lr',
      'params.rmse'
    ]);
  });

  it('are moved by dragging their names', () => {
    // Axes are 200 pixels apart.
    const node = axis('lr');
    point('pointerdown', node, 50);
    point('pointermove', node, 460);
    expect(document.querySelector('.jp-StudioChart-axisTarget')).not.toBeNull();
    point('pointerup', node, 460);
    expect(order()).toEqual(['depth', 'rmse', 'lr']);
    expect(document.querySelector('.jp-StudioChart-axisTarget')).toBeNull();
  });

  it('stay where they are for a click, another button, or when it is given up', () => {
    const node = axis('depth');
    point('pointerdown', node, 248);
    point('pointerup', node, 250);
    point('pointerdown', node, 248, 2);
    point('pointermove', node, 450);
    point('pointerup', node, 450);
    point('pointerdown', node, 248);
    point('pointermove', node, 450);
    fireEvent.keyDown(node, { key: 'Escape' });
    point('pointerup', node, 450);
    expect(kept).not.toHaveBeenCalled();
  });
});
