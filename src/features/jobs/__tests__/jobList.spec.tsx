import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';
import {
  FakeServer,
  makeJob,
  next,
  pageOf,
  Reply,
  trans
} from '../../../__tests__/fakes';
import type { JobDetail } from '../../../contract';
import { JobListModel } from '../../../models/jobListModel';
import { JobsModel } from '../../../models/jobsModel';
import { CommandIDs } from '../../../tokens';
import { JobList } from '../components/jobList';

describe('the list of jobs', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let model: JobListModel;
  let executed: [string, unknown][];

  beforeEach(() => {
    server = new FakeServer();
    jobs = new JobsModel({ client: server.client, auto: false });
    model = new JobListModel(jobs);
    executed = [];
  });

  afterEach(() => {
    model.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  async function show(items: JobDetail[], total = items.length) {
    server.on(
      'GET jobs',
      pageOf(items, total > items.length ? 'c' : null, total)
    );
    const commands = new CommandRegistry();
    for (const id of Object.values(CommandIDs)) {
      commands.addCommand(id, {
        execute: args => {
          executed.push([id, args['id']]);
        }
      });
    }
    const view = render(
      <JobList model={model} commands={commands} trans={trans} />
    );
    await act(() => model.load());
    return view;
  }

  const rows = () => screen.getAllByRole('listitem');

  it('says what fills it when it is empty, with the button', async () => {
    await show([]);
    expect(screen.queryByRole('searchbox')).toBeNull();
    fireEvent.click(
      screen.getByRole('button', { name: 'Run a notebook as a job' })
    );
    expect(executed[0][0]).toBe(CommandIDs.runAsJob);
  });

  it('shows how a running job goes and stops it', async () => {
    const progress = { done: 5, total: 12, current: 6, label: 'fit model' };
    await show([makeJob({ id: 'a', name: 'train', progress })]);
    const row = within(rows()[0]);
    expect(row.getByRole('img', { name: 'Running' })).toBeTruthy();
    expect(row.getByRole('progressbar').getAttribute('aria-valuenow')).toBe(
      '5'
    );
    expect(row.getByText('5/12')).toBeTruthy();
    expect(row.getByText('fit model')).toBeTruthy();
    fireEvent.click(row.getByRole('button', { name: 'Stop train' }));
    expect(executed).toEqual([[CommandIDs.stopJob, 'a']]);
  });

  it('offers to kill what was asked to stop', async () => {
    await show([makeJob({ name: 'train', stop_requested: true })]);
    expect(screen.getByRole('button', { name: 'Kill train now' })).toBeTruthy();
  });

  it('says in one line why a job failed', async () => {
    await show([
      makeJob({
        id: 'a',
        name: 'train',
        status: 'Failed',
        secondary_status: 'Failed',
        message: 'KeyError in cell 7'
      })
    ]);
    const row = within(rows()[0]);
    expect(row.getByRole('img', { name: 'Failed' })).toBeTruthy();
    expect(row.getByText('KeyError in cell 7')).toBeTruthy();
    fireEvent.click(row.getByRole('button', { name: 'Log of train' }));
    fireEvent.click(row.getByRole('button', { name: 'Run train again' }));
    fireEvent.click(
      row.getByRole('button', { name: 'Output notebook of train' })
    );
    expect(executed.map(([id]) => id)).toEqual([
      CommandIDs.showLog,
      CommandIDs.runAgain,
      CommandIDs.openOutput
    ]);
  });

  it('says what a starting job waits for, as it changes', async () => {
    const job = makeJob({
      id: 'a',
      status: 'Starting',
      secondary_status: 'Downloading',
      started: null,
      message: 'Fetching the image studio/notebook:1, 42 %'
    });
    await show([job]);
    const row = within(rows()[0]);
    expect(row.getByRole('img', { name: 'Fetching' })).toBeTruthy();
    expect(row.getByText(job.message)).toBeTruthy();
    act(() => jobs.take(next(job, { message: 'Fetching the image, 43 %' })));
    expect(row.getByText('Fetching the image, 43 %')).toBeTruthy();
    act(() =>
      jobs.take(next(job, { secondary_status: 'Starting', message: '' }))
    );
    expect(row.getByText('Starting', { selector: 'span' })).toBeTruthy();
  });

  it('offers no output before there is one', async () => {
    await show([makeJob({ status: 'Pending', secondary_status: 'Pending' })]);
    expect(screen.queryByRole('button', { name: /Output/ })).toBeNull();
  });

  it('follows changes in place', async () => {
    const job = makeJob({ id: 'a', name: 'train', started: 10 });
    await show([job, makeJob({ name: 'other' })]);
    act(() =>
      jobs.take(
        next(job, {
          status: 'Completed',
          secondary_status: 'Completed',
          ended: 82
        })
      )
    );
    expect(rows()).toHaveLength(2);
    expect(screen.getByText('Completed in 1 m 12 s')).toBeTruthy();
  });

  it('does not move rows while the pointer is in them', async () => {
    await show([makeJob({ name: 'one' })]);
    const list = screen.getByRole('list', { name: 'Jobs' });
    fireEvent.pointerEnter(list);
    act(() => jobs.take(makeJob({ name: 'two' })));
    expect(rows()).toHaveLength(1);
    expect(screen.getByText('1 new job')).toBeTruthy();
    fireEvent.pointerLeave(list);
    expect(rows()).toHaveLength(2);
    expect(screen.queryByText('1 new job')).toBeNull();
  });

  it('moves by arrows, opens by Enter, deletes by Delete', async () => {
    await show([
      makeJob({ id: 'a', name: 'one' }),
      makeJob({ id: 'b', name: 'two' })
    ]);
    const [first, second] = rows().map(
      row =>
        row.querySelector<HTMLElement>('.jp-StudioJobs-main') as HTMLElement
    );
    first.focus();
    fireEvent.keyDown(first, { key: 'ArrowDown' });
    expect(document.activeElement).toBe(second);
    fireEvent.keyDown(second, { key: 'ArrowDown' });
    expect(document.activeElement).toBe(second);
    fireEvent.keyDown(second, { key: 'ArrowUp' });
    expect(document.activeElement).toBe(first);
    fireEvent.click(first);
    fireEvent.keyDown(first, { key: 'Delete' });
    expect(executed).toEqual([
      [CommandIDs.openJob, 'a'],
      [CommandIDs.deleteJob, 'a']
    ]);
  });

  it('says how many more there are and fetches them', async () => {
    await show([makeJob()], 213);
    server.on('GET jobs', pageOf([makeJob({ created: 1 })], null, 2));
    await act(async () => {
      fireEvent.click(screen.getByRole('button', { name: '… 212 more' }));
      await new Promise(resolve => setTimeout(resolve, 20));
    });
    expect(rows()).toHaveLength(2);
    expect(screen.queryByText(/more/)).toBeNull();
  });

  it('says when nothing fits the filter', async () => {
    await show([makeJob()]);
    server.on('GET jobs', pageOf([]));
    fireEvent.change(screen.getByRole('searchbox', { name: 'Filter jobs' }), {
      target: { value: 'zzz' }
    });
    await screen.findByText('No job has "zzz" in its name.');
    expect(screen.getByRole('searchbox')).toBeTruthy();
  });

  it('keeps what it shows when the server is away, and says so', async () => {
    await show([makeJob()]);
    server.on(
      'GET jobs',
      new Reply(503, { code: 'unavailable', message: 'Away.' })
    );
    await act(() => model.load());
    expect(rows()).toHaveLength(1);
    expect(screen.getByRole('alert').textContent).toContain('Away.');
  });

  it('shows names as text', async () => {
    const { container } = await show([makeJob({ name: '<b>bold</b>' })]);
    expect(container.querySelector('b')).toBeNull();
    expect(screen.getByText('<b>bold</b>')).toBeTruthy();
  });
});
