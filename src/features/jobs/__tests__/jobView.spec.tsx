import type { IDocumentManager } from '@jupyterlab/docmanager';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';
import {
  FakeServer,
  makeContainer,
  makeJob,
  next,
  trans
} from '../../../__tests__/fakes';
import type { JobDetail, Transition } from '../../../contract';
import { JobModel } from '../../../models/jobModel';
import { JobsModel } from '../../../models/jobsModel';
import { MetricsModel } from '../../../models/metricsModel';
import { CommandIDs } from '../../../tokens';
import type { JobTabName } from '../commands';
import { JobFiles } from '../components/jobFiles';
import { JobHeader } from '../components/jobHeader';
import { JobOverview } from '../components/jobOverview';

const failed: Partial<JobDetail> = {
  status: 'Failed',
  secondary_status: 'Failed',
  started: 10,
  ended: 82,
  message: "KeyError in cell 3: 'missing'",
  exit: {
    code: 1,
    reason: 'CellFailed',
    message: "KeyError in cell 3: 'missing'",
    cell: 3,
    cell_source: "prices['missing']",
    traceback: '\u001b[31mKeyError\u001b[0m: <b>missing</b>',
    cpu_seconds: 31,
    peak_memory_bytes: 334 * 1024 ** 2
  }
};

describe('the views of a job', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let metrics: MetricsModel;
  let model: JobModel;
  let commands: CommandRegistry;
  let executed: [string, unknown][];

  async function open(fields: Partial<JobDetail>): Promise<JobDetail> {
    const job = makeJob({ id: 'a', name: 'train', ...fields });
    server.on('GET jobs/a', job);
    model = new JobModel(jobs, 'a');
    metrics = new MetricsModel(jobs, 'a');
    await model.ready;
    return job;
  }

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
    metrics.dispose();
    model.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  const documents = {} as unknown as IDocumentManager;

  function showOverview() {
    return render(
      <JobOverview
        model={model}
        metrics={metrics}
        commands={commands}
        documents={documents}
        trans={trans}
        onMetrics={jest.fn()}
      />
    );
  }

  function showHeader(onTab = jest.fn()) {
    const tabChanged = new Signal<object, JobTabName>({});
    render(
      <JobHeader
        model={model}
        commands={commands}
        trans={trans}
        tabChanged={tabChanged}
        currentTab={() => 'overview'}
        onTab={onTab}
      />
    );
    return onTab;
  }

  it('shows why a job failed, in place, and the next steps', async () => {
    await open(failed);
    const { container } = showOverview();
    const section = within(
      screen.getByRole('region', { name: 'Why the job failed' })
    );
    expect(section.getByRole('heading', { level: 2 }).textContent).toBe(
      "KeyError in cell 3: 'missing'"
    );
    expect(section.getByText("prices['missing']")).toBeTruthy();
    expect(container.querySelector('.jp-StudioAnsi b')).toBeNull();
    expect(container.querySelector('.ansi-red-fg')?.textContent).toBe(
      'KeyError'
    );
    expect(
      section.getByRole('button', { name: 'Open failing cell' })
    ).toBeTruthy();
    fireEvent.click(section.getByRole('button', { name: 'Show log' }));
    fireEvent.click(section.getByRole('button', { name: 'Run again' }));
    expect(executed.map(([id]) => id)).toEqual([
      CommandIDs.showLog,
      CommandIDs.runAgain
    ]);
  });

  it('offers no failing cell where none failed', async () => {
    await open({ status: 'Failed', message: 'The worker was lost.' });
    showOverview();
    expect(screen.getByText('The worker was lost.')).toBeTruthy();
    expect(
      screen.queryByRole('button', { name: 'Open failing cell' })
    ).toBeNull();
  });

  it('shows parameters, limits, use, commit and the way to the trial', async () => {
    await open({
      ...failed,
      parameters: { depth: 8 },
      trial: { ...makeJob().trial, run_id: '0123456789abcdef' },
      resources: {
        cpus: 2,
        memory_bytes: 2 * 1024 ** 3,
        time_limit_seconds: 3600,
        gpus: null
      },
      snapshot: {
        source: '/home/ann/work',
        files: 3,
        size_bytes: 1_400_000,
        left_out: ['big.bin'],
        git_commit: 'abcdef0123456789',
        git_dirty: true,
        git_remote: null
      }
    });
    showOverview();
    const about = screen.getByRole('region', { name: 'About' });
    expect(about.textContent).toContain('CPUs: 2, memory: 2 GiB, time: 1 h');
    expect(about.textContent).toContain('334 MiB at most, 31 s of CPU');
    expect(about.textContent).toContain('abcdef0123');
    expect(about.textContent).toContain('not committed');
    expect(about.textContent).toContain('3 files, 1.4 MB');
    expect(about.textContent).toContain('1 large file or folder');
    expect(
      screen.getByRole('region', { name: 'Parameters' }).textContent
    ).toContain('depth8');
    fireEvent.click(
      screen.getByRole('button', { name: 'house-prices / 01234567' })
    );
    expect(executed[0]).toEqual([
      CommandIDs.showTrial,
      { experiment: 'house-prices', run: '0123456789abcdef' }
    ]);
  });

  it('says how much the tracking store has not got yet', async () => {
    await open({ lag_bytes: 2_500_000 });
    showOverview();
    const about = screen.getByRole('region', { name: 'About' });
    expect(about.textContent).toContain(
      'Not in MLflow yet2.5 MB of what it logged'
    );
  });

  it('offers the log and another try when the engine was lost', async () => {
    const message = 'The container engine stopped, and the job with it.';
    await open({
      status: 'Failed',
      secondary_status: 'Interrupted',
      exit: {
        code: null,
        reason: 'EngineLost',
        message,
        cell: null,
        cell_source: null,
        traceback: null,
        cpu_seconds: null,
        peak_memory_bytes: null
      }
    });
    showOverview();
    const section = within(
      screen.getByRole('region', { name: 'Why the job failed' })
    );
    expect(section.getByRole('heading').textContent).toBe(message);
    expect(
      section.getAllByRole('button').map(button => button.textContent)
    ).toEqual(['Show log', 'Run again']);
    showHeader();
    expect(screen.getByText('Interrupted')).toBeTruthy();
  });

  it('says in one line what the job runs in, with details to look up', async () => {
    const summary = 'Docker · studio/notebook:1 · Python 3.12';
    const { environment, resources } = makeJob();
    const job = await open({
      runner: 'docker',
      environment: { ...environment, summary, container: makeContainer() },
      resources: { ...resources, gpus: 2 }
    });
    showOverview();
    const about = screen.getByRole('region', { name: 'About' });
    const names = () =>
      [...about.querySelectorAll('dt')].map(node => node.textContent);
    expect(names()).toContain('Runs in');
    expect(names()).not.toContain('Kernel');
    expect(names()).not.toContain('Runner');
    const details = () => screen.getByText(summary).title.split('\n');
    expect(details()).toEqual([
      'Image: studio/notebook:1',
      'sha256:0123456789abcdef',
      'Made for notebooks: runs as you, without special rights',
      'Has no network'
    ]);
    expect(about.textContent).toContain('GPUs: 2');
    const container = makeContainer({
      image_id: null,
      profile: 'contract',
      network_access: true,
      pull: true
    });
    act(() =>
      jobs.take(
        next(job, { environment: { ...environment, summary, container } })
      )
    );
    expect(details()).toEqual([
      'Image: studio/notebook:1',
      'Fetched when the job starts',
      "Any image: runs as the image's own user",
      'May reach the network'
    ]);
  });

  it('shows runner and kernel of a job that does not say it in one line', async () => {
    await open({});
    showOverview();
    const about = screen.getByRole('region', { name: 'About' });
    expect(about.textContent).toContain('Runnerprocess');
    expect(about.textContent).toContain('KernelPython 3');
    expect(screen.getByText('Python 3').title).toBe('python3\n/usr');
    expect(about.textContent).not.toContain('GPUs');
  });

  it('says in the header what a starting job waits for', async () => {
    await open({
      status: 'Starting',
      secondary_status: 'Downloading',
      started: null,
      message: 'Fetching the image studio/notebook:1, 42 %'
    });
    showHeader();
    expect(screen.getByText('Fetching')).toBeTruthy();
    expect(
      screen.getByText('Fetching the image studio/notebook:1, 42 %')
    ).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Stop' })).toBeTruthy();
  });

  it('tells what the job did when', async () => {
    const step = (
      status: Transition['status'],
      started: number,
      ended: number | null,
      attempt = 1
    ): Transition => ({
      attempt,
      status,
      secondary_status: status === 'InProgress' ? 'Running' : 'Pending',
      started,
      ended,
      message: status === 'Pending' ? 'Waiting to start' : ''
    });
    await open({
      transitions: [
        step('Pending', 10, 13),
        step('InProgress', 13, 85),
        step('Completed', 85, null)
      ],
      status: 'Completed'
    });
    showOverview();
    const line = screen.getByRole('region', { name: 'Time line' });
    expect(line.textContent).toContain('Waiting to start');
    expect(line.textContent).toContain('1 m 12 s');
    expect(line.querySelectorAll('.jp-StudioTimeLine-bar span')).toHaveLength(
      2
    );
    expect(line.textContent).not.toContain('attempt');
  });

  it('has the deeds that fit the state of the job', async () => {
    const job = await open({});
    showHeader();
    const names = () =>
      screen.getAllByRole('button').map(button => button.textContent);
    expect(names()).toEqual(['Stop', 'Run again', 'Open output notebook']);
    act(() => jobs.take(next(job, { stop_requested: true })));
    expect(names()[0]).toBe('Kill now');
    act(() => jobs.take(next(job, { ...failed })));
    expect(names()).toEqual(['Run again', 'Open output notebook', 'Delete']);
    expect(screen.getByText('Failed')).toBeTruthy();
    expect(screen.getByText("KeyError in cell 3: 'missing'")).toBeTruthy();
    act(() => jobs.drop('a'));
    expect(screen.getByText('This job was deleted.')).toBeTruthy();
  });

  it('moves between views by arrows', async () => {
    await open({});
    const onTab = showHeader();
    const tab = screen.getByRole('tab', { name: 'Overview' });
    expect(tab.getAttribute('aria-selected')).toBe('true');
    fireEvent.keyDown(tab, { key: 'ArrowRight' });
    fireEvent.keyDown(tab, { key: 'ArrowLeft' });
    fireEvent.click(screen.getByRole('tab', { name: 'Notebook' }));
    expect(onTab.mock.calls).toEqual([['log'], ['files'], ['notebook']]);
  });

  it('shows the files as a tree', async () => {
    await open({});
    const entry = (name: string, type: string, path = name) => ({
      name,
      path,
      type,
      size_bytes: type === 'file' ? 1200 : null,
      modified: 10,
      content_path: `a/${path}`
    });
    server.on('GET jobs/a/files', ({ path }: { path: string }) =>
      path.includes('output')
        ? [entry('train.ipynb', 'file', 'output/train.ipynb')]
        : [entry('output', 'directory'), entry('job.json', 'file')]
    );
    const openOrReveal = jest.fn();
    const manager = { openOrReveal } as unknown as IDocumentManager;
    render(<JobFiles model={model} documents={manager} trans={trans} />);
    const folder = await screen.findByRole('button', { name: 'output' });
    expect(screen.getByText('1.2 kB')).toBeTruthy();
    fireEvent.click(folder);
    expect(folder.getAttribute('aria-expanded')).toBe('true');
    fireEvent.click(await screen.findByRole('button', { name: 'train.ipynb' }));
    expect(openOrReveal.mock.calls[0][0]).toBe('Studio:a/output/train.ipynb');
    expect(openOrReveal.mock.calls[0][4]).toMatchObject({ shouldStart: false });
  });
});
