import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import {
  act,
  fireEvent,
  render,
  screen,
  waitFor,
  within
} from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, trans, until } from '../../../__tests__/fakes';
import { FakeTrials, makeColumn } from '../../../__tests__/fakeTrials';
import type { FilterQuery, TrialQuery } from '../../../contract';
import { JobsModel } from '../../../models/jobsModel';
import { TrialTableModel } from '../../../models/trialTableModel';
import { ColumnChooser } from '../components/columnChooser';
import { ConditionBuilder } from '../components/conditionBuilder';
import { SavedFilterList } from '../components/savedFilterList';
import { TableHeader } from '../components/tableHeader';
import { SavedFilters } from '../savedFilters';
import { TableUi } from '../tableUi';

/** Settings that are kept in memory. */
class FakeSettings {
  readonly changed = new Signal<this, void>(this);
  stored: unknown = [];
  get(): { composite: unknown } {
    return { composite: this.stored };
  }
  async set(_: string, value: unknown): Promise<void> {
    this.stored = value;
    this.changed.emit();
  }
}

describe('parts around the table of trials', () => {
  let server: FakeServer;
  let trials: FakeTrials;
  let jobs: JobsModel;
  let model: TrialTableModel;
  let executed: string[];

  beforeEach(() => {
    server = new FakeServer();
    trials = new FakeTrials(server, 1200);
    jobs = new JobsModel({ client: server.client, auto: false });
    executed = [];
  });

  afterEach(() => {
    model?.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  async function makeModel(): Promise<void> {
    model = new TrialTableModel({
      client: server.client,
      jobs,
      experiment: 'house-prices'
    });
    await until(() => model.rows.isReady || model.error !== null);
  }

  const button = (name: string | RegExp) =>
    screen.getByRole('button', { name });

  describe('header', () => {
    async function show(saved: SavedFilters | null = null) {
      await makeModel();
      const commands = new CommandRegistry();
      jest.spyOn(commands, 'execute').mockImplementation(async id => {
        executed.push(id);
      });
      const ui = new TableUi();
      const view = render(
        <TableHeader
          model={model}
          ui={ui}
          saved={saved}
          commands={commands}
          onExport={() => executed.push('export')}
          trans={trans}
        />
      );
      return { ui, view };
    }

    const count = () =>
      document.querySelector('.jp-StudioTrials-count')?.textContent;

    it('counts trials, matches and the selected', async () => {
      await show();
      expect(count()).toBe('1,200 trials');
      act(() => model.update({ filter: 'x' }));
      act(() => model.selection.set(['run1', 'run2', 'run3']));
      expect(count()).toBe('1,200 of 1,200 trials, 3 selected');
    });

    it('says that there is something new without moving anything', async () => {
      await show();
      model.mayReorder = () => false;
      trials.revision = 2;
      act(() => model.rows.touch());
      await screen.findByText('New results');
      fireEvent.click(button('Show them'));
      await waitFor(() => expect(screen.queryByText('New results')).toBeNull());
    });

    it('says how far the store is read, and that it is away', async () => {
      trials.index = {
        ...trials.index,
        phase: 'building',
        indexed: 200,
        expected: 5000
      };
      await show();
      expect(count()).toContain('Reading trials: 200 of 5,000');
      trials.index = {
        ...trials.index,
        phase: 'away',
        message: 'The store is away.',
        hint: 'It goes on.'
      };
      act(() => model.rows.touch());
      const alert = await screen.findByRole('alert');
      expect(alert.textContent).toContain('The store is away.');
      expect(alert.textContent).toContain('It goes on.');
      expect(model.rows.row(0)?.name).toBe('trial 0');
    });

    it('says what fills an empty table, and that a filter finds none', async () => {
      trials.total = 0;
      await show();
      expect(screen.getByText(/No trials yet/)).toBeTruthy();
      act(() => model.update({ filter: 'x' }));
      expect(screen.getByText('No trial matches the filter.')).toBeTruthy();
      const [, clear] = screen.getAllByRole('button', {
        name: 'Clear the filter'
      });
      fireEvent.click(clear);
      expect(model.view.filter).toBe('');
    });

    it('says what went wrong, and tries again', async () => {
      server.on(
        'GET trials/columns',
        new Reply(503, { code: 'unavailable', message: 'Away.', hint: '' })
      );
      await show();
      expect(screen.getByRole('alert').textContent).toContain('Away.');
      new FakeTrials(server, 3);
      fireEvent.click(button('Try again'));
      await waitFor(() => expect(count()).toBe('3 trials'));
      expect(screen.queryByRole('alert')).toBeNull();
    });

    it('groups, makes a tree, exports and deletes', async () => {
      await show();
      const group = screen.getByLabelText('Group by') as HTMLSelectElement;
      const words = [...group.options].map(({ text }) => text);
      expect(words).toContain('depth');
      expect(words).not.toContain('Trial');
      fireEvent.change(group, { target: { value: 'params.depth' } });
      expect(model.view.group).toBe('params.depth');
      fireEvent.click(button('Tree'));
      expect([model.view.group, model.view.tree]).toEqual([null, true]);
      expect(button('Tree').getAttribute('aria-pressed')).toBe('true');
      fireEvent.click(button('Export'));
      expect(button('Delete')).toHaveProperty('disabled', true);
      act(() => model.selection.set(['run1']));
      fireEvent.click(button('Delete'));
      expect(executed).toEqual(['export', 'studio-trials:delete']);
    });

    it('opens and closes its small windows', async () => {
      const settings = new FakeSettings();
      const { ui } = await show(
        new SavedFilters(settings as unknown as ISettingRegistry.ISettings)
      );
      fireEvent.click(button('Conditions'));
      const dialog = screen.getByRole('dialog', { name: 'Conditions' });
      await within(dialog).findByLabelText('Column');
      fireEvent.keyDown(within(dialog).getByLabelText('Column'), {
        key: 'Escape'
      });
      expect(screen.queryByRole('dialog')).toBeNull();
      fireEvent.click(button('Saved'));
      expect(
        screen.getByRole('dialog', { name: 'Saved filters' })
      ).toBeTruthy();
      fireEvent.mouseDown(document.body);
      expect(ui.panel).toBeNull();
      act(() => ui.wantFilter());
      expect(document.activeElement).toBe(
        screen.getByLabelText('Filter trials')
      );
    });
  });

  describe('conditions', () => {
    let applied: string[];
    let asked: FilterQuery[];

    beforeEach(() => {
      applied = [];
      asked = [];
      trials.check = query => {
        asked.push(query);
        return {
          filter: query.conditions ? 'written' : (query.filter ?? ''),
          error: null,
          conditions: query.filter?.includes(' or ')
            ? null
            : query.filter
              ? [{ key: 'metrics.rmse', operator: '<', values: ['5'] }]
              : [],
          completions: [
            { text: '"adam"', label: 'adam', detail: '', start: 0, end: 0 }
          ],
          notes: []
        };
      };
    });

    async function show(filter: string) {
      const view = render(
        <ConditionBuilder
          client={server.client.trials}
          experiment="e"
          applied={filter}
          onApply={next => applied.push(next)}
          onClose={() => executed.push('close')}
          trans={trans}
        />
      );
      await screen.findByRole('group', { name: 'Condition 1' });
      return view;
    }

    const written = () =>
      asked.filter(({ conditions }) => conditions).pop()?.conditions;
    const field = (label: string, at = 0) =>
      screen.getAllByLabelText(label)[at] as HTMLInputElement;
    const fill = (label: string, value: string, at = 0) =>
      fireEvent.change(field(label, at), { target: { value } });

    it('shows a filter as rows, and writes it from them', async () => {
      await show('metrics.rmse < 5');
      expect([
        field('Column').value,
        field('Comparison').value,
        field('Value').value
      ]).toEqual(['metrics.rmse', '<', '5']);
      fireEvent.click(button('Add condition'));
      fill('Column', 'params.optimizer', 1);
      fill('Comparison', 'in', 1);
      fill('Value', 'adam, "s g d"', 1);
      await act(async () => fireEvent.click(button('Apply')));
      await until(() => applied.length === 1);
      expect(applied).toEqual(['written']);
      expect(written()).toEqual([
        { key: 'metrics.rmse', operator: '<', values: ['5'] },
        { key: 'params.optimizer', operator: 'in', values: ['adam', '"s g d"'] }
      ]);
      expect(executed).toEqual(['close']);
    });

    it('suggests columns and values', async () => {
      const { container } = await show('');
      fill('Column', 'rmse');
      await waitFor(() =>
        expect(
          container.querySelector('option[value="metrics.rmse"]')
        ).not.toBeNull()
      );
      await waitFor(() =>
        expect(container.querySelector(`option[value='"adam"']`)).not.toBeNull()
      );
    });

    it('removes conditions, and needs no value for some', async () => {
      await show('metrics.rmse < 5');
      fill('Comparison', 'is missing');
      expect(screen.queryByLabelText('Value')).toBeNull();
      await act(async () => fireEvent.click(button('Apply')));
      await until(() => applied.length === 1);
      expect(written()).toEqual([
        { key: 'metrics.rmse', operator: 'is missing', values: [] }
      ]);
      fireEvent.click(button('Remove condition 1'));
      expect(screen.queryByRole('group')).toBeNull();
    });

    it('says when the filter says more, and what is wrong', async () => {
      await show('a = 1 or b = 2');
      expect(screen.getByText(/says more than conditions/)).toBeTruthy();
      server.on(
        'POST trials/filter',
        new Reply(422, { code: 'invalid', message: 'No column.', hint: '' })
      );
      fill('Column', 'what');
      await act(async () => fireEvent.click(button('Apply')));
      const alert = await screen.findByRole('alert');
      expect(alert.textContent).toBe('No column.');
      expect(applied).toEqual([]);
    });
  });

  describe('columns', () => {
    async function show() {
      await makeModel();
      const ui = new TableUi();
      ui.show('columns');
      render(
        <ColumnChooser
          model={model}
          ui={ui}
          onDifferences={() => executed.push('differences')}
          onClose={() => executed.push('close')}
          trans={trans}
        />
      );
      await screen.findByRole('list', { name: 'Columns found' });
      await screen.findByLabelText('rmse (min)');
    }

    const shown = () =>
      within(screen.getByRole('list', { name: 'Columns shown, in order' }))
        .getAllByRole('listitem')
        .map(item => item.querySelector('.jp-StudioColumns-name')?.textContent);

    it('are found on the server, also among very many', async () => {
      trials.columns.push(
        ...Array.from({ length: 12_000 }, (_, i) =>
          makeColumn({ key: `metrics.layer.${i}` })
        )
      );
      await show();
      expect(screen.getByText(/100 of 12,004/)).toBeTruthy();
      fireEvent.change(screen.getByLabelText('Search columns'), {
        target: { value: 'layer.11999' }
      });
      fireEvent.click(
        await screen.findByRole('checkbox', { name: 'layer.11999' })
      );
      expect(model.columns).toContain('metrics.layer.11999');
      expect(shown()).toContain('layer.11999');
    });

    it('show the last, smallest and largest value side by side', async () => {
      await show();
      fireEvent.click(screen.getByLabelText('rmse (min)'));
      const at = model.columns.indexOf('metrics.rmse');
      expect(model.columns[at + 1]).toBe('metrics.rmse.min');
      fireEvent.click(screen.getByLabelText('rmse (min)'));
      expect(model.columns).not.toContain('metrics.rmse.min');
    });

    it('are ordered, pinned, hidden and chosen anew', async () => {
      await show();
      fireEvent.click(button('Move rmse up'));
      expect(shown().slice(0, 4)).toEqual(['Trial', 'Status', 'rmse', 'r2']);
      fireEvent.click(button('Pin r2'));
      expect(shown().slice(0, 2)).toEqual(['Trial', 'r2']);
      expect(button('Pin r2').getAttribute('aria-pressed')).toBe('true');
      fireEvent.click(button('Hide depth'));
      expect(shown()).not.toContain('depth');
      fireEvent.click(button('Reset'));
      expect(shown()).toContain('depth');
      expect(model.view.columns).toBeNull();
    });

    it('say which values are better', async () => {
      await show();
      const select = screen.getByLabelText(
        'Better values of rmse'
      ) as HTMLSelectElement;
      expect(select.selectedOptions[0].text).toBe('auto (lower)');
      fireEvent.change(select, { target: { value: 'higher' } });
      expect(model.direction('metrics.rmse')).toBe('higher');
      fireEvent.change(select, { target: { value: '' } });
      expect(model.direction('metrics.rmse')).toBe('lower');
    });

    it('can be left out where they say nothing', async () => {
      await show();
      fireEvent.click(screen.getByLabelText('Hide columns with one value'));
      expect(model.view.hideConstant).toBe(true);
      fireEvent.click(button('Only what differs'));
      fireEvent.keyDown(screen.getByRole('region'), { key: 'Escape' });
      expect(executed).toEqual(['differences', 'close']);
    });
  });

  describe('saved filters', () => {
    it('are saved, applied, renamed and deleted', async () => {
      const settings = new FakeSettings();
      settings.stored = [{ name: 'broken' }, 3];
      const saved = new SavedFilters(
        settings as unknown as ISettingRegistry.ISettings
      );
      expect(saved.items).toEqual([]);
      const applied: string[] = [];
      render(
        <SavedFilterList
          saved={saved}
          applied="metrics.rmse < 1"
          onApply={filter => applied.push(filter)}
          onClose={() => executed.push('close')}
          trans={trans}
        />
      );
      expect(screen.getByText('No saved filters yet.')).toBeTruthy();
      const name = () => screen.getAllByLabelText('Name of the filter');
      fireEvent.change(name()[0], { target: { value: ' good ones ' } });
      await act(async () => fireEvent.click(button('Save filter')));
      expect(settings.stored).toEqual([
        { name: 'good ones', filter: 'metrics.rmse < 1' }
      ]);
      fireEvent.click(button(/^good ones/));
      expect([applied, executed]).toEqual([['metrics.rmse < 1'], ['close']]);
      fireEvent.click(button('Rename good ones'));
      fireEvent.change(name()[0], { target: { value: 'better' } });
      await act(async () => fireEvent.click(button('Rename')));
      expect(saved.items.map(item => item.name)).toEqual(['better']);
      await act(async () => fireEvent.click(button('Delete better')));
      expect(settings.stored).toEqual([]);
    });
  });

  it('asks for the rows of the whole query', async () => {
    await makeModel();
    model.update({ filter: 'x' });
    await until(() => server.of('POST trials/table').length > 1);
    const query = server.of('POST trials/table').pop()?.body as TrialQuery;
    expect(query.filter).toBe('x');
  });
});
