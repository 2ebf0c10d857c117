import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, trans, until } from '../../../__tests__/fakes';
import type { TrialQuery } from '../../../contract';
import { Chooser, chooseTrial, filterOf } from '../trialChooser';

const HOSTILE = '<img src=x onerror=alert(1)>';

describe('Choosing a trial', () => {
  let server: FakeServer;
  const changed = jest.fn();

  const asked = () =>
    server.of('POST trials/table').map(({ body }) => body as TrialQuery);
  const offer = (ids: string[], matched = ids.length) => ({
    rows: ids.map(id => ({ id, values: [`name of ${id}`, 1] })),
    matched
  });
  const show = () =>
    render(
      <Chooser
        client={server.client}
        experiment="churn"
        except="mine"
        onChange={changed}
        trans={trans}
      />
    );
  const search = (value: string) =>
    fireEvent.change(screen.getByRole('searchbox'), { target: { value } });
  const chosen = () => changed.mock.calls.slice(-1)[0]?.[0] as unknown;
  const note = () => screen.getByRole('status').textContent;

  beforeEach(() => {
    changed.mockClear();
    server = new FakeServer();
  });
  afterEach(() => jest.restoreAllMocks());

  it('offers the newest, says how many there are, and chooses the first', async () => {
    server.on('POST trials/table', offer(['a', 'b'], 3_000));
    show();
    await until(() => screen.queryAllByRole('option').length === 2);
    expect(note()).toContain('The newest 2 of 3,000');
    await until(() => chosen() === 'a');
    fireEvent.change(screen.getByRole('listbox'), { target: { value: 'b' } });
    expect(changed).toHaveBeenLastCalledWith('b');
  });

  it('asks the server for others by what is typed', async () => {
    server.on('POST trials/table', ({ body }: { body: unknown }) =>
      (body as TrialQuery).filter?.includes('old')
        ? offer(['far'])
        : offer(['a', 'b'], 3_000)
    );
    show();
    await until(() => screen.queryAllByRole('option').length === 2);
    search(' old "one" ');
    await until(() => screen.queryAllByRole('option').length === 1);
    expect(asked().pop()).toMatchObject({
      experiment: 'churn',
      limit: 100,
      filter:
        '(name ~ "old \\"one\\"" or run_id ~ "old \\"one\\"") and run_id != "mine"'
    });
    expect(note()).toBe('1 trial');
    await until(() => chosen() === 'far');
  });

  it('says that nothing is called so, that there is none, and what went wrong', async () => {
    server.on('POST trials/table', offer([]));
    show();
    await until(() => note() === 'churn has no other trial.');
    search(HOSTILE);
    await until(() => note() === 'No trial is called so.');
    expect(changed).toHaveBeenLastCalledWith(null);
    server.on(
      'POST trials/table',
      new Reply(503, { code: 'unavailable', message: 'Away.', hint: '' })
    );
    search('x');
    await until(() => note() === 'Away.');
  });

  it('stays open while nothing is offered, and takes Enter then', async () => {
    server.on('POST trials/table', ({ body }: { body: unknown }) =>
      (body as TrialQuery).filter?.includes('old') ? offer(['far']) : offer([])
    );
    const options = { client: server.client, experiment: 'churn', trans };
    const answer = chooseTrial({ ...options, title: 'Which?', except: 'mine' });
    await until(() => document.querySelector('.jp-Dialog input') !== null);
    const dialog = document.querySelector('.jp-Dialog')!;
    const input = dialog.querySelector('input')!;
    const accept = dialog.querySelector<HTMLButtonElement>('.jp-mod-accept')!;
    await until(() => accept.disabled);
    fireEvent.keyDown(input, { key: 'Enter', keyCode: 13 });
    expect(document.querySelector('.jp-Dialog')).toBe(dialog);
    fireEvent.change(input, { target: { value: 'old' } });
    await until(() => !accept.disabled);
    fireEvent.keyDown(input, { key: 'Enter', keyCode: 13 });
    await expect(answer).resolves.toBe('far');
  });

  it('keeps strings of the filter language whole', () => {
    expect(filterOf('', 'a')).toBe('run_id != "a"');
    expect(filterOf('a\\" or 1', 'a')).toContain('name ~ "a\\\\\\" or 1"');
  });
});
