import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';
import {
  FakeServer,
  makeTrial,
  pageOf,
  Reply,
  trans
} from '../../../__tests__/fakes';
import type { Trial } from '../../../contract';
import { ExperimentsModel } from '../../../models/experimentsModel';
import { JobsModel } from '../../../models/jobsModel';
import { TrialsModel } from '../../../models/trialsModel';
import { CommandIDs } from '../../../tokens';
import { columnsOf, metricText, parameterText } from '../columns';
import { ExperimentList } from '../components/experimentList';
import { TrialsTable } from '../components/trialsTable';

describe('columnsOf', () => {
  it('has every parameter and metric that occurs, in order', () => {
    const columns = columnsOf(
      [
        makeTrial({ parameters: { b: '1', a: 'x' }, metrics: { rmse: 1 } }),
        makeTrial({ parameters: { b: '2' }, metrics: { mae: null } })
      ],
      trans
    );
    const found = columns.slice(2, -4);
    expect(found.map(({ key, numeric }) => [key, numeric])).toEqual([
      ['metrics.mae', true],
      ['metrics.rmse', true],
      ['params.a', false],
      ['params.b', true]
    ]);
  });
});

describe('parameters', () => {
  it('that tell trials apart come first', () => {
    const columns = columnsOf(
      [
        makeTrial({ parameters: { a: '1', b: '2', z: '3' }, metrics: {} }),
        makeTrial({ parameters: { a: '1', b: '2', z: '4' }, metrics: {} }),
        makeTrial({
          parameters: { a: '1', b: '2', z: '3', c: 'x' },
          metrics: {}
        })
      ],
      trans
    );
    expect(columns.slice(2, -4).map(({ label }) => label)).toEqual([
      'c',
      'z',
      'a',
      'b'
    ]);
  });
});

describe('cells', () => {
  it('shows parameters as they are, but fractions with sensible digits', () => {
    expect(parameterText(undefined)).toBe('');
    expect(parameterText('8')).toBe('8');
    expect(parameterText('123456')).toBe('123456');
    expect(parameterText('0.30000000000000004')).toBe('0.3');
    expect(parameterText('hist')).toBe('hist');
  });

  it('tells a metric that is not a number from one that is missing', () => {
    expect(metricText(undefined)).toBe('');
    expect(metricText(null)).toBe('NaN');
    expect(metricText(46301.27)).toBe('46,301');
  });
});

describe('experiments', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let executed: [string, unknown][];
  let commands: CommandRegistry;

  beforeEach(() => {
    server = new FakeServer();
    jobs = new JobsModel({ client: server.client, auto: false });
    executed = [];
    commands = new CommandRegistry();
    for (const id of Object.values(CommandIDs)) {
      commands.addCommand(id, {
        execute: args => {
          executed.push([id, args]);
        }
      });
    }
  });

  afterEach(() => {
    jobs.dispose();
    jest.restoreAllMocks();
  });

  async function show(
    trials: Trial[],
    nextCursor: string | null = null,
    total = trials.length
  ) {
    server.on('GET trials', pageOf(trials, nextCursor, total));
    const model = new TrialsModel(server.client, jobs, 'house-prices');
    const view = render(
      <TrialsTable
        model={model}
        marked="run2"
        commands={commands}
        trans={trans}
      />
    );
    await act(() => model.ready);
    return { model, view };
  }

  const twoTrials = [
    makeTrial({
      run_id: 'run1',
      name: 'train-1',
      job_id: 'job1',
      parameters: { depth: '8' },
      metrics: { rmse: 46301.27 },
      commit: 'abcdef0123',
      dirty: true
    }),
    makeTrial({
      run_id: 'run2',
      name: 'by hand',
      status: 'FAILED',
      metrics: { rmse: null }
    })
  ];

  it('shows parameters, metrics, state, start, duration, notebook, commit', async () => {
    await show(twoTrials);
    const [head, first, second] = screen.getAllByRole('row');
    expect(
      within(head)
        .getAllByRole('columnheader')
        .map(cell => cell.textContent)
    ).toEqual([
      'Trial',
      'Status',
      'rmse',
      'depth',
      'Started',
      'Duration',
      'Notebook',
      'Commit'
    ]);
    expect(first.querySelector('[data-column="rmse"]')?.textContent).toBe(
      '46,301'
    );
    expect(
      first.querySelector('[data-column="rmse"]')?.getAttribute('title')
    ).toBe('46301.27');
    expect(first.textContent).toContain('1 m 12 s');
    expect(first.textContent).toContain('abcdef01*');
    expect(second.textContent).toContain('Failed');
    expect(second.textContent).toContain('NaN');
    expect(second.className).toContain('jp-mod-marked');
  });

  it('opens the job of a row, and nothing where there is none', async () => {
    await show(twoTrials);
    const [, first, second] = screen.getAllByRole('row');
    fireEvent.click(first);
    fireEvent.click(screen.getByRole('button', { name: 'train-1' }));
    fireEvent.click(second);
    expect(executed).toEqual([
      [CommandIDs.openJob, { id: 'job1' }],
      [CommandIDs.openJob, { id: 'job1' }]
    ]);
    expect(screen.queryByRole('button', { name: 'by hand' })).toBeNull();
  });

  it('sorts by any column and says by which', async () => {
    await show(twoTrials);
    const sorted = () =>
      screen
        .getAllByRole('columnheader')
        .filter(cell => cell.hasAttribute('aria-sort'))
        .map(cell => [cell.textContent, cell.getAttribute('aria-sort')]);
    expect(sorted()).toEqual([['Started', 'descending']]);
    await act(async () =>
      fireEvent.click(screen.getByRole('button', { name: 'rmse' }))
    );
    expect(sorted()).toEqual([['rmse', 'ascending']]);
    expect(server.seen[1].path).toContain('sort=metrics.rmse&desc=false');
  });

  it('pages only where there are pages', async () => {
    const { view } = await show(twoTrials);
    expect(screen.queryByRole('button', { name: 'Next' })).toBeNull();
    view.unmount();
    await show(twoTrials, 'p2', 1234);
    expect(screen.getByText('1–2 of 1234')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Previous' })).toHaveProperty(
      'disabled',
      true
    );
    expect(screen.getByRole('button', { name: 'Next' })).toHaveProperty(
      'disabled',
      false
    );
  });

  it('says what fills an empty table, and what went wrong', async () => {
    const { model, view } = await show([]);
    expect(screen.getByText(/No trials yet/)).toBeTruthy();
    server.on(
      'GET trials',
      new Reply(503, { code: 'unavailable', message: 'Away.' })
    );
    await act(() => model.refresh());
    expect(screen.getByRole('alert').textContent).toContain('Away.');
    view.unmount();
  });

  it('lists experiments and opens them', async () => {
    server.on('GET experiments', [
      { id: '1', name: 'house-prices', trials: 37, updated: 10 },
      { id: '2', name: 'churn', trials: null, updated: null }
    ]);
    const model = new ExperimentsModel(server.client, jobs);
    render(<ExperimentList model={model} commands={commands} trans={trans} />);
    expect(await screen.findByText('37 trials')).toBeTruthy();
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
    fireEvent.click(screen.getByRole('button', { name: 'churn' }));
    expect(executed).toEqual([[CommandIDs.openExperiment, { name: 'churn' }]]);
    model.dispose();
  });

  it('says what an experiment is where there is none', async () => {
    server.on('GET experiments', []);
    const model = new ExperimentsModel(server.client, jobs);
    render(<ExperimentList model={model} commands={commands} trans={trans} />);
    fireEvent.click(
      await screen.findByRole('button', { name: 'New experiment' })
    );
    expect(executed[0][0]).toBe(CommandIDs.newExperiment);
    model.dispose();
  });
});
