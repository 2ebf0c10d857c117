import { fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, trans } from '../../../__tests__/fakes';
import type { ArtifactDiff, TrialDiff } from '../../../contract';
import { DiffView } from '../components/diffView';
import { DiffModel } from '../diffModel';

const BAIT = '<img src=x onerror="window.planted=1">';

function item(
  path: string,
  kind: ArtifactDiff['kind'],
  fields: Partial<ArtifactDiff> = {}
): ArtifactDiff {
  return {
    path,
    kind,
    change: 'changed',
    first_bytes: 100,
    second_bytes: 120,
    text: null,
    note: '',
    ...fields
  };
}

describe('artefacts side by side', () => {
  let server: FakeServer;
  let model: DiffModel;

  const trial = (run: string) => ({
    run_id: run,
    name: `trial ${run}`,
    experiment: 'e',
    job_id: null
  });
  const answer = (
    [first, second]: string,
    artifacts: ArtifactDiff[],
    message = 'Some differ.'
  ): TrialDiff => ({
    first: trial(first),
    second: trial(second),
    part: 'artifacts',
    state: 'different',
    message,
    hint: '',
    notes: [],
    notebook: null,
    code: null,
    environment: null,
    data: null,
    artifacts
  });
  const open = (runs: string, artifacts: ArtifactDiff[]) => {
    server.on('GET trials/a/diff/b', answer('ab', artifacts));
    model = new DiffModel(server.client.trials, [...runs], 'artifacts');
    render(<DiffView model={model} trans={trans} />);
  };
  const file = (run: string, path: string, content: unknown) =>
    server.on(`GET records/runs/${run}/artifacts/${path}`, content);

  beforeEach(() => {
    server = new FakeServer();
    let urls = 0;
    URL.createObjectURL = jest.fn(() => `blob:${++urls}`);
    URL.revokeObjectURL = jest.fn();
    window.CSS ??= { escape: (text: string) => text } as typeof CSS;
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  it('draws confusion matrices on the same labels, their difference, and shares', async () => {
    file('a', 'm.json', {
      labels: ['cat', BAIT],
      confusionMatrix: [
        [8, 2],
        [1, 9]
      ]
    });
    file('b', 'm.json', {
      labels: ['cat', BAIT],
      confusionMatrix: [
        [5, 5],
        [1, 9]
      ]
    });
    open('ab', [item('m.json', 'confusion_matrix')]);
    const tables = await screen.findAllByRole('table');
    const cells = (table: HTMLElement) =>
      within(table)
        .getAllByRole('cell')
        .map(cell => cell.textContent)
        .slice(1);
    expect(tables.map(cells)).toEqual([
      ['8', '2', '1', '9'],
      ['5', '5', '1', '9'],
      ['−3', '+3', '0', '0']
    ]);
    expect(tables[0].textContent).toContain('trial a 85.0% right');
    fireEvent.click(screen.getByLabelText('Share of each row'));
    expect(cells(screen.getAllByRole('table')[1])).toEqual([
      '50.0%',
      '50.0%',
      '10.0%',
      '90.0%'
    ]);
    expect(document.querySelector('img')).toBeNull();
  });

  it('says how many labels of a matrix are shown, and counts all', async () => {
    const size = 100;
    // Right for the labels that are shown, wrong for all others.
    const confusionMatrix = Array.from({ length: size }, (_, row) =>
      Array.from({ length: size }, (_, column) =>
        Number(row < 60 ? column === row : column === 0)
      )
    );
    file('a', 'm.json', { confusionMatrix });
    file('b', 'm.json', { confusionMatrix });
    open('ab', [item('m.json', 'confusion_matrix')]);
    await screen.findByText('60 of 100 labels are shown.');
    const [first] = screen.getAllByRole('table');
    expect(first.textContent).toContain('trial a 60.0% right');
    expect(within(first).getAllByRole('row')).toHaveLength(61);
  });

  it('shows up to four trials, and says which have none or nothing that can be read', async () => {
    const roc = (area: number) => ({
      falsePositiveRate: [0, 1],
      truePositiveRate: [0, 1],
      areaUnderCurve: area
    });
    file('a', 'roc.json', roc(0.5));
    file('b', 'roc.json', roc(0.75));
    file('c', 'roc.json', { broken: BAIT });
    const none = {
      code: 'not_found',
      message: "The run has no artefact 'roc.json'.",
      hint: '',
      fields: []
    };
    file('d', 'roc.json', new Reply(404, none));
    // What trial c is called, and what it has alone, comes after its artefact.
    let tell = () => {};
    server.on(
      'GET trials/a/diff/c',
      () =>
        new Promise(done => {
          tell = () =>
            done(
              answer('ac', [item('only-c.txt', 'text', { change: 'added' })])
            );
        })
    );
    server.on('GET trials/a/diff/d', answer('ad', []));
    open('abcd', [item('roc.json', 'roc_curve')]);
    const chart = await screen.findByRole('img', {
      name: /True positive rate/
    });
    expect(chart.querySelectorAll('polyline')).toHaveLength(2);
    await screen.findByText('c cannot be read: There is no curve in it.');
    tell();
    await screen.findByText('trial b: area 0.75');
    await screen.findByText('second less first: +0.25');
    await screen.findByText('trial c cannot be read: There is no curve in it.');
    await screen.findByText("trial d: The run has no artefact 'roc.json'.");
    await screen.findByRole('button', { name: /only-c\.txt/ });
  });

  it('marks the cells of tables that differ', async () => {
    file('a', 't.csv', 'name,value\nx,1.0\ny,2\n');
    file('b', 't.csv', `name,value\nx,1\n${BAIT},2\nz,3\n`);
    open('ab', [item('t.csv', 'table')]);
    await screen.findByRole('region', { name: 'trial b' });
    const marked = [...document.querySelectorAll('td.jp-mod-changed')];
    expect(marked.map(cell => cell.textContent)).toEqual([
      `${BAIT} ≠`,
      'z ≠',
      '3 ≠'
    ]);
    expect(marked[0].getAttribute('title')).toBe('first: y');
    screen.getByText('3 rows, the first has 2');
  });

  it('lays pictures over each other, and says which is broken', async () => {
    file('a', 'x/p%20%231.svg', '<svg/>');
    file('b', 'x/p%20%231.svg', '<svg/>');
    open('ab', [item('x/p #1.svg', 'image')]);
    const pictures = await screen.findAllByRole('img', { name: /p #1\.svg/ });
    expect(pictures.map(each => each.getAttribute('src'))).toEqual([
      'blob:1',
      'blob:2'
    ]);
    const [blob] = (URL.createObjectURL as jest.Mock).mock.calls[0] as [Blob];
    expect(blob.type).toBe('image/svg+xml');
    fireEvent.click(screen.getByRole('button', { name: 'Slider' }));
    fireEvent.change(screen.getByRole('slider'), { target: { value: '30' } });
    expect(screen.getAllByRole('img', { name: /p #1/ })[1].style.clipPath).toBe(
      'inset(0 0 0 30%)'
    );
    fireEvent.click(screen.getByRole('button', { name: 'Blink' }));
    const hidden = () =>
      [...document.querySelectorAll('img')].map(each => each.style.visibility);
    expect(hidden()).toEqual(['', 'hidden']);
    fireEvent.click(screen.getByRole('button', { name: 'Show the other' }));
    expect(hidden()).toEqual(['hidden', '']);
    fireEvent.error(document.querySelectorAll('img')[1]);
    screen.getByText('trial b: the picture cannot be read.');
    expect(screen.getByRole('button', { name: 'Blink' })).toHaveProperty(
      'disabled',
      true
    );
  });

  it('asks for the differences of one text, and moves in the list by key', async () => {
    server.on('GET trials/a/diff/b', ({ path }: { path: string }) => {
      const named = new URLSearchParams(path.split('?')[1]).get('path');
      const all = [item('notes.txt', 'text'), item('model.bin', 'other')];
      const found = all.find(each => each.path === named);
      if (!found) {
        return answer('ab', all);
      }
      const lines = [
        { kind: 'added' as const, first: 1, second: 1, count: 1, lines: [BAIT] }
      ];
      const text = { blocks: lines, added: 1, removed: 0, note: '' };
      return answer('ab', [
        named === 'notes.txt'
          ? { ...found, text }
          : { ...found, note: 'It is no text.' }
      ]);
    });
    model = new DiffModel(server.client.trials, ['a', 'b'], 'artifacts');
    render(<DiffView model={model} trans={trans} />);
    const table = await screen.findByRole('table', { name: 'notes.txt' });
    expect(table.textContent).toContain(BAIT);
    fireEvent.keyDown(screen.getByRole('list', { name: 'Artefacts' }), {
      key: 'ArrowDown'
    });
    await screen.findByText('It is no text. The contents differ.');
    expect(document.activeElement?.textContent).toContain('model.bin');
  });

  it('does not fetch what is too large to be drawn', async () => {
    open('ab', [
      item('huge.png', 'image', {
        first_bytes: 50_000_000,
        note: 'Of the same size.'
      })
    ]);
    await screen.findByText(
      'It is too large to be shown here. Of the same size.'
    );
    expect(
      server.seen
        .map(({ path }) => path)
        .filter(path => path.includes('records'))
    ).toEqual([]);
  });

  it('says so where there are none', async () => {
    open('ab', []);
    await screen.findByText('Some differ.');
    expect(screen.queryByRole('list', { name: 'Artefacts' })).toBeNull();
  });
});
