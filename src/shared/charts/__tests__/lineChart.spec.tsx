import { Clipboard } from '@jupyterlab/apputils';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { trans, until } from '../../../__tests__/fakes';
import { isWaiting } from '../../idle';
import { LineChart } from '../lineChart';
import type { ILineChartProps } from '../lineChart';
import { timeMarks } from '../lineMarks';
import { FakePlot, history, seen, trials, two, watchLines } from './fakePlot';
import { FakeFocus } from './fakes';

jest.mock('uplot', () => ({
  __esModule: true,
  get default() {
    return FakePlot;
  }
}));

let focus: FakeFocus;

function chart(fields: Partial<ILineChartProps> = {}) {
  return (
    <LineChart
      title="loss"
      series={two}
      options={{ metrics: ['loss'] }}
      trials={trials}
      focus={focus}
      trans={trans}
      {...fields}
    />
  );
}

async function show(fields: Partial<ILineChartProps> = {}) {
  const rendered = render(chart(fields));
  await until(() => FakePlot.made.length > 0);
  return { ...rendered, plot: FakePlot.made[FakePlot.made.length - 1] };
}

const place = () => screen.getByRole('group');

/** Put the pointer over a chart. */
function point(plot: FakePlot, left: number, top: number): void {
  act(() => {
    fireEvent.mouseEnter(plot.over);
    plot.setCursor({ left, top });
  });
}

describe('LineChart', () => {
  beforeAll(watchLines);

  beforeEach(() => {
    FakePlot.made.length = seen.length = 0;
    focus = new FakeFocus();
  });

  it('says in words what it shows, and the last values', async () => {
    await show();
    expect(place().getAttribute('aria-label')).toBe(
      'loss: first: last 1, smallest 1, largest 9; second: last 4, smallest 4, largest 8'
    );
    const entries = screen.getAllByRole('listitem');
    expect(entries.map(each => each.textContent)).toEqual([
      'first1',
      'second4'
    ]);
  });

  it('is waited for before it is drawn, but not out of sight', () => {
    const { rerender, unmount } = render(chart());
    expect(isWaiting()).toBe(true);
    seen[0](false);
    expect(isWaiting()).toBe(false);
    // What comes meanwhile is drawn when it comes into sight.
    rerender(chart({ series: [...two] }));
    expect(isWaiting()).toBe(false);
    seen[0](true);
    rerender(chart({ series: [...two] }));
    expect(isWaiting()).toBe(true);
    unmount();
    expect(isWaiting()).toBe(false);
  });

  it('takes new values without being made anew, and stays where it was zoomed to', async () => {
    const onZoom = jest.fn();
    const { plot, rerender } = await show({ onZoom });
    expect(plot.scales.x).toEqual({ min: 0, max: 2 });
    act(() => plot.setScale('x', { min: 0, max: 1 }));
    expect(onZoom.mock.calls).toEqual([[0, 1]]);
    expect(plot.scales.y).toEqual({ min: 5, max: 9 });
    const longer = [history('a', [9, 5, 1, 0])];
    rerender(chart({ onZoom, series: longer }));
    expect(FakePlot.made).toHaveLength(1);
    expect(plot.scales.x).toEqual({ min: 0, max: 1 });
    // All that is known, although only a part is there.
    rerender(chart({ onZoom, series: [history('a', [9, 5])] }));
    await until(() => plot.data[0][1] === 3);
    act(() =>
      plot.setScale('x', { min: plot.data[0][0], max: plot.data[0][1] })
    );
    expect(plot.scales.x).toEqual({ min: 0, max: 3 });
    expect(onZoom).toHaveBeenLastCalledWith(null, null);
    expect(onZoom).toHaveBeenCalledTimes(2);
  });

  it('shows the values at the crosshair, and which trial is under it', async () => {
    const { plot } = await show();
    // Half way the first trial is at 5, of 1 to 9.
    point(plot, 50, 50);
    expect(screen.getByText('step 1')).toBeTruthy();
    const entries = screen.getAllByRole('listitem');
    expect(entries.map(each => each.textContent)).toEqual([
      'first5',
      'second6'
    ]);
    expect(focus.hovered).toBe('a');
    act(() => {
      fireEvent.mouseLeave(plot.over);
      plot.setCursor({ left: -10, top: -10 });
    });
    expect(focus.hovered).toBeNull();
  });

  it('takes nothing for hovered when the pointer is over another chart', async () => {
    const { plot } = await show();
    act(() => plot.setCursor({ left: 50, top: 50 }));
    expect(screen.getByText('step 1')).toBeTruthy();
    expect(focus.hovered).toBeNull();
  });

  it('draws again what stands out, and nothing else', async () => {
    const { plot } = await show();
    const before = plot.redraws;
    act(() => focus.select(['b']));
    expect(plot.redraws).toBe(before + 1);
    expect(
      screen
        .getByRole('button', { name: 'second' })
        .getAttribute('aria-pressed')
    ).toBe('true');
  });

  it('selects the trial whose line, or name, is clicked', async () => {
    const { plot } = await show();
    point(plot, 50, 50);
    const click = (fields: object = {}) => {
      fireEvent.mouseDown(plot.over, { clientX: 5, clientY: 5 });
      fireEvent.click(plot.over, {
        clientX: 5,
        clientY: 5,
        detail: 1,
        ...fields
      });
    };
    click();
    expect([...focus.selected]).toEqual(['a']);
    fireEvent.click(screen.getByRole('button', { name: 'second' }), {
      ctrlKey: true
    });
    expect([...focus.selected]).toEqual(['a', 'b']);
    // The end of a drag is no click.
    click({ clientX: 50 });
    expect([...focus.selected]).toEqual(['a', 'b']);
    point(plot, 1, 99);
    click();
    expect([...focus.selected]).toEqual([]);
  });

  it('lets the owner say what a click does', async () => {
    const onSelect = jest.fn();
    await show({ onSelect });
    fireEvent.click(screen.getByRole('button', { name: 'first' }));
    expect(onSelect).toHaveBeenCalledWith(['a'], false);
    expect([...focus.selected]).toEqual([]);
  });

  it('stays when the line that the keyboard is at goes', async () => {
    const { rerender } = await show();
    place().focus();
    fireEvent.keyDown(place(), { key: 'ArrowLeft' });
    fireEvent.keyDown(place(), { key: 'ArrowDown' });
    expect(screen.getByText('step 2: second 4')).toBeTruthy();
    rerender(chart({ series: [two[0]] }));
    expect(screen.queryByText(/^step 2/)).toBeNull();
    fireEvent.keyDown(place(), { key: 'Enter' });
    expect([...focus.selected]).toEqual(['a']);
  });

  it('goes along lines, from line to line, nearer and farther by keys', async () => {
    const { plot } = await show();
    const press = (key: string) => fireEvent.keyDown(place(), { key });
    place().focus();
    press('ArrowLeft');
    expect(screen.getByText('step 2')).toBeTruthy();
    expect(screen.getByText('step 2: first 1')).toBeTruthy();
    press('ArrowLeft');
    press('ArrowDown');
    expect(screen.getByText('step 1: second 6')).toBeTruthy();
    expect(focus.hovered).toBe('b');
    press('Enter');
    expect([...focus.selected]).toEqual(['b']);
    press('+');
    expect(plot.scales.x).toEqual({ min: 0.5, max: 1.5 });
    press('-');
    press('0');
    expect(plot.scales.x).toEqual({ min: 0, max: 2 });
    press('Home');
    expect(screen.getByText('step 0: second 8')).toBeTruthy();
    press('Escape');
    expect(screen.queryByText(/^step/)).toBeNull();
    expect(focus.hovered).toBeNull();
  });

  it('is logarithmic at a click, and says what it leaves out', async () => {
    const { plot } = await show({ series: [history('a', [9, -1, 0, 1])] });
    expect(plot.options.scales.y.distr).toBe(1);
    fireEvent.click(screen.getByText('log'));
    await until(() => FakePlot.made.length === 2);
    expect(plot.isDestroyed).toBe(true);
    expect(FakePlot.made[1].options.scales.y.distr).toBe(3);
    expect(
      screen.getByText('2 values that are not above zero are left out')
    ).toBeTruthy();
    fireEvent.click(screen.getByText('log'));
    await until(() => FakePlot.made.length === 3);
  });

  it('states what was logged where a logarithmic axis leaves it out', async () => {
    const copied = jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(() => undefined);
    const options = { metrics: ['loss'], log_y: true };
    await show({ options, series: [history('a', [9, 0])] });
    expect(document.querySelector('.jp-StudioChart-value')?.textContent).toBe(
      '0'
    );
    expect(place().getAttribute('aria-label')).toContain(
      'last 0, smallest 0, largest 9'
    );
    fireEvent.click(screen.getByLabelText('Copy the data of loss'));
    expect(copied).toHaveBeenCalledWith(
      'line\tmetric\tstep\tvalue\nfirst\tloss\t0\t9\nfirst\tloss\t1\t0\n'
    );
    copied.mockRestore();
  });

  it('has a logarithmic axis of places where that is asked for', async () => {
    const { plot } = await show({
      options: { metrics: ['loss'], log_x: true }
    });
    expect(plot.options.scales.x.distr).toBe(3);
    expect(plot.options.scales.y.distr).toBe(1);
  });

  it('cannot be logarithmic where nothing is above zero', async () => {
    await show({ series: [history('a', [-1, 0])] });
    expect((screen.getByText('log') as HTMLButtonElement).disabled).toBe(true);
  });

  it('says how much is drawn, and what is no number', async () => {
    await show({
      series: [history('a', [1, NaN], { shown: 5000, notFinite: 1 })],
      note: 'From far away'
    });
    expect(
      screen.getByText(
        'From far away. 2 of 5,000 values are drawn, the extremes among them; 1 value is NaN or infinite'
      )
    ).toBeTruthy();
  });

  it('has no legend for many lines, and names those at the pointer', async () => {
    const many = Array.from({ length: 200 }, (_, at) => ({
      id: `run${at}`,
      label: `trial ${at}`,
      colour: at
    }));
    const { plot } = await show({
      trials: many,
      series: many.map(({ id }, at) => history(id, [at, at]))
    });
    expect(screen.queryAllByRole('listitem')).toHaveLength(0);
    point(plot, 50, 50);
    expect(screen.getByText('trial 99')).toBeTruthy();
    expect(screen.getByText(/^\+ \d+$/)).toBeTruthy();
    expect(place().getAttribute('aria-label')).toContain('192 more lines');
  });

  it('neither says how many values there are nor copies them while they are still being read', async () => {
    await show({
      series: [history('a', [1, NaN], { shown: 5000, notFinite: 1 })],
      note: 'Reading',
      isPartial: true
    });
    expect(
      screen.getByText('Reading. 1 value is NaN or infinite')
    ).toBeTruthy();
    for (const name of ['Copy the data of loss', 'Copy loss as picture']) {
      expect((screen.getByLabelText(name) as HTMLButtonElement).disabled).toBe(
        true
      );
    }
  });

  it('has no legend that would go when the rest of many lines comes', () => {
    const many = Array.from({ length: 13 }, (_, at) => ({
      id: `run${at}`,
      label: `trial ${at}`,
      colour: at
    }));
    const series = many.slice(0, 3).map(({ id }) => history(id, [0, 1]));
    const { rerender } = render(chart({ trials: many, series }));
    expect(screen.getAllByRole('listitem')).toHaveLength(3);
    rerender(chart({ trials: many, series, isPartial: true }));
    expect(screen.queryAllByRole('listitem')).toHaveLength(0);
    rerender(chart({ trials: many.slice(0, 12), series, isPartial: true }));
    expect(screen.getAllByRole('listitem')).toHaveLength(3);
  });

  it('says that there is nothing, or nothing yet', () => {
    const { rerender } = render(chart({ series: [] }));
    expect(
      screen.getByText('None of the trials has logged loss.')
    ).toBeTruthy();
    rerender(chart({ series: [], isLoading: true }));
    expect(screen.getByRole('status').getAttribute('aria-label')).toBe(
      'Loading loss'
    );
    rerender(
      chart({ options: { metrics: ['loss'], x: 'metric', x_metric: 'acc' } })
    );
    expect(
      screen.getByText('There is nothing that this chart can show.')
    ).toBeTruthy();
    expect(
      screen.getByLabelText('Copy the data of loss').hasAttribute('disabled')
    ).toBe(true);
  });

  it('gives one place, and equal values, an axis, and shows what follows', async () => {
    const onZoom = jest.fn();
    const { plot, rerender } = await show({
      onZoom,
      series: [history('a', [7])]
    });
    expect(plot.scales.x).toEqual({ min: -0.5, max: 0.5 });
    expect(plot.scales.y).toEqual({ min: 7, max: 7 });
    rerender(chart({ onZoom, series: [history('a', [7, 8, 9])] }));
    await until(() => plot.scales.x.max === 2);
    expect(plot.scales.x).toEqual({ min: 0, max: 2 });
    expect(onZoom).not.toHaveBeenCalled();
  });

  it('shares its crosshair with charts of the same axis only', async () => {
    await show({ sync: 'view' });
    await show({ sync: 'view', options: { metrics: ['loss'], x: 'relative' } });
    const over = (x_metric: string) =>
      show({
        sync: 'view',
        series: ['loss', 'acc', 'f1'].map(metric =>
          history('a', [1, 2], { metric })
        ),
        options: { metrics: ['loss'], x: 'metric', x_metric }
      });
    await over('acc');
    await over('f1');
    await over('f1');
    await until(() => FakePlot.made.length === 5);
    const keys = FakePlot.made.map(({ options }) => options.cursor.sync!.key);
    expect(new Set(keys).size).toBe(4);
    expect(keys[4]).toBe(keys[3]);
  });

  it('copies its points as a table', async () => {
    const copied = jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(() => undefined);
    await show({
      series: [history('a', [1, 2])],
      trials: [{ id: 'a', label: '=cmd()\thi', colour: 0 }]
    });
    fireEvent.click(screen.getByLabelText('Copy the data of loss'));
    expect(copied).toHaveBeenCalledWith(
      "line\tmetric\tstep\tvalue\n'=cmd() hi\tloss\t0\t1\n'=cmd() hi\tloss\t1\t2\n"
    );
    expect(screen.getByText('Copied the data')).toBeTruthy();
    copied.mockRestore();
  });

  it('states what was logged where it is smoothed', async () => {
    await show({ options: { metrics: ['loss'], smoothing: 0.9 } });
    const legend = [...document.querySelectorAll('.jp-StudioChart-value')].map(
      each => each.textContent
    );
    expect(legend).toEqual(['1', '4']);
    expect(place().getAttribute('aria-label')).toContain(
      'first: last 1, smallest 1, largest 9'
    );
    fireEvent.keyDown(place(), { key: 'Home' });
    expect(document.querySelector('.jp-StudioChart-value')?.textContent).toBe(
      '9'
    );
  });

  it('tells the owner of another scale', async () => {
    const onLog = jest.fn();
    await show({ onLog });
    const log = () => screen.getByRole('button', { name: 'log' });
    fireEvent.click(log());
    expect(onLog).toHaveBeenCalledWith(true);
    expect(log().getAttribute('aria-pressed')).toBe('true');
    fireEvent.click(log());
    expect(onLog).toHaveBeenLastCalledWith(false);
  });

  it('says that it is smoothed, and copies what was logged', async () => {
    const copied = jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(() => undefined);
    const options = { metrics: ['loss'], smoothing: 0.5 };
    const series = [history('a', [1, 4])];
    const { rerender } = await show({ series, options });
    expect(screen.getByText('smoothed')).toBeTruthy();
    fireEvent.click(screen.getByLabelText('Copy the data of loss'));
    expect(copied).toHaveBeenLastCalledWith(
      'line\tmetric\tstep\tvalue\tsmoothed\nfirst\tloss\t0\t1\t1\nfirst\tloss\t1\t4\t3\n'
    );
    const groups = [{ label: 'all', colour: 0, runIds: ['a'] }];
    rerender(chart({ series, options, groups }));
    fireEvent.click(screen.getByLabelText('Copy the data of loss'));
    expect(copied).toHaveBeenLastCalledWith(
      'line\tmetric\tstep\tvalue\tsmoothed\tlow\thigh\nall\tloss\t0\t1\t1\t1\t1\nall\tloss\t1\t4\t3\t4\t4\n'
    );
    copied.mockRestore();
  });

  it('shows hostile names as they are', async () => {
    const name = '<img src=x onerror=alert(1)>';
    await show({ title: name, trials: [{ id: 'a', label: name, colour: 0 }] });
    expect(screen.getAllByText(name)).toHaveLength(2);
    expect(document.querySelector('img')).toBeNull();
  });

  it('tells the owner that all is shown when it is made anew', async () => {
    const onZoom = jest.fn();
    const { plot, rerender } = await show({ onZoom });
    act(() => plot.setScale('x', { min: 0, max: 1 }));
    rerender(chart({ onZoom, options: { metrics: ['loss'], x: 'time' } }));
    expect(onZoom).toHaveBeenLastCalledWith(null, null);
    await until(() => FakePlot.made.length === 2);
    expect(FakePlot.made[1].options.scales.x.time).toBe(true);
  });
});

describe('timeMarks', () => {
  it('names the day where it begins', () => {
    const noon = new Date(2026, 10, 26, 12).getTime() / 1000;
    const marks = timeMarks([noon, noon + 3600, noon + 86_400], 3600);
    expect(marks.map(each => each.split('\n').length)).toEqual([2, 1, 2]);
    expect(timeMarks([noon], 86_400)[0]).not.toContain('\n');
  });
});
