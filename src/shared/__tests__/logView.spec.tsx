import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { trans } from '../../__tests__/fakes';
import { LogView } from '../logView';
import type { ILogViewProps } from '../logView';

function show(props: Partial<ILogViewProps> = {}) {
  const onEarlier = jest.fn();
  const all: ILogViewProps = {
    lines: ['first', 'second', ''],
    skipped: 0,
    isComplete: false,
    trans,
    onEarlier,
    ...props
  };
  const view = render(<LogView {...all} />);
  return {
    onEarlier,
    rows: () =>
      [...view.container.querySelectorAll('.jp-StudioLog-line')].map(
        row => row.textContent
      ),
    marks: () => view.container.querySelectorAll('.jp-StudioLog-mark').length,
    rerender: (changed: Partial<ILogViewProps>) =>
      view.rerender(<LogView {...all} {...changed} />)
  };
}

describe('LogView', () => {
  it('shows lines and does not count the end of the last', () => {
    const { rows } = show();
    expect(rows()).toEqual(['first', 'second']);
    expect(screen.getByText('2 lines')).toBeTruthy();
    expect(screen.queryByText(/Skipped/)).toBeNull();
  });

  it('says whether nothing came or nothing came yet', () => {
    const { rerender } = show({ lines: [] });
    expect(screen.getByText('Nothing was written yet.')).toBeTruthy();
    rerender({ lines: [], isComplete: true });
    expect(screen.getByText('The job wrote nothing.')).toBeTruthy();
  });

  it('says how much it skipped and offers it', () => {
    const { onEarlier } = show({ skipped: 12_000_000 });
    expect(screen.getByText(/Skipped 12 MB/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'show earlier' }));
    expect(onEarlier).toHaveBeenCalledTimes(1);
  });

  it('draws only what is in sight', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i}`);
    const { rows } = show({ lines });
    expect(rows().length).toBeGreaterThan(10);
    expect(rows().length).toBeLessThan(200);
    expect(screen.getByText('100000 lines')).toBeTruthy();
  });

  it('searches, counts, and steps round', () => {
    const { marks } = show({ lines: ['apple', 'pear', 'Apple pie', 'apple'] });
    const field = screen.getByRole('searchbox', { name: 'Search the log' });
    fireEvent.change(field, { target: { value: 'apple' } });
    expect(screen.getByText('1 of 3')).toBeTruthy();
    expect(marks()).toBe(3);
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(screen.getByText('2 of 3')).toBeTruthy();
    fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
    fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
    expect(screen.getByText('3 of 3')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Next match' }));
    expect(screen.getByText('1 of 3')).toBeTruthy();
    fireEvent.change(field, { target: { value: 'cherry' } });
    expect(screen.getByText('none')).toBeTruthy();
    expect(marks()).toBe(0);
  });

  it('follows until the person scrolls up, and again at the end', () => {
    show({ lines: Array.from({ length: 1000 }, (_, i) => `line ${i}`) });
    const follow = screen.getByRole('checkbox', { name: 'Follow' });
    const scroller = screen.getByRole('region', { name: 'Log' });
    Object.defineProperties(scroller, {
      scrollHeight: { value: 18_000 },
      clientHeight: { value: 500 }
    });
    expect(follow).toHaveProperty('checked', true);
    scroller.scrollTop = 17_500;
    fireEvent.scroll(scroller);
    scroller.scrollTop = 9_000;
    fireEvent.scroll(scroller);
    expect(follow).toHaveProperty('checked', false);
    scroller.scrollTop = 17_500;
    fireEvent.scroll(scroller);
    expect(follow).toHaveProperty('checked', true);
  });

  it('does not move what is read when earlier lines come', () => {
    const { rerender } = show({
      lines: Array.from({ length: 100 }, (_, i) => `new ${i}`),
      skipped: 900
    });
    fireEvent.click(screen.getByRole('checkbox', { name: 'Follow' }));
    const scroller = screen.getByRole('region', { name: 'Log' });
    scroller.scrollTop = 360;
    rerender({
      lines: Array.from({ length: 150 }, (_, i) => `all ${i}`),
      skipped: 0
    });
    expect(scroller.scrollTop).toBe(360 + 50 * 18);
  });
});
