import {
  act,
  fireEvent,
  render,
  screen,
  waitFor,
  within
} from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, trans } from '../../../__tests__/fakes';
import type { TextDiff, TrialDiff } from '../../../contract';
import { TextDiffView } from '../components/textDiffView';
import { DiffView } from '../components/diffView';
import { DiffModel } from '../diffModel';
import { readArgs, runsOf } from '../diffArgs';

const BAIT = '<img src=x onerror="window.planted=1">';

function answer(
  part: TrialDiff['part'],
  fields: Partial<TrialDiff>
): TrialDiff {
  return {
    first: { run_id: 'a', name: 'one', experiment: 'e', job_id: null },
    second: { run_id: 'b', name: `two ${BAIT}`, experiment: 'e', job_id: null },
    part,
    state: 'different',
    message: 'They differ.',
    hint: '',
    notes: [],
    notebook: null,
    code: null,
    environment: null,
    data: null,
    artifacts: null,
    ...fields
  };
}

function text(
  ...blocks: [TextDiff['blocks'][number]['kind'], string[]][]
): TextDiff {
  let [first, second] = [1, 1];
  return {
    added: 0,
    removed: 0,
    note: '',
    blocks: blocks.map(([kind, lines]) => {
      const block = { kind, first, second, count: lines.length, lines };
      first += kind === 'added' ? 0 : lines.length;
      second += kind === 'removed' ? 0 : lines.length;
      return block;
    })
  };
}

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => `line ${index + 1}`);

describe('TextDiffView', () => {
  it('numbers the lines of both sides and marks the words', () => {
    const diff = text(
      ['same', ['import os']],
      ['removed', ['rate = 0.1']],
      ['added', ['rate = 0.25', BAIT]]
    );
    render(<TextDiffView diff={diff} label="cell" trans={trans} />);
    const rows = within(screen.getByRole('table', { name: 'cell' }))
      .getAllByRole('row')
      .map(row => [...row.querySelectorAll('td')].map(td => td.textContent));
    expect(rows).toEqual([
      ['1', '1', '\u00a0', 'import os'],
      ['2', '', '−', 'rate = 0.1'],
      ['', '2', '+', 'rate = 0.25'],
      ['', '3', '+', BAIT]
    ]);
    const marks = [...document.querySelectorAll('mark')];
    expect(marks.map(mark => mark.textContent)).toEqual(['0.1', '0.25']);
    expect(screen.getAllByRole('img', { name: 'added' })).toHaveLength(2);
    expect(document.querySelector('img')).toBeNull();
  });

  it('folds what stays the same, until it is asked for', () => {
    const diff = text(['same', many(30)], ['added', ['x']], ['same', many(4)]);
    render(<TextDiffView diff={diff} label="cell" trans={trans} />);
    expect(screen.queryByText('line 1')).not.toBeNull();
    expect(screen.queryByText('line 20')).toBeNull();
    fireEvent.click(screen.getByText('Show 27 unchanged lines'));
    expect(screen.queryByText('line 20')).not.toBeNull();
    expect(screen.queryByText(/unchanged/)).toBeNull();
  });

  it('says what was left out', () => {
    const diff = text(['added', ['x']]);
    diff.blocks.push({ kind: 'gap', first: 1, second: 2, count: 7, lines: [] });
    diff.note = '5 more lines are not shown.';
    render(<TextDiffView diff={diff} label="cell" trans={trans} />);
    screen.getByText('7 unchanged lines, not loaded');
    screen.getByText('5 more lines are not shown.');
  });
});

describe('DiffView', () => {
  let server: FakeServer;
  let model: DiffModel;

  const open = (runs = ['a', 'b']) => {
    model = new DiffModel(server.client.trials, runs);
    return render(<DiffView model={model} trans={trans} />);
  };

  beforeEach(() => {
    server = new FakeServer();
    Element.prototype.scrollIntoView = jest.fn();
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  const cell = (change: 'same' | 'changed', place: number) => ({
    change,
    kind: 'code',
    first: place,
    second: place,
    label: `cell ${BAIT}`,
    source: text(['removed', ['x = 1']], ['added', ['x = 2']]),
    outputs: 'changed' as const,
    output_text: text(['added', ['printed']]),
    pictures: [{ media_type: 'image/png', first: 'AAAA', second: null }]
  });

  it('shows the cells that differ, folds the others, and leaves outputs aside', async () => {
    server.on('GET trials/a/diff/b', ({ path }: { path: string }) =>
      path.includes('part=notebook')
        ? answer('notebook', {
            notes: ['Not all of it is shown.'],
            notebook: {
              first_place: 'here',
              second_place: 'there',
              cells: [
                { ...cell('same', 1), outputs: 'same' },
                cell('changed', 2),
                cell('same', 3)
              ],
              changed: 1,
              outputs_changed: 2
            }
          })
        : new Reply(500, 'unexpected')
    );
    open();
    screen.getByRole('status', { name: 'Comparing…' });
    await screen.findByText('They differ.');
    screen.getByText('Not all of it is shown.');
    screen.getByText(`two ${BAIT}`);
    expect(screen.getAllByRole('region')).toHaveLength(2);
    expect(screen.getAllByText('printed')).toHaveLength(2);
    expect(screen.getAllByAltText('− first')[0].getAttribute('src')).toBe(
      'data:image/png;base64,AAAA'
    );
    fireEvent.click(screen.getByLabelText('Outputs'));
    expect(screen.queryByText('printed')).toBeNull();
    expect(screen.getAllByRole('region')).toHaveLength(1);
    fireEvent.click(screen.getAllByText('Show 1 unchanged cell')[0]);
    expect(screen.getAllByRole('region')).toHaveLength(2);
    expect(document.querySelector('img[src="x"]')).toBeNull();
  });

  it('goes from change to change by key', async () => {
    server.on(
      'GET trials/a/diff/b',
      answer('notebook', {
        notebook: {
          first_place: '',
          second_place: '',
          cells: [cell('changed', 1)],
          changed: 1,
          outputs_changed: 1
        }
      })
    );
    open();
    await screen.findByText('They differ.');
    const current = () =>
      [...document.querySelectorAll('[data-change]')].findIndex(
        node => (node as HTMLElement).dataset['change'] === 'current'
      );
    const tab = screen.getByRole('tab', { name: /Notebook/ });
    fireEvent.keyDown(tab, { key: 'n' });
    expect(current()).toBe(0);
    fireEvent.keyDown(tab, { key: 'n' });
    expect(current()).toBe(1);
    fireEvent.keyDown(tab, { key: 'p' });
    fireEvent.keyDown(tab, { key: 'p' });
    expect(current()).toBe(3);
    fireEvent.keyDown(tab, { key: 'n', ctrlKey: true });
    expect(current()).toBe(3);
  });

  it('fetches a part when it is shown, once, and again when asked', async () => {
    server.on('GET trials/a/diff/b', ({ path }: { path: string }) => {
      const part = /part=(\w+)/.exec(path)![1] as TrialDiff['part'];
      return answer(part, {
        state: 'same',
        message: `The ${part} is the same.`
      });
    });
    open();
    await screen.findByText('The notebook is the same.');
    const tabs = screen.getByRole('tablist');
    fireEvent.keyDown(tabs, { key: 'ArrowRight' });
    await screen.findByText('The code is the same.');
    fireEvent.click(screen.getByRole('tab', { name: /Notebook/ }));
    screen.getByText('The notebook is the same.');
    expect(server.of('GET trials/a/diff/b')).toHaveLength(2);
    fireEvent.click(screen.getByRole('button', { name: 'Compare again' }));
    await waitFor(() =>
      expect(server.of('GET trials/a/diff/b')).toHaveLength(3)
    );
  });

  it('swaps the sides, and chooses among more than two', async () => {
    for (const [one, other] of ['ab', 'ba', 'cb', 'bc']) {
      server.on(`GET trials/${one}/diff/${other}`, {
        ...answer('notebook', { message: `${one} and ${other}` }),
        first: { run_id: one, name: one, experiment: 'e', job_id: null },
        second: { run_id: other, name: other, experiment: 'e', job_id: null }
      });
    }
    open(['a', 'b', 'c']);
    await screen.findByText('a and b');
    fireEvent.click(screen.getByRole('button', { name: 'Swap the sides' }));
    await screen.findByText('b and a');
    const second = screen.getByLabelText('Second trial', {
      selector: 'select'
    });
    fireEvent.change(second, { target: { value: 'c' } });
    await screen.findByText('b and c');
    fireEvent.change(second, { target: { value: 'b' } });
    await screen.findByText('c and b');
  });

  it('says why there is nothing, and tries again', async () => {
    const body = {
      code: 'not_found',
      message: 'The run b was deleted.',
      hint: 'Restore it in MLflow.',
      fields: []
    };
    server.on('GET trials/a/diff/b', new Reply(404, body));
    open();
    await screen.findByText('The run b was deleted.');
    screen.getByText('Restore it in MLflow.');
    server.on('GET trials/a/diff/b', answer('notebook', { message: 'Back.' }));
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await screen.findByText('Back.');
  });

  it('lists code, environment and data with signs and words', async () => {
    const version = {
      source: '/d/x.csv',
      kind: 'local',
      digest: '',
      size_bytes: 1_000,
      sha256: 'f'.repeat(64),
      modified: null,
      etag: null,
      rows: 12,
      columns: 3,
      files: null
    };
    server.on('GET trials/a/diff/b', ({ path }: { path: string }) =>
      path.includes('part=code')
        ? answer('code', {
            code: {
              basis: 'commits',
              first_commit: 'a'.repeat(40),
              second_commit: null,
              first_dirty: true,
              second_dirty: null,
              unchanged: 3,
              left_out: 0,
              files: [
                {
                  path: 'lib.py',
                  change: 'changed',
                  first_bytes: 5,
                  second_bytes: 6,
                  text: text(['removed', ['x']], ['added', ['y']]),
                  note: ''
                },
                {
                  path: '.env',
                  change: 'added',
                  first_bytes: null,
                  second_bytes: 6,
                  text: null,
                  note: 'It may hold secrets: not shown.'
                }
              ]
            }
          })
        : path.includes('part=environment')
          ? answer('environment', {
              environment: {
                facts: [
                  {
                    name: 'python',
                    change: 'changed',
                    first: '3.11',
                    second: '3.12'
                  }
                ],
                packages: [
                  {
                    name: 'numpy',
                    change: 'newer',
                    first: '1.9',
                    second: '1.10'
                  }
                ],
                same_packages: 207,
                has_packages: true
              }
            })
          : answer('data', {
              data: [
                {
                  name: 'x.csv',
                  change: 'unknown',
                  reason: 'Nothing tells.',
                  first: version,
                  second: null
                }
              ]
            })
    );
    open();
    act(() => model.show('code'));
    await screen.findByText('lib.py');
    screen.getByText('− aaaaaaaaaa and uncommitted changes');
    screen.getByText('It may hold secrets: not shown.');
    const file = screen.getByRole('button', { name: 'lib.py' });
    expect(screen.getByRole('table', { name: 'lib.py' })).toBeTruthy();
    fireEvent.click(file);
    expect(screen.queryByRole('table', { name: 'lib.py' })).toBeNull();
    act(() => model.show('environment'));
    await screen.findByText('207 packages have the same version in both.');
    screen.getByText('newer in the second');
    act(() => model.show('data'));
    await screen.findByText('Nothing tells.');
    screen.getByText('1 kB · 12 rows · 3 columns');
    screen.getByRole('img', { name: 'not certain' });
  });
});

describe('what the tab is opened with', () => {
  it.each([
    [{ first: 'a', second: 'b' }, 'a', 'b', ['a', 'b']],
    [{ runs: ['a', 'b', 'c'] }, 'a', 'b', ['a', 'b', 'c']],
    [{ runs: ['a', 'b', 'c'], first: 'c' }, 'c', 'a', ['a', 'b', 'c']],
    [
      { runs: 'abcdef'.split(''), first: 'f', second: 'e' },
      'f',
      'e',
      ['a', 'b', 'e', 'f']
    ],
    [{ first: 'a', second: 'a' }, 'a', 'a', ['a']],
    [{ runs: [7, null, 'a'] }, 'a', '', ['a']],
    [{ first: 3, runs: 'x' }, '', '', []]
  ])('%j', (args, first, second, runs) => {
    expect(readArgs(args as never)).toMatchObject({ first, second, runs });
  });

  it('comes back as it was', () => {
    const args = {
      runs: ['a', 'b', 'c'],
      first: 'c',
      second: 'b',
      section: 'data' as const
    };
    expect(readArgs(runsOf(args))).toEqual(args);
    expect(readArgs({ ...args, section: 'weather' }).section).toBeUndefined();
  });
});
