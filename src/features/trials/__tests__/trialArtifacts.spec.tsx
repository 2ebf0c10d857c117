import { fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, makeDetail, trans } from '../../../__tests__/fakes';
import { ArtifactsModel } from '../../../models/artifactsModel';
import { JobsModel } from '../../../models/jobsModel';
import { TrialModel } from '../../../models/trialModel';
import { untrusted } from '../../../shared/readOnlyNotebook';
import type { INotebookParts } from '../../../shared/readOnlyNotebook';
import { TrialArtifacts } from '../components/trialArtifacts';

const DETAIL = 'GET trials/run1/detail';

describe('the artefacts in the tab of a trial', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let model: TrialModel;
  let artifacts: ArtifactsModel;
  let show: (parts: INotebookParts | null) => JSX.Element;
  let rerender: (ui: JSX.Element) => void;
  const list = 'GET records/runs/run1/artifacts';

  beforeEach(async () => {
    server = new FakeServer().on(DETAIL, makeDetail()).on(list, {
      items: ['<b>.csv', 'a.json', 'b.png', 'c.bin', 'd.html', 'e.ipynb'].map(
        path => ({
          path,
          is_folder: false,
          size_bytes: 12
        })
      )
    });
    jobs = new JobsModel({ client: server.client, auto: false });
    model = new TrialModel(jobs, 'run1');
    artifacts = new ArtifactsModel(model.client);
    await model.refresh();
    show = parts => (
      <TrialArtifacts
        model={model}
        artifacts={artifacts}
        parts={parts}
        trans={trans}
      />
    );
    ({ rerender } = render(show(null)));
    await screen.findByRole('tree');
  });

  afterEach(() => {
    model.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  function answer(path: string, fields: Record<string, unknown>): void {
    server.on(`GET trials/run1/preview/${encodeURIComponent(path)}`, {
      path,
      size_bytes: 12,
      kind: 'text',
      media_type: 'text/plain',
      text: '',
      columns: [],
      rows: [],
      total_rows: null,
      total_columns: null,
      width: null,
      height: null,
      is_cut: false,
      remark: '',
      ...fields
    });
  }

  const look = (name: string) =>
    fireEvent.click(screen.getByRole('treeitem', { name: new RegExp(name) }));

  it('are gone through with the keys', async () => {
    answer('a.json', { text: 'here' });
    const items = screen.getAllByRole('treeitem');
    expect(items.map(({ tabIndex }) => tabIndex)).toEqual([
      0, -1, -1, -1, -1, -1
    ]);
    const tree = screen.getByRole('tree');
    fireEvent.keyDown(tree, { key: 'ArrowDown' });
    expect(document.activeElement?.textContent).toContain('a.json');
    fireEvent.keyDown(tree, { key: 'Enter' });
    expect(await screen.findByText('here')).toBeTruthy();
    fireEvent.keyDown(tree, { key: 'End' });
    expect(document.activeElement?.textContent).toContain('e.ipynb');
    fireEvent.keyDown(tree, { key: 'Home' });
    expect(document.activeElement?.textContent).toContain('<b>.csv');
  });

  it('are tables with hostile names', async () => {
    answer('<b>.csv', { kind: 'table', columns: ['<i>x</i>'], rows: [[1]] });
    look('<b>');
    const table = await screen.findByRole('table');
    expect(within(table).getByText('<i>x</i>')).toBeTruthy();
  });

  it('are graphs, or their text', async () => {
    const text = JSON.stringify({
      type: 'ConfusionMatrix',
      labels: ['a'],
      confusionMatrix: [[3]]
    });
    answer('a.json', { media_type: 'application/json', text });
    look('a.json');
    expect(await screen.findByText(/^3 of 3 right/)).toBeTruthy();
    fireEvent.click(screen.getByText('Show as text'));
    expect(screen.getByText(/"ConfusionMatrix"/)).toBeTruthy();
  });

  it('are said to be no text, with why', async () => {
    answer('c.bin', { kind: 'binary', remark: 'This is no text.' });
    look('c.bin');
    expect(await screen.findByText('This is no text.')).toBeTruthy();
  });

  it('are pages in which nothing runs', async () => {
    answer('d.html', { kind: 'html', text: '<script>alert(1)</script>' });
    look('d.html');
    fireEvent.click(await screen.findByText(/Show as a page/));
    const page = document.querySelector('iframe')!;
    expect(page.getAttribute('sandbox')).toBe('');
    expect(page.getAttribute('srcdoc')).toContain("default-src 'none'");
  });

  it('may be missing', async () => {
    server.on(
      'GET trials/run1/preview/b.png',
      new Reply(404, { code: 'not_found', message: 'There is none.' })
    );
    look('b.png');
    expect((await screen.findByRole('alert')).textContent).toContain(
      'There is none.'
    );
    answer('b.png', { text: 'it came' });
    fireEvent.click(screen.getByText('Try again'));
    expect(await screen.findByText('it came')).toBeTruthy();
  });

  it('are read again, the one that is shown, too', async () => {
    answer('a.json', { text: 'before' });
    look('a.json');
    expect(await screen.findByText('before')).toBeTruthy();
    answer('a.json', { text: 'after' });
    fireEvent.click(screen.getByLabelText('Read them again'));
    expect(await screen.findByText('after')).toBeTruthy();
    expect(server.of(list).length).toBeGreaterThan(1);
  });

  it.each([
    ['with what is no cell', { nbformat: 4, cells: [null] }],
    ['that cannot be drawn', { nbformat: 4, cells: [{ cell_type: 'x' }] }]
  ])('are notebooks %s', async (_, content) => {
    answer('e.ipynb', { kind: 'notebook' });
    server.on('GET records/runs/run1/artifacts/e.ipynb', content);
    const clone = () => {
      throw new Error('It cannot be drawn.');
    };
    rerender(show({ rendermime: { clone } } as unknown as INotebookParts));
    look('e.ipynb');
    expect(
      await screen.findByText('The notebook is damaged: download it.')
    ).toBeTruthy();
    expect(screen.getByRole('tree')).toBeTruthy();
  });

  it('are notebooks that are trusted with nothing', () => {
    const { cells, metadata } = untrusted({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: { orig_nbformat: 3, title: 'kept' },
      cells: [{ cell_type: 'raw', source: '', metadata: { trusted: true } }]
    });
    expect(metadata).toEqual({ title: 'kept' });
    expect(cells[0].metadata).toEqual({ trusted: false });
  });
});
