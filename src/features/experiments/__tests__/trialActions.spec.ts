import { Clipboard, Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { FakeServer, Reply, trans, until } from '../../../__tests__/fakes';
import { FakeTrials } from '../../../__tests__/fakeTrials';
import type { TrialQuery } from '../../../contract';
import { JobsModel } from '../../../models/jobsModel';
import { TrialTableModel } from '../../../models/trialTableModel';
import { readView } from '../../../models/trialTableView';
import { CommandIDs } from '../../../tokens';
import { TrialActions } from '../trialActions';
import { TrialSource } from '../trialSource';

describe('what is done with trials', () => {
  let server: FakeServer;
  let trials: FakeTrials;
  let jobs: JobsModel;
  let model: TrialTableModel;
  let actions: TrialActions;
  let opened: unknown[];

  beforeEach(async () => {
    server = new FakeServer();
    trials = new FakeTrials(server);
    trials.edit = (row, index) =>
      index === 0
        ? { ...row, id: 'group', is_group: true, children: 3 }
        : { ...row, job_id: index === 1 ? 'job1' : null };
    jobs = new JobsModel({ client: server.client, auto: false });
    const commands = new CommandRegistry();
    opened = [];
    for (const id of [CommandIDs.openJob, CommandIDs.showTrial]) {
      commands.addCommand(id, { execute: args => void opened.push(args) });
    }
    model = new TrialTableModel({
      client: server.client,
      jobs,
      experiment: 'a/b',
      view: readView({
        columns: ['name', 'status', 'metrics.rmse', 'params.depth'],
        pinned: ['name', 'status']
      })
    });
    actions = new TrialActions(model, commands, trans);
    await until(() => model.rows.isReady);
  });

  afterEach(() => {
    model.dispose();
    jobs.dispose();
    Notification.dismiss();
    jest.restoreAllMocks();
  });

  const notices = () => Notification.manager.notifications;

  it('selects one, several, a range, all and none', async () => {
    actions.select(2, 'only', 2);
    actions.select(4, 'toggle', 4);
    expect(model.selection.ids).toEqual(['run2', 'run4']);
    actions.select(6, 'range', 4);
    await until(() => model.selection.size === 3);
    expect(model.selection.ids).toEqual(['run4', 'run5', 'run6']);
    expect(actions.isAllSelected).toBeNull();
    actions.selectAll();
    await until(() => model.selection.size === 999);
    expect(model.selection.has('group')).toBe(false);
    const [asked] = server.of('POST trials/table').slice(-2);
    expect(asked.body).toMatchObject({ group_by: null, tree: false });
    // As many others, which a filter leaves out, are not all that are shown.
    model.selection.set(Array.from({ length: 1000 }, (_, i) => `r${i}`));
    expect(actions.isAllSelected).toBeNull();
    model.selection.set(Array.from({ length: 1000 }, (_, i) => `run${i}`));
    expect(actions.isAllSelected).toBe(true);
    actions.selectAll();
    expect(model.selection.size).toBe(0);
  });

  it('opens a trial, its job, and what is below a group', async () => {
    actions.open(2);
    actions.openJob(1);
    actions.openJob(2);
    const run = model.rows.row(2)?.id;
    expect(opened).toEqual([{ run, experiment: 'a/b' }, { id: 'job1' }]);
    actions.open(0);
    const last = () => server.of('POST trials/table').pop()?.body as TrialQuery;
    expect(last().expanded).toEqual(['group']);
    actions.select(0, 'only', 0);
    expect(model.selection.size).toBe(0);
  });

  it('resizes within bounds, and moves columns between pinned and others', () => {
    actions.resize(0, 3);
    actions.resize(2, 5000);
    expect(model.view.widths).toEqual({ name: 40, 'metrics.rmse': 1000 });
    actions.move(2, 4);
    expect(model.columns).toEqual([
      'name',
      'status',
      'params.depth',
      'metrics.rmse'
    ]);
    actions.move(3, 1);
    expect(model.columns.slice(0, 3)).toEqual([
      'name',
      'metrics.rmse',
      'status'
    ]);
    expect(model.pinned).toBe(3);
    actions.move(0, 4);
    expect(model.pinned).toBe(2);
    expect(model.columns[3]).toBe('name');
  });

  it('deletes the selected trials, and takes it back', async () => {
    server.on('POST trials/delete', undefined);
    server.on('POST trials/restore', undefined);
    await actions.delete();
    expect(server.of('POST trials/delete')).toHaveLength(0);
    model.selection.set(['run1', 'run2']);
    await actions.delete();
    expect(server.of('POST trials/delete')[0].body).toEqual({
      run_ids: ['run1', 'run2']
    });
    expect(model.selection.size).toBe(0);
    const [notice] = notices();
    expect(notice.message).toBe('Deleted 2 trials.');
    const [undo] = notice.options.actions!;
    undo.callback(new MouseEvent('click'));
    await until(() => model.selection.size === 2);
    expect(server.of('POST trials/restore')[0].body).toEqual({
      run_ids: ['run1', 'run2']
    });
  });

  it('deletes thousands in portions, and says what went wrong', async () => {
    server.on('POST trials/delete', undefined);
    model.selection.set(Array.from({ length: 2500 }, (_, i) => `r${i}`));
    await actions.delete();
    expect(server.of('POST trials/delete')).toHaveLength(3);
    expect(model.selection.size).toBe(0);
    model.selection.set(['run1']);
    server.on(
      'POST trials/delete',
      new Reply(503, { code: 'unavailable', message: 'Away.', hint: 'Wait.' })
    );
    await actions.delete();
    expect(model.selection.ids).toEqual(['run1']);
    expect(notices().map(({ message }) => message)).toContain('Away. Wait.');
  });

  it('copies the selected trials as a table', async () => {
    const copied: string[] = [];
    jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(text => void copied.push(text as string));
    trials.total = 3;
    trials.edit = row => ({ ...row, values: ['a\tb', 'FINISHED', 0.5, null] });
    model.selection.set(['run1', 'run2']);
    await actions.copy(0);
    const asked = server.of('POST trials/table').pop()?.body as TrialQuery;
    expect(asked.filter).toBe('run_id in ("run1", "run2")');
    expect(copied[0].split('\n').slice(0, 2)).toEqual([
      'Trial\tStatus\trmse\tdepth',
      'a b\tFINISHED\t0.5\t'
    ]);
  });

  it('copies many in the order of the table, and nothing as a formula', async () => {
    const copied: string[] = [];
    jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(text => void copied.push(text as string));
    trials.total = 301;
    server.on('POST trials/table', ({ body }: { body: unknown }) => {
      const query = body as TrialQuery;
      const page = trials.page({ ...query, limit: 500 });
      const { filter } = query;
      const rows = page.rows
        .filter(({ id }) => !filter || filter.includes(`"${id}"`))
        .map(row => ({ ...row, values: [`=${row.id}`, '-Infinity', -1, ''] }));
      return { ...page, rows };
    });
    const backwards = Array.from({ length: 300 }, (_, i) => `run${300 - i}`);
    model.selection.set(backwards);
    await actions.copy(0);
    const lines = copied[0].split('\n');
    expect(lines).toHaveLength(301);
    expect(lines[1]).toBe("'=run1\t-Infinity\t-1\t");
    expect(lines[300]).toBe("'=run300\t-Infinity\t-1\t");
  });

  it('copies a group as it is shown', async () => {
    const copied: string[] = [];
    jest
      .spyOn(Clipboard, 'copyToSystem')
      .mockImplementation(text => void copied.push(text as string));
    const before = server.of('POST trials/table').length;
    await actions.copy(0);
    expect(copied[0].split('\n')[1]).toBe('trial 0\t0\t0\t0');
    expect(server.of('POST trials/table')).toHaveLength(before);
  });

  it('saves what the table shows in a file', async () => {
    const made: Blob[] = [];
    URL.createObjectURL = blob => {
      made.push(blob as Blob);
      return 'blob:x';
    };
    const names: string[] = [];
    jest
      .spyOn(HTMLAnchorElement.prototype, 'click')
      .mockImplementation(function (this: HTMLAnchorElement) {
        names.push(this.download);
      });
    server.on('POST trials/export', 'Trial,rmse\n');
    await actions.export('csv');
    expect(names).toEqual(['a_b.csv']);
    expect(made).toHaveLength(1);
    const [seen] = server.of('POST trials/export');
    expect(seen.path).toContain('format=csv');
    expect((seen.body as TrialQuery).columns).toEqual([...model.columns]);
  });

  it('shows only the parameters that differ', async () => {
    // More than one answer holds; the one that differs comes last.
    for (let i = 0; i < 250; i++) {
      const name = `same${i}`;
      trials.columns.push({
        ...trials.columns[2],
        key: `params.${name}`,
        name
      });
    }
    trials.columns.push({
      ...trials.columns[2],
      key: 'params.other',
      name: 'other'
    });
    server.on('POST trials/table', ({ body }: { body: unknown }) => {
      const query = body as TrialQuery;
      const differs = query.columns!.map(key => key === 'params.other');
      return {
        ...trials.page(query),
        differs: query.differences ? differs : []
      };
    });
    model.selection.set(Array.from({ length: 300 }, (_, i) => `run${i}`));
    await actions.showDifferences();
    const asked = server
      .of('POST trials/table')
      .map(({ body }) => body as TrialQuery)
      .filter(({ differences }) => differences);
    expect(asked).toHaveLength(2);
    expect(asked[0].filter).toContain('run_id in ("run0", "run1"');
    expect(notices().map(({ message }) => message)).toContain(
      'Compared the first 200 of 300 selected trials.'
    );
    expect(model.columns).toEqual([
      'name',
      'status',
      'metrics.rmse',
      'params.other'
    ]);
  });
});

describe('TrialSource', () => {
  it('gives the grid the same cell while nothing changed', async () => {
    const server = new FakeServer();
    const trials = new FakeTrials(server);
    const jobs = new JobsModel({ client: server.client, auto: false });
    const model = new TrialTableModel({
      client: server.client,
      jobs,
      experiment: 'e'
    });
    const source = new TrialSource(model, trans);
    await until(() => model.rows.isReady);
    expect(source.columns.map(({ label }) => label)).toEqual([
      'Trial',
      'Status',
      'r2',
      'rmse',
      'depth',
      'Started',
      'Duration',
      'Notebook',
      'Commit'
    ]);
    // Newest first, unless another order is asked for.
    expect(source.columns[5].sort?.direction).toBe('descending');
    const cell = source.cell(3, 3);
    expect(cell?.text).toBe('3');
    expect(source.cell(3, 3)).toBe(cell);
    expect(source.row(3)).toBe(source.row(3));
    expect(source.cell(0, 3)?.isBest).toBe(true);
    expect(source.cell(999, 2)).toBeNull();
    model.selection.set(['run3']);
    expect(source.row(3)?.isSelected).toBe(true);
    source.marked = 'run3';
    expect(source.row(3)?.isMarked).toBe(true);
    // Values of a column that was just chosen are on their way.
    model.update({ columns: ['name', 'metrics.new'] });
    expect(source.cell(3, 1)?.text).toBe('');
    trials.total = 0;
    source.dispose();
    model.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });
});
