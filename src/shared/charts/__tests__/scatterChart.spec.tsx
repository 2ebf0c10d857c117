import { Clipboard } from '@jupyterlab/apputils';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { trans, until } from '../../../__tests__/fakes';
import { ScatterChart } from '../scatterChart';
import type { IScatterChartProps } from '../scatterChart';
import { FakeFocus, columnOf, fakeObservers, trialsOf } from './fakes';

const trials = trialsOf(3);
const lr = columnOf('lr', [0.1, 0.2, 0.3]);
const rmse = columnOf('rmse', [5, 4, 3]);
let focus: FakeFocus;

async function show(fields: Partial<IScatterChartProps> = {}) {
  const rendered = render(
    <ScatterChart
      title="rmse over lr"
      trials={trials}
      focus={focus}
      trans={trans}
      x={lr}
      y={rmse}
      {...fields}
    />
  );
  await until(
    () =>
      rendered.container.querySelector('.jp-StudioChart-plot svg path') !== null
  );
  return rendered;
}

const plot = () => screen.getByRole('group');
const key = (name: string, more = {}) =>
  fireEvent.keyDown(plot(), { key: name, ...more });

describe('ScatterChart', () => {
  beforeAll(fakeObservers);
  beforeEach(() => {
    focus = new FakeFocus();
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('draws a point for each trial, with names and marks of the axes', async () => {
    const { container } = await show();
    const texts = [...container.querySelectorAll('text')].map(
      each => each.textContent
    );
    expect(texts).toEqual(expect.arrayContaining(['lr', 'rmse', '4']));
    const points = container.querySelectorAll('path[fill="#0072b2"]');
    expect(points.length).toBe(3);
    expect(plot().getAttribute('aria-label')).toBe(
      'rmse over lr: 3 trials, rmse over lr'
    );
  });

  it('goes through the points by keys, and selects', async () => {
    await show();
    key('Home');
    expect(focus.hovered).toBe('run0');
    key('ArrowRight');
    expect(focus.hovered).toBe('run1');
    expect(screen.getByText('trial 1, lr: 0.2, rmse: 4')).toBeTruthy();
    key('Enter');
    expect([...focus.selected]).toEqual(['run1']);
    key('End');
    key(' ', { shiftKey: true });
    expect([...focus.selected]).toEqual(['run1', 'run2']);
    key(' ', { shiftKey: true });
    expect([...focus.selected]).toEqual(['run1']);
    key('Escape');
    expect(focus.hovered).toBeNull();
    expect(focus.selected.size).toBe(0);
  });

  it('shows what is selected elsewhere: others are faint', async () => {
    const { container } = await show();
    act(() => focus.select(['run1']));
    await until(
      () => container.querySelectorAll('path[fill-opacity="0.15"]').length === 2
    );
    act(() => focus.select(['not here']));
    await until(
      () => container.querySelectorAll('path[fill-opacity="0.15"]').length === 0
    );
  });

  it('is a table at a click, and copies its data', async () => {
    const copy = jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(() => undefined);
    await show();
    fireEvent.click(screen.getByTitle('Copy the data'));
    expect(copy).toHaveBeenCalledWith(
      'Trial\tlr\trmse\ntrial 0\t0.1\t5\ntrial 1\t0.2\t4\ntrial 2\t0.3\t3\n'
    );
    fireEvent.click(screen.getByTitle('Show as a table'));
    expect(screen.getAllByRole('row')).toHaveLength(4);
    expect(screen.getByRole('cell', { name: 'trial 1' })).toBeTruthy();
  });

  it('says what it leaves out, and why there is nothing', async () => {
    await show({
      x: columnOf('lr', [-1, 0, 0.3]),
      y: columnOf('rmse', [1, NaN, 2]),
      logX: true
    });
    expect(
      screen.getByText(
        '2 values of lr that are not above 0 · 1 NaN or infinite value of rmse'
      )
    ).toBeTruthy();
    render(
      <ScatterChart
        title="nothing"
        trials={trials}
        focus={focus}
        trans={trans}
        x={columnOf('a', [null, 1, NaN])}
        y={columnOf('b', [1, null, 1])}
      />
    );
    expect(
      screen.getByText(
        'No trial has values of both, a and b, that can be drawn.'
      )
    ).toBeTruthy();
  });
});
