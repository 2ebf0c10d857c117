import { Signal } from '@lumino/signaling';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { trans, until } from '../../../__tests__/fakes';
import { HistoryChart } from '../historyChart';
import type { ISeriesSource } from '../historyChart';
import type { ISeries } from '../lineData';
import { FakePlot, seen, sized, trials, two, watchLines } from './fakePlot';
import { FakeFocus } from './fakes';

jest.mock('uplot', () => ({
  __esModule: true,
  get default() {
    return FakePlot;
  }
}));

describe('HistoryChart', () => {
  beforeAll(watchLines);

  class Source implements ISeriesSource {
    readonly changed = new Signal<this, void>(this);
    series: readonly ISeries[] = [];
    isReady = false;
    reading: number | null = null;
    error: { message: string; hint: string } | null = null;
    setActive = jest.fn();
    setWidth = jest.fn();
    zoom = jest.fn();
    retry = jest.fn();

    set(fields: Partial<Source>): void {
      act(() => {
        Object.assign(this, fields);
        this.changed.emit();
      });
    }
  }

  it('asks while it is in sight, and shows what comes', async () => {
    FakePlot.made.length = seen.length = sized.length = 0;
    const focus = new FakeFocus();
    const source = new Source();
    const { container, unmount } = render(
      <HistoryChart
        title="loss"
        source={source}
        options={{ metrics: ['loss'] }}
        trials={trials}
        focus={focus}
        trans={trans}
      />
    );
    expect(screen.getByRole('status')).toBeTruthy();
    // At once: where it is in sight is known only after it was painted.
    expect(source.setActive.mock.calls).toEqual([[true]]);
    expect(source.setWidth).toHaveBeenCalledTimes(1);
    seen[0](false);
    expect(source.setActive).toHaveBeenLastCalledWith(false);
    seen[0](true);
    expect(source.setActive).toHaveBeenLastCalledWith(true);
    jest
      .spyOn(
        container.querySelector('.jp-StudioHistoryChart')!,
        'clientWidth',
        'get'
      )
      .mockReturnValue(900);
    sized[0]();
    expect(source.setWidth).toHaveBeenLastCalledWith(900);
    source.set({ isReady: true, series: two, reading: 1234 });
    expect(
      screen.getByText('Reading histories: 1,234 values so far')
    ).toBeTruthy();
    await until(() => FakePlot.made.length === 1);
    act(() => FakePlot.made[0].setScale('x', { min: 0, max: 1 }));
    expect(source.zoom).toHaveBeenCalledWith(0, 1);
    source.set({ error: { message: 'Away.', hint: 'Wait.' } });
    expect(screen.getByRole('alert').textContent).toContain('Away.');
    fireEvent.click(screen.getByText('Try again'));
    expect(source.retry).toHaveBeenCalled();
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
    unmount();
    expect(source.setActive).toHaveBeenLastCalledWith(false);
  });
});
