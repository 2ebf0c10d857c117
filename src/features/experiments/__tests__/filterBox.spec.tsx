import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, trans, until } from '../../../__tests__/fakes';
import { FakeTrials } from '../../../__tests__/fakeTrials';
import type { FilterCheck, FilterQuery } from '../../../contract';
import { FilterBox } from '../components/filterBox';
import { readList, rebase, splice, toCharacters, toUnits } from '../filterText';

const NOTHING: FilterCheck = {
  filter: '',
  error: null,
  conditions: null,
  completions: [],
  notes: []
};

describe('filterText', () => {
  it('counts as the server does', () => {
    expect(toCharacters('a😀b', 3)).toBe(2);
    expect(toUnits('a😀b', 2)).toBe(3);
  });

  it('puts a completion in the place of what was typed', () => {
    expect(splice('metrics.rm', 0, 10, 'metrics.rmse')).toEqual({
      text: 'metrics.rmse ',
      caret: 13
    });
    expect(splice('par < 1', 0, 3, 'params.a')).toEqual({
      text: 'params.a < 1',
      caret: 9
    });
    expect(splice('a in ', 5, 5, '(').text).toBe('a in (');
  });

  it('keeps completions of an older text for the word that is typed', () => {
    const of = (older: string, start: number, end: number, text: string) =>
      rebase([{ text: 'x', label: 'x', detail: '', start, end }], older, text);
    expect(of('', 0, 0, 'optim')).toMatchObject([{ start: 0, end: 5 }]);
    expect(of('😀 op < 1', 2, 4, '😀 optim < 1')).toMatchObject([
      { start: 2, end: 7 }
    ]);
    expect(of('optim', 0, 5, 'op')).toMatchObject([{ start: 0, end: 2 }]);
    expect(of('a = "of two', 4, 11, 'a = "of two')).toHaveLength(1);
    expect(of('a < 1', 4, 5, 'a <')).toEqual([]);
    expect(of('op', 0, 2, 'optim = ')).toEqual([]);
    expect(of('lr', 0, 2, 'lr<5')).toEqual([]);
    expect(of('op < 1', 0, 2, 'op < 2')).toEqual([]);
    expect(of('a < op', 4, 6, 'b < op')).toEqual([]);
  });

  it('reads a list as it is typed', () => {
    expect(readList('a, "b, c" ,, 3')).toEqual(['a', '"b, c"', '3']);
    expect(readList('')).toEqual([]);
  });
});

describe('FilterBox', () => {
  let server: FakeServer;
  let trials: FakeTrials;
  let applied: string[];

  beforeEach(() => {
    server = new FakeServer();
    trials = new FakeTrials(server);
    applied = [];
  });

  afterEach(() => jest.restoreAllMocks());

  const box = () => screen.getByRole('combobox') as HTMLInputElement;
  const options = () =>
    screen.queryAllByRole('option').map(node => node.textContent);
  const key = (name: string, more = {}) =>
    fireEvent.keyDown(box(), { key: name, ...more });
  const type = (text: string) =>
    fireEvent.change(box(), { target: { value: text } });

  function show(filter = '') {
    return render(
      <FilterBox
        client={server.client.trials}
        experiment="e"
        applied={filter}
        onApply={next => applied.push(next)}
        trans={trans}
      />
    );
  }

  function suggest(): void {
    trials.check = ({ filter = '', cursor }) => ({
      ...NOTHING,
      filter,
      completions: ['metrics.rmse', 'metrics.r2'].map(text => ({
        text,
        label: text,
        detail: '',
        start: 0,
        end: cursor ?? 0
      }))
    });
  }

  it('completes what is typed', async () => {
    suggest();
    show();
    type('rm');
    await screen.findAllByRole('option');
    expect(options()).toEqual(['metrics.rmse', 'metrics.r2']);
    expect(box().getAttribute('aria-expanded')).toBe('true');
    key('ArrowDown');
    key('ArrowDown');
    const active = box().getAttribute('aria-activedescendant');
    expect(document.getElementById(active!)?.textContent).toBe('metrics.r2');
    await act(async () => key('Enter'));
    expect(box().value).toBe('metrics.r2 ');
    expect(applied).toEqual([]);
  });

  it('puts one of an older text in the place of all that was typed', async () => {
    suggest();
    show();
    type('o');
    const [, r2] = await screen.findAllByRole('option');
    type('optim');
    fireEvent.mouseDown(r2);
    expect(box().value).toBe('metrics.r2 ');
  });

  it('offers nothing between a word that is over and the answer', async () => {
    suggest();
    show('a < 1');
    type('r');
    await screen.findAllByRole('option');
    key('ArrowDown');
    type('r ');
    expect(options()).toEqual([]);
    key('Tab');
    key('Escape');
    expect(box().value).toBe('r ');
    key('Escape');
    expect(box().value).toBe('a < 1');
  });

  it('takes the chosen one by Tab, and one by the pointer', async () => {
    suggest();
    show();
    type('rm');
    await screen.findAllByRole('option');
    key('Tab');
    expect(box().value).toBe('rm');
    key('ArrowDown');
    key('Tab');
    expect(box().value).toBe('metrics.rmse ');
    type('r');
    const [, second] = await screen.findAllByRole('option');
    fireEvent.mouseDown(second);
    expect(box().value).toBe('metrics.r2 ');
  });

  it('asks once typing rests, for the place of the caret', async () => {
    show();
    type('a');
    type('a😀');
    type('a😀b');
    await until(() => server.of('POST trials/filter').length === 1);
    const [seen] = server.of('POST trials/filter');
    expect(seen.body).toEqual({ filter: 'a😀b', experiment: 'e', cursor: 3 });
  });

  it('applies a filter by Enter', async () => {
    show();
    type(' metrics.rmse < 1 ');
    await act(async () => key('Enter'));
    await until(() => applied.length === 1);
    expect(applied).toEqual(['metrics.rmse < 1']);
  });

  it('says what is wrong and where, and applies nothing', async () => {
    trials.check = ({ filter = '' }: FilterQuery) => ({
      ...NOTHING,
      filter,
      error: {
        message: 'A value is missing.',
        hint: 'Such as 0.1.',
        start: 14,
        end: 15
      }
    });
    const { container } = show();
    type('metrics.😀se < 1');
    await act(async () => key('Enter'));
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toBe('A value is missing. Such as 0.1.');
    expect(box().getAttribute('aria-invalid')).toBe('true');
    expect(box().getAttribute('aria-describedby')).toBe(alert.id);
    expect(container.querySelector('mark')?.textContent).toBe('1');
    expect(applied).toEqual([]);
  });

  it('reverts by Escape, after it closed the suggestions', async () => {
    suggest();
    show('metrics.rmse < 1');
    expect(box().value).toBe('metrics.rmse < 1');
    type('other');
    await screen.findAllByRole('option');
    key('Escape');
    expect(options()).toEqual([]);
    expect(box().value).toBe('other');
    key('Escape');
    expect(box().value).toBe('metrics.rmse < 1');
  });

  it('clears, and takes over what is applied elsewhere', () => {
    const { rerender } = show('a = 1');
    fireEvent.click(screen.getByRole('button', { name: 'Clear the filter' }));
    expect(applied).toEqual(['']);
    rerender(
      <FilterBox
        client={server.client.trials}
        experiment="e"
        applied="b = 2"
        onApply={() => undefined}
        trans={trans}
      />
    );
    expect(box().value).toBe('b = 2');
  });

  it('warns of columns that no trial has', async () => {
    trials.check = ({ filter = '' }: FilterQuery) => ({
      ...NOTHING,
      filter,
      notes: [
        { message: 'No trial has params.lrr.', hint: '', start: 0, end: 10 }
      ]
    });
    show();
    type('params.lrr < 1');
    await act(async () => key('Enter'));
    await until(() => applied.length === 1);
    expect(screen.getByRole('status').textContent).toContain('params.lrr');
  });

  it('applies also where the server gives no answer: the table says why', async () => {
    server.on('POST trials/filter', new Reply(503, 'away'));
    show();
    type('x');
    await act(async () => key('Enter'));
    await until(() => applied.length === 1);
  });
});
