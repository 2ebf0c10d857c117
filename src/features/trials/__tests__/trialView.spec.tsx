import { Notification } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import {
  FakeServer,
  Reply,
  makeDetail,
  trans,
  until
} from '../../../__tests__/fakes';
import { FakeTrials } from '../../../__tests__/fakeTrials';
import type { Trial, TrialDetail } from '../../../contract';
import { JobsModel } from '../../../models/jobsModel';
import { TrialModel } from '../../../models/trialModel';
import { CommandIDs } from '../../../tokens';
import { TrialHeader } from '../components/trialHeader';
import { TrialMetrics } from '../components/trialMetrics';
import { TrialOverview } from '../components/trialOverview';
import { TrialParameters } from '../components/trialParameters';
import {
  TrialCode,
  TrialData,
  TrialEnvironment
} from '../components/trialRecord';
import { NoteDraft } from '../noteDraft';
import { TrialDeeds } from '../trialDeeds';
import { toTrialTab } from '../trialTabs';
import type { TrialTabName } from '../trialTabs';

jest.mock('../../../shared/chart', () => ({
  ...jest.requireActual<object>('../../../shared/chart'),
  Chart: ({ title }: { title: string }) => <p>{`chart of ${title}`}</p>
}));

const DETAIL = 'GET trials/run1/detail';
const HOSTILE = '<img src=x onerror=alert(1)>';

describe('the tab of a trial', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let model: TrialModel;
  let deeds: TrialDeeds;
  let commands: CommandRegistry;
  let executed: [string, unknown][];
  let mlflowUrl: string;

  beforeEach(() => {
    window.localStorage.clear();
    server = new FakeServer();
    jobs = new JobsModel({ client: server.client, auto: false });
    commands = new CommandRegistry();
    executed = [];
    mlflowUrl = '';
    const known = [
      CommandIDs.openExperiment,
      CommandIDs.openJob,
      CommandIDs.runAgain,
      CommandIDs.showTrial
    ];
    known.forEach(allow);
    model = new TrialModel(jobs, 'run1');
    deeds = new TrialDeeds({
      model,
      commands,
      documents: {} as unknown as IDocumentManager,
      mlflowUrl: () => mlflowUrl,
      trans
    });
  });

  afterEach(() => {
    model.dispose();
    jobs.dispose();
    Notification.dismiss();
    jest.restoreAllMocks();
  });

  function allow(id: string): void {
    commands.addCommand(id, {
      execute: args => void executed.push([id, args])
    });
  }

  async function open(
    fields: Partial<TrialDetail> = {},
    trial: Partial<Trial> = {}
  ): Promise<void> {
    server.on(DETAIL, makeDetail(fields, trial));
    await act(() => model.refresh());
  }

  const header = () =>
    render(
      <TrialHeader
        model={model}
        deeds={deeds}
        trans={trans}
        tabChanged={new Signal<object, TrialTabName>({})}
        currentTab={() => 'overview'}
        onTab={() => undefined}
      />
    );
  const overview = () =>
    render(
      <TrialOverview
        model={model}
        deeds={deeds}
        draft={new NoteDraft('here', 'run1')}
        rendermime={null}
        trans={trans}
        onTab={() => undefined}
      />
    );
  const record = { onArtifact: () => undefined, parts: null, trans };
  const names = () =>
    screen.getAllByRole('button').map(({ textContent }) => textContent);

  it('shows where it comes from before anything is known', () => {
    header();
    overview();
    expect(screen.getByRole('status').getAttribute('aria-label')).toBe(
      'Loading the trial'
    );
    expect(screen.getAllByRole('tab')).toHaveLength(7);
  });

  it('says what it is, and what can be done', async () => {
    await open(
      {
        job: { id: 'job1', is_there: true, status: '', name: '' },
        code: { ...makeDetail().code, notebook: 'work/train.ipynb' },
        models: [
          { model_id: 'm', name: 'm', status: '', kind: '', created: null }
        ]
      },
      { name: HOSTILE, parameters: { a: '1' } }
    );
    const { container } = header();
    expect(container.querySelector('img')).toBeNull();
    expect(screen.getByRole('heading').textContent).toBe(HOSTILE);
    expect(names()).toEqual([
      'house-prices',
      'Open notebook',
      'Run again…',
      'Rename…',
      'Delete',
      'run1'
    ]);
    expect(screen.getByText('Parameters (1)')).toBeTruthy();
    fireEvent.click(screen.getByText('Run again…'));
    fireEvent.click(screen.getByText('house-prices'));
    expect(executed).toEqual([
      [CommandIDs.runAgain, { id: 'job1' }],
      [CommandIDs.openExperiment, { name: 'house-prices', run: 'run1' }]
    ]);
  });

  it('offers what other parts can do where they are there', async () => {
    allow(CommandIDs.openComparison);
    allow(CommandIDs.registerModel);
    await open({
      models: [{ model_id: 'm', name: 'm', status: '', kind: '', created: 1 }]
    });
    header();
    expect(names()).toContain('Compare with…');
    fireEvent.click(screen.getByText('Register model…'));
    expect(executed).toEqual([[CommandIDs.registerModel, { run: 'run1' }]]);
  });

  it('is not deleted while it runs, and its time goes on', async () => {
    await open({}, { status: 'RUNNING', ended: null });
    header();
    expect(names()).not.toContain('Delete');
    expect(screen.getByText('Running')).toBeTruthy();
    expect(screen.getByTitle('Run time').textContent).toMatch(/d/);
  });

  it('can be restored when it was deleted', async () => {
    await open({ is_deleted: true });
    server.on('POST trials/restore', new Reply(204, undefined));
    header();
    expect(screen.getByRole('alert').textContent).toContain('was deleted');
    expect(names()).not.toContain('Delete');
    fireEvent.click(screen.getByText('Restore'));
    await until(() => server.of('POST trials/restore').length === 1);
    expect(server.of('POST trials/restore')[0].body).toEqual({
      run_ids: ['run1']
    });
  });

  it('offers nothing where it is gone', async () => {
    await open();
    const detail = makeDetail();
    expect(deeds.available(detail)).not.toEqual([]);
    server.on(
      DETAIL,
      new Reply(404, { code: 'not_found', message: 'There is none.' })
    );
    await act(() => model.refresh());
    expect(deeds.available(detail)).toEqual([]);
    expect(model.canChange).toBe(false);
  });

  it('cannot be restored where it is gone for good', async () => {
    await open({ is_deleted: true });
    server.on(
      DETAIL,
      new Reply(404, { code: 'not_found', message: 'There is none.' })
    );
    await act(() => model.refresh());
    header();
    expect(screen.getByRole('alert').textContent).toContain('There is none.');
    expect(screen.queryByText('Restore')).toBeNull();
  });

  it('says what went wrong, and keeps what is known', async () => {
    await open();
    server.on(
      DETAIL,
      new Reply(503, { code: 'unavailable', message: 'The store is away.' })
    );
    await act(() => model.refresh());
    header();
    expect(screen.getByRole('alert').textContent).toContain('is away');
    expect(screen.getByRole('heading').textContent).toBe('first');
  });

  it('is deleted with a way back', async () => {
    await open();
    server.on('POST trials/delete', new Reply(204, undefined));
    await deeds.delete();
    const [notice] = Notification.manager.notifications;
    expect(notice.message).toBe('Deleted first.');
    server.on('POST trials/restore', new Reply(204, undefined));
    notice.options.actions?.[0].callback(new MouseEvent('click'));
    await until(() => server.of('POST trials/restore').length === 1);
  });

  it('says where a deed fails', async () => {
    await open();
    server.on(
      'PATCH trials/run1',
      new Reply(400, { code: 'invalid_request', message: 'No.', hint: 'So.' })
    );
    expect(await deeds.setTag('studio.x', '1')).toBe(false);
    expect(Notification.manager.notifications[0].message).toBe('No. So.');
  });

  it('is compared with another trial of the experiment', async () => {
    allow(CommandIDs.openComparison);
    new FakeTrials(server).edit = (row, index) => ({
      ...row,
      id: `other${index + 1}`
    });
    await open();
    const done = deeds.compare();
    await until(() => document.querySelectorAll('option').length > 1);
    fireEvent.change(document.querySelector('select')!, {
      target: { value: 'other2' }
    });
    fireEvent.click(document.querySelector('.jp-Dialog .jp-mod-accept')!);
    await done;
    expect(executed).toEqual([
      [
        CommandIDs.openComparison,
        { experiment: 'house-prices', runs: ['run1', 'other2'] }
      ]
    ]);
  });

  it('tells why it failed, and what it belongs to', async () => {
    await open({
      failure: `KeyError: ${HOSTILE}`,
      missing: ['The artefacts cannot be reached.'],
      job: { id: 'job1', is_there: false, status: '', name: '' },
      parent: {
        run_id: 'parent',
        experiment: 'e',
        name: 'above',
        status: 'FINISHED',
        started: null,
        ended: null
      },
      children: {
        items: [
          {
            run_id: 'below',
            experiment: '',
            name: 'fold 1',
            status: 'FINISHED',
            started: 1,
            ended: 2
          }
        ],
        next_cursor: null
      },
      versions: [
        { name: 'prices', version: '3', status: '', aliases: ['champion'] }
      ]
    });
    const { container } = overview();
    expect(container.querySelector('img')).toBeNull();
    const why = screen.getByRole('region', {
      name: 'Why the trial did not end well'
    });
    expect(why.textContent).toBe(`KeyError: ${HOSTILE}`);
    expect(screen.getByText(/cannot be reached/)).toBeTruthy();
    const about = screen.getByRole('region', { name: 'About' });
    expect(about.textContent).toContain('job1, which was deleted');
    expect(about.textContent).toContain('prices, version 3 (champion)');
    fireEvent.click(screen.getByText('above'));
    fireEvent.click(screen.getByText('fold 1'));
    expect(executed).toEqual([
      [CommandIDs.showTrial, { run: 'parent', experiment: 'e' }],
      [CommandIDs.showTrial, { run: 'below', experiment: 'house-prices' }]
    ]);
  });

  it('leads to MLflow where an address is known', async () => {
    await open({ mlflow_url: 'http://host/#/experiments/7/runs/run1' });
    const { unmount } = overview();
    const link = () => screen.getByRole('link').getAttribute('href');
    expect(link()).toBe('http://host/#/experiments/7/runs/run1');
    unmount();
    mlflowUrl = 'https://mine:5000/';
    overview().unmount();
    expect(deeds.mlflowPage(makeDetail())).toBe(
      'https://mine:5000/#/experiments/7/runs/run1'
    );
    mlflowUrl = 'javascript:alert(1)';
    expect(deeds.mlflowPage(makeDetail())).toBe('');
    await open();
    overview();
    expect(screen.getByText('mlflow ui')).toBeTruthy();
  });

  it('has ten thousand parameters', async () => {
    const parameters: Record<string, string> = {};
    for (let index = 0; index < 10_000; index++) {
      parameters[`p${index}`] = index === 7 ? HOSTILE : String(index);
    }
    parameters['n'.repeat(250)] = 'long';
    await open({}, { parameters });
    const { container } = render(
      <TrialParameters model={model} trans={trans} />
    );
    const rows = () => container.querySelectorAll('tbody tr').length;
    expect(rows()).toBe(500);
    fireEvent.click(screen.getByText('Show 500 more'));
    expect(rows()).toBe(1000);
    fireEvent.change(screen.getByLabelText('Filter parameters'), {
      target: { value: 'onerror' }
    });
    expect(rows()).toBe(1);
    expect(screen.getByText('1 of 10,001')).toBeTruthy();
    expect(screen.getByText(HOSTILE)).toBeTruthy();
  });

  it('has metrics, some of which are no numbers', async () => {
    await open({
      metrics: [
        {
          name: 'loss',
          last: 0.25,
          min: 0.125,
          max: 2,
          mean: 0.5,
          count: 1200,
          step: 1199
        },
        {
          name: 'broken',
          last: null,
          min: null,
          max: null,
          mean: null,
          count: null,
          step: 0
        }
      ]
    });
    server.on('GET trials/run1/metrics', {
      series: ['loss', 'system/cpu'].map(name => ({
        run_id: 'run1',
        name,
        count: 2,
        not_finite: 0,
        last: 1,
        step: [0, 1],
        time: [1, 2],
        value: [2, 1]
      })),
      whole: true,
      cursor: 'a',
      more: false,
      complete: true,
      left_out: 0
    });
    render(<TrialMetrics model={model} trans={trans} />);
    await act(() => model.metrics!.refresh());
    expect(screen.getByText('chart of loss')).toBeTruthy();
    expect(screen.queryByText('chart of system/cpu')).toBeNull();
    const [, loss, broken] = screen.getAllByRole('row');
    expect(loss.textContent).toBe('loss0.250.12520.51,2001,199');
    expect(broken.textContent).toBe('brokenNaNNaNNaNNaN0');
  });

  it('says where nothing was recorded', async () => {
    await open();
    const props = { ...record, model, deeds };
    render(<TrialCode {...props} />);
    render(<TrialEnvironment {...props} />);
    render(<TrialData {...props} />);
    render(<TrialParameters model={model} trans={trans} />);
    for (const text of [
      /Nothing was recorded of the code/,
      /Nothing was recorded of the environment/,
      /No data was recorded/,
      /has no parameters/
    ]) {
      expect(screen.getByText(text)).toBeTruthy();
    }
  });

  it('shows the data that was read', async () => {
    await open({
      inputs: [
        {
          name: HOSTILE,
          digest: '0123456789abcdef',
          place: '/data/train.csv',
          kind: 'local',
          rows: 20_640,
          columns: 10,
          size_bytes: 1_400_000,
          sha256: 'f'.repeat(64),
          files: null,
          context: 'training'
        }
      ]
    });
    const { container } = render(
      <TrialData {...record} model={model} deeds={deeds} />
    );
    expect(container.querySelector('img')).toBeNull();
    expect(screen.getAllByRole('row')[1].textContent).toBe(
      `${HOSTILE}/data/train.csv20,640101.4 MB0123456789abtraining`
    );
  });

  it.each([undefined, 'nonsense', 5])('takes %s for no view', value => {
    expect(toTrialTab(value)).toBeUndefined();
  });
});
