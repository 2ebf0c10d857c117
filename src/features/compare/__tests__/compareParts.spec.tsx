import { Sanitizer } from '@jupyterlab/apputils';
import {
  RenderMimeRegistry,
  markdownRendererFactory
} from '@jupyterlab/rendermime';
import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { marked } from 'marked';
import React from 'react';
import { BusyPage } from '../../../__tests__/busyPage';
import { comparedRow, comparison } from '../../../__tests__/fakeComparison';
import { FakeServer, Reply, trans, until } from '../../../__tests__/fakes';
import type { Comparison } from '../../../contract';
import { CompareModel } from '../../../models/compareModel';
import { JobsModel } from '../../../models/jobsModel';
import { TrialColours } from '../../../models/trialColours';
import { writeView } from '../../../models/viewText';
import { viewOf } from '../../../models/views';
import { CommandIDs } from '../../../tokens';
import { CompareUi } from '../compareUi';
import { CompareHeader, pairOf } from '../components/compareHeader';
import { DifferenceTable } from '../components/differenceTable';
import { ViewDrafts } from '../viewDrafts';
import { ViewFile } from '../viewFile';
import { LooseText } from '../viewTexts';

const HOSTILE = `<img src=x onerror="top.__planted=1">${'n'.repeat(220)}`;

describe('Parts of a comparison', () => {
  let server: FakeServer;
  let model: CompareModel;
  let answer: Comparison;
  let ui: CompareUi;
  const onMenu = jest.fn();

  const start = async (found: Comparison) => {
    answer = found;
    model.setView(
      viewOf(
        'churn',
        found.trials.map(({ run_id }) => run_id)
      )
    );
    model.setActive(true);
    await model.refresh();
    expect(model.trials).toHaveLength(found.trials.length);
  };
  const table = () =>
    render(
      <DifferenceTable model={model} ui={ui} onMenu={onMenu} trans={trans} />
    );
  const row = (key: string) =>
    document.querySelector<HTMLElement>(`[data-key="${key}"]`)!;
  const cells = (key: string) =>
    [...row(key).querySelectorAll('[role="cell"]')].map(
      cell => cell.textContent
    );

  beforeEach(() => {
    server = new FakeServer();
    server.on('POST trials/compare', () => answer);
    model = new CompareModel({
      client: server.client,
      jobs: new JobsModel({ client: server.client }),
      colours: new TrialColours()
    });
    ui = new CompareUi();
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  describe('The table of differences', () => {
    const small = () =>
      comparison(2, [
        comparedRow('params.lr', [0.1, 0.2]),
        comparedRow('params.opt', ['adam', null]),
        comparedRow('metrics.loss', [0.5, 0.25], { better: 'lower' }),
        comparedRow('status', ['FINISHED', 'RUNNING'])
      ]);

    it('shows values in sections, and which is the best', async () => {
      await start(small());
      table();
      expect(cells('params.lr')).toEqual(['0.1', '0.2']);
      expect(cells('params.opt')).toEqual(['adam', '–']);
      expect(cells('metrics.loss')).toEqual(['0.5', '★0.25']);
      expect(cells('status')).toEqual(['Completed', 'Running']);
      expect(
        screen.getAllByRole('rowheader').map(each => each.textContent)
      ).toContain('▾Parameters2');
    });

    it('puts the baseline first and says how others differ from it', async () => {
      await start(small());
      model.update({ baseline: 'run1' });
      table();
      expect(screen.getAllByRole('columnheader')[1].textContent).toContain(
        'trial 1'
      );
      expect(cells('metrics.loss')[1]).toContain('+0.25 (+100 %)');
      expect(cells('metrics.loss')[1]).toContain('worse than the baseline');
      expect(cells('params.lr')[1]).not.toContain('baseline');
    });

    it('shows smallest and largest values', async () => {
      await start(small());
      ui.value = 'high';
      table();
      expect(cells('metrics.loss')).toEqual(['1.5', '★1.25']);
    });

    it('says why there are no rows', async () => {
      await start(comparison(2, [comparedRow('params.lr', [1, 1])]));
      table();
      expect(screen.getByText(/Nothing differs/)).toBeTruthy();
      act(() => void model.update({ only_differences: false }));
      await until(() => row('params.lr') !== null);
      expect(screen.queryByText(/Nothing differs/)).toBeNull();
      answer = { ...answer, total_rows: 1_000 };
      await act(() => model.refresh());
      answer = comparison(2, []);
      act(() => {
        model.search = 'zzz';
      });
      expect(screen.getByText(/Looking for names with zzz/)).toBeTruthy();
      await until(() => screen.queryByText(/No row has zzz/) !== null);
    });

    it('closes and opens sections', async () => {
      await start(small());
      table();
      fireEvent.click(screen.getByRole('button', { name: /Parameters/ }));
      expect(row('params.lr')).toBeNull();
      fireEvent.click(screen.getByRole('button', { name: /Parameters/ }));
      expect(row('params.lr')).not.toBeNull();
    });

    it('selects a trial by its head, and shows what is selected elsewhere', async () => {
      await start(small());
      table();
      const head = () =>
        within(screen.getAllByRole('columnheader')[1]).getByRole('button');
      fireEvent.click(head());
      expect([...model.focus.selected]).toEqual(['run0']);
      expect(head().getAttribute('aria-pressed')).toBe('true');
      fireEvent.click(head());
      expect(model.focus.selected.size).toBe(0);
      fireEvent.contextMenu(head());
      expect(onMenu).toHaveBeenCalledWith(
        expect.objectContaining({ id: 'run0' }),
        expect.anything(),
        expect.anything()
      );
    });

    it('shows names as text, whatever they are', async () => {
      const found = comparison(2, [
        comparedRow(`params.${HOSTILE}`, [HOSTILE, '\u202e<b>'])
      ]);
      found.trials[0].name = HOSTILE;
      await start(found);
      const { container } = table();
      expect(container.querySelector('img, b')).toBeNull();
      expect(container.textContent).toContain('<img src=x');
    });

    it('makes only what is in sight of 200 trials and 300 rows', async () => {
      const rows = Array.from({ length: 300 }, (_, at) =>
        comparedRow(
          `params.p${at}`,
          Array.from({ length: 200 }, (_, index) => index)
        )
      );
      await start(comparison(200, rows));
      const { container } = table();
      const count = container.querySelectorAll('[role="cell"]').length;
      expect(count).toBeGreaterThan(50);
      expect(count).toBeLessThan(600);
      const element = screen.getByRole('table');
      expect(element.getAttribute('aria-rowcount')).toBe('302');
      expect(element.getAttribute('aria-colcount')).toBe('201');
      element.scrollTop = 28 * 250;
      fireEvent.scroll(element);
      expect(row('params.p255')).not.toBeNull();
      expect(row('params.p0')).toBeNull();
    });

    it('makes rows and columns beside those in sight once the page has time', async () => {
      const page = new BusyPage();
      try {
        table();
        page.rest(); // For nothing yet.
        const values = Array.from({ length: 200 }, (_, index) => index);
        const rows = Array.from({ length: 300 }, (_, at) =>
          comparedRow(`params.p${at}`, values)
        );
        await act(() => start(comparison(200, rows)));
        const counts = () => [
          cells('params.p0').length,
          document.querySelectorAll('[data-key]').length
        ];
        const [columns, lines] = counts();
        page.rest();
        expect(counts()).toEqual([columns + 3, lines + 3]);
      } finally {
        page.dispose();
      }
    });
  });

  describe('The header', () => {
    let text: LooseText;
    let drafts: ViewDrafts;
    let rendermime: RenderMimeRegistry | null = null;

    afterEach(() => drafts.dispose());

    const commands = new CommandRegistry();
    commands.addCommand(CommandIDs.openDiffs, { execute: jest.fn() });
    const header = async () => {
      server.on('POST views/read', ({ body }: { body: unknown }) =>
        JSON.parse((body as { text: string }).text)
      );
      text = new LooseText(writeView(model.view));
      const file = new ViewFile(text, model);
      drafts = new ViewDrafts(model);
      render(
        <CompareHeader
          {...{ model, file, drafts, ui, commands, onMenu, trans }}
          rendermime={rendermime}
          isFile={false}
        />
      );
      await act(() => until(() => file.isReady));
      return file;
    };

    it('hides trials, takes them out and chooses the baseline', async () => {
      await start(comparison(3, [comparedRow('params.lr', [1, 2, 3])]));
      await header();
      fireEvent.click(screen.getByRole('button', { name: 'Hide trial 1' }));
      expect(model.view.hidden).toEqual(['run1']);
      fireEvent.click(screen.getByRole('button', { name: 'Take trial 2 out' }));
      expect(model.view.sources?.[0].run_ids).toEqual(['run0', 'run1']);
      fireEvent.change(screen.getByLabelText('Baseline'), {
        target: { value: 'run0' }
      });
      expect(model.view.baseline).toBe('run0');
    });

    it('has what can be done with a trial once the page has time', async () => {
      const page = new BusyPage();
      try {
        await header();
        page.rest(); // Before the answer is there it has time: for nothing yet.
        await act(() => start(comparison(3, [])));
        const hide = { name: 'Hide trial 1' };
        expect(screen.getByRole('button', { name: 'trial 1' })).toBeTruthy();
        expect(screen.queryByRole('button', hide)).toBeNull();
        page.rest();
        fireEvent.click(screen.getByRole('button', hide));
        expect(model.view.hidden).toEqual(['run1']);
      } finally {
        page.dispose();
      }
    });

    it('has trials that are far down in the list once the page has time', async () => {
      const page = new BusyPage();
      try {
        await header();
        await act(() => start(comparison(200, [])));
        const chips = () => document.querySelectorAll('.jp-StudioChip').length;
        expect(chips()).toBe(40);
        page.rest();
        expect(chips()).toBe(200);
      } finally {
        page.dispose();
      }
    });

    it('says that trials are gone, and takes them out of the view', async () => {
      await start(comparison(1, [], { missing: ['gone'], left_out: 3 }));
      model.setView({
        sources: [{ experiment: 'churn', run_ids: ['run0', 'gone'] }]
      });
      await header();
      expect(screen.getByText(/1 trial is not there any more/)).toBeTruthy();
      expect(screen.getByText(/3 are left out/)).toBeTruthy();
      fireEvent.click(
        screen.getByRole('button', { name: 'Take out of the view' })
      );
      expect(model.view.sources?.[0].run_ids).toEqual(['run0']);
    });

    const write = async (typed: string) => {
      await header();
      fireEvent.click(screen.getByRole('button', { name: 'Notes' }));
      const notes = screen.getByRole('textbox', { name: 'Notes' });
      fireEvent.change(notes, { target: { value: typed } });
      return notes;
    };

    it('keeps the notes however they are closed', async () => {
      await write('by the button');
      fireEvent.click(screen.getByRole('button', { name: 'Notes' }));
      expect(screen.queryByRole('textbox', { name: 'Notes' })).toBeNull();
      expect(model.view.notes).toBe('by the button');
      expect(screen.getByText('by the button')).toBeTruthy();
      fireEvent.click(screen.getByRole('button', { name: 'Notes' }));
      const notes = screen.getByRole('textbox', { name: 'Notes' });
      fireEvent.change(notes, { target: { value: 'by a key' } });
      fireEvent.keyDown(notes, { key: 'Escape' });
      expect(model.view.notes).toBe('by a key');
    });

    it('shows notes as Markdown, in which nothing can act', async () => {
      const dirty = jest.fn();
      rendermime = new RenderMimeRegistry({
        initialFactories: [markdownRendererFactory],
        markdownParser: { render: text => Promise.resolve(marked.parse(text)) },
        sanitizer: new Sanitizer()
      });
      Object.assign(window, { planted: dirty });
      await start(comparison(2, []));
      model.setView({
        ...model.view,
        notes: [
          '# Why',
          '**quick** is [better](javascript:window.planted())',
          '<img src=x onerror="window.planted()"><script>window.planted()</script>',
          '<form action="/"><button>press</button></form>'
        ].join('\n\n')
      });
      await header();
      await act(() =>
        until(
          () => document.querySelector('.jp-StudioCompare-notes h1') !== null
        )
      );
      const notes = document.querySelector('.jp-StudioCompare-notes')!;
      expect(notes.querySelector('strong')?.textContent).toBe('quick');
      expect(notes.querySelector('script, [action], [onerror]')).toBeNull();
      for (const link of notes.querySelectorAll('a')) {
        expect(link.getAttribute('href') ?? '').not.toContain('javascript');
        fireEvent.click(link);
      }
      expect(dirty).not.toHaveBeenCalled();
      // Sending a form would leave the page.
      expect(fireEvent.submit(notes.querySelector('form')!)).toBe(false);
      rendermime = null;
    });

    it('puts what is typed into the view soon, or when a shortcut begins', async () => {
      const notes = await write('typed');
      expect(model.view.notes).toBeUndefined();
      await act(() => until(() => model.view.notes === 'typed'));
      fireEvent.change(notes, { target: { value: 'typed more' } });
      fireEvent.keyDown(notes, { key: 'Control', ctrlKey: true });
      expect(model.view.notes).toBe('typed more');
      const title = screen.getByRole('textbox', { name: 'Title' });
      fireEvent.focus(title);
      fireEvent.change(title, { target: { value: 'A name ' } });
      await act(() => until(() => model.view.title === 'A name'));
      expect(title).toHaveProperty('value', 'A name ');
      fireEvent.keyDown(title, { key: 'Escape' });
      fireEvent.blur(title);
      expect(model.view.title).toBe('');
    });

    it('only shows a comparison whose text cannot be read', async () => {
      await start(comparison(2, [], { missing: ['gone'] }));
      const file = await header();
      const names = ['Add trials', 'Notes', 'Hide trial 1', 'Take trial 1 out'];
      const controls = [
        ...names.map(name => screen.getByRole('button', { name })),
        screen.getByRole('button', { name: 'Take out of the view' }),
        screen.getByLabelText('Baseline')
      ];
      const states = () =>
        new Set(controls.map(each => (each as HTMLButtonElement).disabled));
      expect(states()).toEqual(new Set([false]));
      server.on(
        'POST views/read',
        new Reply(400, {
          code: 'invalid_request',
          message: 'The file is no JSON.',
          hint: '',
          fields: []
        })
      );
      text.set('{');
      await act(() => until(() => file.error !== null));
      expect(states()).toEqual(new Set([true]));
      expect(screen.getByRole('textbox', { name: 'Title' })).toHaveProperty(
        'readOnly',
        true
      );
    });

    it('says what would fill an empty comparison', async () => {
      await header();
      expect(screen.getByText(/Nothing is compared yet/)).toBeTruthy();
    });
  });

  it('knows which two trials are looked at side by side', async () => {
    await start(comparison(3, []));
    expect(pairOf(model, new Set())).toBeNull();
    expect(pairOf(model, new Set(['run2', 'run0']))).toEqual(['run0', 'run2']);
    model.update({ baseline: 'run1' });
    expect(pairOf(model, new Set(['run2']))).toEqual(['run1', 'run2']);
    expect(pairOf(model, new Set(['run1']))).toBeNull();
    await start(comparison(2, []));
    expect(pairOf(model, new Set())).toEqual(['run0', 'run1']);
    model.update({ baseline: 'run1' });
    expect(pairOf(model, new Set())).toEqual(['run1', 'run0']);
  });
});
