import type { EChartsType } from 'echarts/core';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { trans, until } from '../../../__tests__/fakes';
import type { IImportance } from '../importance';
import { ImportanceChart } from '../importanceChart';
import { ParallelChart } from '../parallelChart';
import { FakeFocus, columnOf, fakeObservers, trialsOf } from './fakes';

const importance: IImportance = {
  name: 'rmse',
  trials: 40,
  score: 0.8,
  thin: '',
  items: [
    {
      key: 'params.lr',
      name: 'lr',
      importance: 1,
      spread: 0.1,
      correlation: -0.8
    }
  ]
};
const events: Record<string, (event: unknown) => void> = {};
let library: EChartsType;

jest.mock('../chartLibrary', () => {
  const { init } = jest.requireActual('../chartLibrary');
  return {
    init: (...options: unknown[]) => {
      const chart = init(...options);
      library = chart;
      const on = chart.on.bind(chart);
      chart.on = (name: string, listener: (event: unknown) => void) => {
        events[name] = listener;
        return on(name, listener);
      };
      return chart;
    }
  };
});

describe('ImportanceChart', () => {
  beforeAll(fakeObservers);

  it('waits, draws, and keeps what it knew when an error comes', async () => {
    const retry = jest.fn();
    const chart = (fields: object) => (
      <ImportanceChart
        title="What matters"
        focus={new FakeFocus()}
        trans={trans}
        importance={null}
        onRetry={retry}
        {...fields}
      />
    );
    const { container, rerender } = render(chart({}));
    expect(screen.getByRole('status')).toBeTruthy();
    rerender(chart({ importance }));
    await until(() => container.textContent!.includes('lr ↓'));
    expect(screen.getByRole('group').getAttribute('aria-label')).toBe(
      'What matters: lr 100 %, correlation -0.80'
    );
    rerender(chart({ importance, error: 'The server is away.' }));
    expect(screen.getByRole('alert').textContent).toContain('away');
    expect(screen.getByRole('group')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(retry).toHaveBeenCalledTimes(1);
  });
});

describe('ParallelChart', () => {
  beforeAll(fakeObservers);

  it('selects what is brushed, and hovers what is pointed at', async () => {
    const focus = new FakeFocus();
    const { container } = render(
      <ParallelChart
        title="parallel"
        trials={trialsOf(3)}
        columns={[columnOf('a', [1, 2, 3]), columnOf('b', [3, 2, 1])]}
        focus={focus}
        trans={trans}
      />
    );
    await until(
      () => container.querySelector('.jp-StudioChart-plot svg path') !== null
    );
    const brush = (axis: string, intervals: [number, number][]) =>
      act(() => events.axisareaselected({ parallelAxisId: axis, intervals }));
    brush('0', [[0.4, 1]]);
    expect([...focus.selected]).toEqual(['run1', 'run2']);
    brush('1', [[0.4, 1]]);
    expect([...focus.selected]).toEqual(['run1']);
    brush('0', []);
    expect([...focus.selected]).toEqual(['run0', 'run1']);
    act(() => events.mouseover({ data: { mark: 2 } }));
    expect(focus.hovered).toBe('run2');
    act(() => events.mouseout({}));
    expect(focus.hovered).toBeNull();
    act(() =>
      events.click({ data: { mark: 2 }, event: { event: { ctrlKey: true } } })
    );
    expect([...focus.selected]).toEqual(['run0', 'run1', 'run2']);
    act(() => events.click({ data: { mark: 2 } }));
    expect([...focus.selected]).toEqual(['run2']);
    act(() => events.click({ data: { mark: 2 } }));
    expect(focus.selected.size).toBe(0);
  });

  it('keeps what is brushed when values come, until the selection is cleared', async () => {
    const focus = new FakeFocus();
    const columns = [columnOf('a', [1, 2, 3]), columnOf('b', [3, 2, 1])];
    const chart = (shown: typeof columns) => (
      <ParallelChart
        title="parallel"
        trials={trialsOf(3)}
        columns={shown}
        focus={focus}
        trans={trans}
      />
    );
    const { container, rerender } = render(chart(columns));
    const paths = () =>
      container.querySelectorAll('.jp-StudioChart-plot svg path').length;
    await until(() => paths() > 0);
    /** What the library takes for brushed, by axis. */
    const active = () =>
      [0, 1].map(
        axis =>
          (
            library as unknown as {
              getModel(): {
                getComponent(
                  type: string,
                  at: number
                ): { activeIntervals: number[][] };
              };
            }
          )
            .getModel()
            .getComponent('parallelAxis', axis).activeIntervals
      );
    const brush = (intervals: number[][]) =>
      act(() =>
        library.dispatchAction({
          type: 'axisAreaSelect',
          parallelAxisId: '0',
          intervals
        })
      );
    const isDrawn = () => {
      library.getZr().flush();
      return paths();
    };
    const none = isDrawn();
    brush([[0.4, 1]]);
    expect([...focus.selected]).toEqual(['run1', 'run2']);
    rerender(chart([columnOf('a', [1, 2, 4]), columns[1]]));
    expect(active()).toEqual([[[0.4, 1]], []]);
    expect(isDrawn()).toBeGreaterThan(none);
    // The axes in another order.
    rerender(chart([columns[1], columns[0]]));
    expect(active()).toEqual([[], [[0.4, 1]]]);
    act(() => focus.select([]));
    expect(active()).toEqual([[], []]);
    expect(isDrawn()).toBe(none);
    // What is brushed and finds nothing stays, up to Escape.
    brush([[0.1, 0.2]]);
    expect(focus.selected.size).toBe(0);
    act(() => focus.hover('run1'));
    expect(active()[0]).toEqual([[0.1, 0.2]]);
    fireEvent.keyDown(screen.getByRole('group'), { key: 'Escape' });
    expect(active()).toEqual([[], []]);
  });
});
