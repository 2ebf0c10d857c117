import { Clipboard } from '@jupyterlab/apputils';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { trans, until } from '../../__tests__/fakes';
import { Chart } from '../chart';
import type { IChartProps } from '../chart';
import type { ILine } from '../chartData';
import { formatMemory } from '../format';

interface IMade {
  options: {
    scales: { y: { distr?: number; range?: unknown }; x: { range: unknown } };
    series: { label?: string; dash?: number[]; stroke: () => string }[];
    axes: { values: (chart: unknown, splits: number[]) => string[] }[];
    hooks: Record<string, ((chart: unknown) => void)[]>;
  };
  data: unknown[];
  cursors: number[];
  destroyed: boolean;
  sizes: number;
  zoom: unknown[];
}

const made: IMade[] = [];
/** What the x axis shows. */
const whole = { min: 0, max: 2 };

jest.mock('uplot', () => {
  /** Draws nothing and remembers everything: jsdom has no canvas. */
  class FakePlot {
    static rangeNum = (low: number, high: number) => [low, high];
    constructor(options: IMade['options'], data: unknown) {
      this._made = {
        options,
        data: [data],
        cursors: [],
        destroyed: false,
        sizes: 0,
        zoom: []
      };
      made.push(this._made);
    }
    scales = { x: whole };
    batch(change: () => void) {
      change();
    }
    setScale(_: string, range: unknown) {
      this._made.zoom.push(range);
    }
    ctx = { canvas: document.createElement('canvas') };
    width = 300;
    height = 180;
    setData(data: unknown) {
      this._made.data.push(data);
    }
    setCursor({ left }: { left: number }) {
      this._made.cursors.push(left);
    }
    setSize() {
      this._made.sizes += 1;
    }
    valToPos(value: number) {
      return value * 10;
    }
    redraw() {}
    destroy() {
      this._made.destroyed = true;
    }
    private readonly _made: IMade;
  }
  return { __esModule: true, default: FakePlot };
});

const loss: ILine = { label: 'loss', x: [0, 1, 2], y: [3, 2, 0.5], colour: 0 };
const other: ILine = { label: 'child', x: [1, 2], y: [9, 8], colour: 9 };

function chart(fields: Partial<IChartProps> = {}) {
  return (
    <Chart title="loss" lines={[loss]} axis="step" trans={trans} {...fields} />
  );
}

async function show(fields: Partial<IChartProps> = {}) {
  const rendered = render(chart(fields));
  await until(() => made.length > 0);
  return rendered;
}

const plot = () => screen.getByRole('group');

describe('Chart', () => {
  beforeAll(() => {
    const observer = (callback: (entries: unknown[]) => void) => ({
      observe: () => callback([{ isIntersecting: true }]),
      disconnect: jest.fn()
    });
    Object.assign(window, {
      IntersectionObserver: jest.fn().mockImplementation(callback => {
        const made = observer(callback);
        return {
          ...made,
          observe: () => queueMicrotask(() => made.observe())
        };
      }),
      ResizeObserver: jest.fn().mockImplementation(() => ({
        observe: jest.fn(),
        disconnect: jest.fn()
      }))
    });
  });

  beforeEach(() => {
    made.length = 0;
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('says the last value, and in words what it shows', async () => {
    await show();
    expect(screen.getByText('0.5')).toBeTruthy();
    expect(plot().getAttribute('aria-label')).toBe(
      'loss: last 0.5, smallest 0.5, largest 3'
    );
  });

  it('is made once and takes new values', async () => {
    const { rerender } = await show();
    const grown = { ...loss, x: [0, 1, 2, 3], y: [3, 2, 0.5, 0.4] };
    rerender(chart({ lines: [grown] }));
    expect(made).toHaveLength(1);
    expect(made[0].data[made[0].data.length - 1]).toEqual([grown.x, grown.y]);
    expect(screen.getByText('0.4')).toBeTruthy();
  });

  it('stays where it was zoomed to, also when another chart was', async () => {
    const { rerender } = await show();
    const grown = { ...loss, x: [0, 1, 2, 3], y: [3, 2, 0.5, 0.4] };
    // Charts with a common crosshair are zoomed, and zoomed back, without an event of their own.
    whole.max = 1;
    rerender(chart({ lines: [grown] }));
    expect(made[0].zoom).toEqual([{ min: 0, max: 1 }]);
    whole.max = 3;
    rerender(chart({ lines: [{ ...grown, y: [3, 2, 1, 0] }] }));
    expect(made[0].zoom).toHaveLength(1);
    whole.max = 2;
  });

  it('is made anew for other lines, and ends with its place', async () => {
    const { rerender, unmount } = await show();
    rerender(chart({ lines: [loss, other] }));
    await until(() => made.length === 2);
    expect(made[0].destroyed).toBe(true);
    unmount();
    expect(made[1].destroyed).toBe(true);
  });

  it('names each of several lines with its value; later colours are dashed', async () => {
    await show({ lines: [loss, other] });
    expect(
      screen.getAllByRole('listitem').map(each => each.textContent)
    ).toEqual(['loss0.5', 'child8']);
    expect(made[0].options.series.map(({ dash }) => dash)).toEqual([
      undefined,
      undefined,
      [6, 3]
    ]);
  });

  it('shows the values at the crosshair', async () => {
    await show({ lines: [loss, other] });
    act(() =>
      made[0].options.hooks.setCursor[0]({ cursor: { idx: 0, left: 5 } })
    );
    expect(screen.getByText('step 0')).toBeTruthy();
    expect(
      screen.getAllByRole('listitem').map(each => each.textContent)
    ).toEqual(['loss3', 'child–']);
    act(() =>
      made[0].options.hooks.setCursor[0]({ cursor: { idx: 0, left: -10 } })
    );
    expect(screen.queryByText('step 0')).toBeNull();
  });

  it('draws single words for the crosshair, and nothing for the same properties', async () => {
    const { rerender } = await show({ lines: [loss, other] });
    const words = jest.spyOn(trans, '__');
    const drawn = () =>
      words.mock.calls.filter(([text]) => text === 'Logarithmic scale').length;
    const lines = [loss, other];
    rerender(chart({ lines }));
    expect(drawn()).toBe(1);
    for (const idx of [0, 1, 2]) {
      act(() =>
        made[0].options.hooks.setCursor[0]({ cursor: { idx, left: 5 } })
      );
    }
    expect(screen.getByText('step 2')).toBeTruthy();
    rerender(chart({ lines }));
    expect(drawn()).toBe(1);
    rerender(chart({ lines, title: 'accuracy' }));
    expect(drawn()).toBe(2);
    expect(screen.getByText('step 2')).toBeTruthy();
  });

  it('says to those who do not see it where the keys led', async () => {
    const { container } = await show();
    const said = () => container.querySelector('[aria-live]')?.textContent;
    fireEvent.keyDown(plot(), { key: 'Home' });
    expect(said()).toBe('');
    plot().focus();
    fireEvent.keyDown(plot(), { key: 'ArrowRight' });
    expect(said()).toBe('step 1: 2');
    fireEvent.blur(plot());
    expect(said()).toBe('');
  });

  it('moves the crosshair by keys', async () => {
    await show();
    fireEvent.keyDown(plot(), { key: 'ArrowLeft' });
    expect(screen.getByText('step 2')).toBeTruthy();
    fireEvent.keyDown(plot(), { key: 'ArrowLeft' });
    expect(screen.getByText('step 1')).toBeTruthy();
    fireEvent.keyDown(plot(), { key: 'Home' });
    fireEvent.keyDown(plot(), { key: 'ArrowLeft' });
    expect(screen.getByText('step 0')).toBeTruthy();
    expect(screen.getByText('3')).toBeTruthy();
    fireEvent.keyDown(plot(), { key: 'Escape' });
    expect(screen.queryByText('step 0')).toBeNull();
    expect(made[0].cursors).toEqual([20, 10, 0, 0, -10]);
  });

  it('has no crosshair without points', async () => {
    await show({ lines: [{ ...loss, x: [], y: [] }] });
    fireEvent.keyDown(plot(), { key: 'ArrowLeft' });
    expect(made[0].cursors).toEqual([]);
    expect(plot().getAttribute('aria-label')).toBe('loss: no values');
  });

  it('is logarithmic at a click, where there is something above zero', async () => {
    const { unmount } = await show({
      lines: [{ ...loss, y: [-3, 2, 0.5] }]
    });
    const toggle = screen.getByRole('button', { name: 'log' });
    expect(toggle.getAttribute('aria-pressed')).toBe('false');
    fireEvent.click(toggle);
    await until(() => made.length === 2);
    expect(toggle.getAttribute('aria-pressed')).toBe('true');
    expect(made[1].options.scales.y.distr).toBe(3);
    expect(made[1].data[0]).toEqual([
      [0, 1, 2],
      [null, 2, 0.5]
    ]);
    unmount();
    render(chart({ lines: [{ ...loss, y: [-3, -2, 0] }] }));
    expect(
      screen.getByRole<HTMLButtonElement>('button', { name: 'log' }).disabled
    ).toBe(true);
  });

  it('keeps the limit in sight', async () => {
    await show({
      fromZero: true,
      format: formatMemory,
      limit: { value: 1024, label: 'limit' }
    });
    const range = made[0].options.scales.y.range as (
      chart: unknown,
      low: number | null,
      high: number | null
    ) => number[];
    expect(range(null, 10, 20)).toEqual([0, 1024]);
    expect(range(null, 10, 2048)).toEqual([0, 2048]);
    expect(range(null, null, null)).toEqual([0, 1]);
    expect(plot().getAttribute('aria-label')).toContain('limit 1 KiB');
  });

  it('writes steps as whole numbers and times as a clock', async () => {
    await show();
    expect(made[0].options.axes[0].values(null, [0, 0.5, 1000])).toEqual([
      '0',
      '',
      (1000).toLocaleString()
    ]);
    made.length = 0;
    await show({ axis: 'elapsed' });
    expect(made[0].options.axes[0].values(null, [0, 75])).toEqual([
      '0:00',
      '1:15'
    ]);
  });

  it('gives an axis of one point a length', async () => {
    await show();
    const range = made[0].options.scales.x.range as (
      chart: unknown,
      low: number | null,
      high: number | null
    ) => unknown;
    expect(range(null, 5, 5)).toEqual([4.5, 5.5]);
    expect(range(null, 5, 6)).toEqual([5, 6]);
    expect(range(null, null, null)).toEqual([null, null]);
    made.length = 0;
    await show({ lines: [{ ...loss, x: [7], y: [1] }] });
    expect(
      (made[0].options.scales.x.range as typeof range)(null, 0, 100)
    ).toEqual([6.5, 7.5]);
  });

  it('copies its data', async () => {
    const copy = jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(() => undefined);
    await show();
    fireEvent.click(
      screen.getByRole('button', { name: 'Copy the data of loss' })
    );
    expect(copy).toHaveBeenCalledWith('step\tloss\n0\t3\n1\t2\n2\t0.5\n');
    expect(screen.getByText('Copied the data')).toBeTruthy();
  });

  it('shows hostile names as they are', async () => {
    const { container } = await show({ title: '<img src=x onerror=alert(1)>' });
    expect(container.querySelector('img')).toBeNull();
    expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy();
  });

  it('has neither buttons nor axes when it is small', async () => {
    await show({ isSmall: true });
    expect(screen.queryByRole('button')).toBeNull();
  });
});
