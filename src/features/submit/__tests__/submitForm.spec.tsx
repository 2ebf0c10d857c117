import {
  act,
  fireEvent,
  render,
  screen,
  waitFor
} from '@testing-library/react';
import React from 'react';
import {
  deferred,
  FakeServer,
  makeInspection,
  makeJob,
  makeOptions,
  makeParameter,
  Reply,
  trans
} from '../../../__tests__/fakes';
import type { ISeen } from '../../../__tests__/fakes';
import type { JobDetail, SubmitRequest } from '../../../contract';
import { SubmitForm } from '../components/submitForm';
import { SubmitModel } from '../submitModel';

describe('the Run as job form', () => {
  let server: FakeServer;
  let model: SubmitModel;
  let submitted: (readonly JobDetail[])[];
  let onCancel: jest.Mock;
  const prepare = jest.fn((path: string) =>
    Promise.resolve(path.replace('RTC:', ''))
  );

  beforeEach(() => {
    server = new FakeServer()
      .on('GET options', makeOptions())
      .on('POST notebooks/inspect', makeInspection())
      .on('POST jobs', ({ body }: ISeen) =>
        makeJob({ name: String((body as SubmitRequest).name) })
      );
    prepare.mockClear();
    submitted = [];
    onCancel = jest.fn();
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  async function open(
    notebooks = ['RTC:work/train.ipynb'],
    jobId?: string
  ): Promise<void> {
    model = new SubmitModel({
      client: server.client,
      notebooks,
      prepare,
      jobId,
      trans
    });
    model.submitted.connect((_, jobs) => submitted.push(jobs));
    render(<SubmitForm model={model} trans={trans} onCancel={onCancel} />);
    await act(() => model.load());
  }

  const sent = () =>
    server.of('POST jobs').map(({ body }) => body as SubmitRequest);
  const run = () => screen.getByRole('button', { name: 'Run' });
  const fill = (label: string, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } });

  it('shows what was found, with defaults and types', async () => {
    await open();
    expect(screen.getByRole('heading').textContent).toBe(
      'Run train.ipynb as a job'
    );
    expect(screen.getByLabelText('Name')).toHaveProperty('value', 'train-8f2');
    expect(screen.getByLabelText('max_depth')).toHaveProperty('value', '6');
    expect(screen.getByText('float')).toBeTruthy();
    expect(screen.getByText('default 0.1')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Add parameter' })).toBeNull();
  });

  it('says why a runner cannot be chosen', async () => {
    await open();
    const docker = screen.getByRole('radio', { name: /Docker/ });
    expect(docker).toHaveProperty('disabled', true);
    expect(screen.getByText('No engine answers.')).toBeTruthy();
    expect(screen.getByRole('radio', { name: 'Process' })).toHaveProperty(
      'checked',
      true
    );
  });

  it('sends the form and says what became of it', async () => {
    await open();
    fill('max_depth', '8');
    fill('Memory', '2 GiB');
    await act(async () => fireEvent.click(run()));
    await waitFor(() => expect(submitted).toHaveLength(1));
    expect(sent()[0]).toMatchObject({
      notebook: 'work/train.ipynb',
      parameters: { max_depth: 8, learning_rate: 0.1 },
      resources: { memory_bytes: 2 * 1024 ** 3 }
    });
    // Saved before it was looked into, and again before it ran.
    expect(prepare).toHaveBeenCalledTimes(2);
  });

  it('is sent by Ctrl+Enter from any field', async () => {
    await open();
    const field = screen.getByLabelText('learning_rate');
    await act(async () =>
      fireEvent.keyDown(field, { key: 'Enter', ctrlKey: true })
    );
    await waitFor(() => expect(submitted).toHaveLength(1));
  });

  it('makes one request of a double click', async () => {
    await open();
    const answer = deferred<JobDetail>();
    server.on('POST jobs', () => answer.promise);
    await act(async () => {
      fireEvent.click(run());
      fireEvent.submit(screen.getByRole('form'));
    });
    await waitFor(() => expect(sent()).toHaveLength(1));
    expect(screen.getByRole('button', { name: 'Submitting…' })).toHaveProperty(
      'disabled',
      true
    );
    await act(async () => answer.resolve(makeJob()));
    await waitFor(() => expect(submitted).toHaveLength(1));
    expect(sent()).toHaveLength(1);
  });

  it('sends the same key again after a failure, a new one after a change', async () => {
    await open();
    server.on(
      'POST jobs',
      new Reply(503, { code: 'unavailable', message: 'Away' })
    );
    await act(() => model.submit());
    await act(() => model.submit());
    expect(screen.getByText('Away')).toBeTruthy();
    fill('max_depth', '9');
    await act(() => model.submit());
    const [first, second, third] = sent().map(
      request => request.idempotency_key
    );
    expect(first).toBeTruthy();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('marks a wrong value at its field when the field is left', async () => {
    await open();
    fill('Memory', 'lots');
    expect(screen.queryByRole('alert')).toBeNull();
    fireEvent.blur(screen.getByLabelText('Memory'));
    const field = screen.getByLabelText('Memory');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(field.getAttribute('aria-describedby')).toContain('-error');
    expect(screen.getByRole('alert').textContent).toContain('2 GiB');
    fill('Memory', '2 GiB');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('does not send what is wrong, and goes to the first wrong field', async () => {
    await open();
    fill('learning_rate', 'fast');
    await act(async () => fireEvent.click(run()));
    await waitFor(() =>
      expect(document.activeElement).toBe(
        screen.getByLabelText('learning_rate')
      )
    );
    expect(sent()).toHaveLength(0);
  });

  it('shows at the fields what the server refuses', async () => {
    await open();
    server.on(
      'POST jobs',
      new Reply(400, {
        code: 'invalid_request',
        message: 'max_depth must be even.',
        hint: '',
        fields: [{ field: 'parameters.max_depth', message: 'must be even' }]
      })
    );
    await act(() => model.submit());
    const field = screen.getByLabelText('max_depth');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getAllByRole('alert')).toHaveLength(1);
    expect(screen.getByText('Must be even.')).toBeTruthy();
    fill('max_depth', '8');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('says what the server refuses beside the fields', async () => {
    await open();
    server.on(
      'POST jobs',
      new Reply(404, {
        code: 'not_found',
        message: 'The notebook is gone.',
        hint: 'Was it renamed?',
        fields: [{ field: 'notebook', message: 'is gone' }]
      })
    );
    await act(() => model.submit());
    expect(screen.getByText('The notebook is gone.')).toBeTruthy();
    expect(screen.getByText('Was it renamed?')).toBeTruthy();
  });

  it('asks for the name of a new experiment', async () => {
    await open();
    const select = screen.getByLabelText('Experiment');
    const value = [...select.querySelectorAll('option')].find(
      option => option.textContent === 'New experiment…'
    )?.value;
    fireEvent.change(select, { target: { value } });
    await act(() => model.submit());
    expect(sent()).toHaveLength(0);
    fill('Its name', 'churn');
    await act(() => model.submit());
    expect(sent()[0].experiment).toBe('churn');
  });

  it('shows an experiment that does not exist yet as new', async () => {
    server.on(
      'POST notebooks/inspect',
      makeInspection({ experiment: 'fresh' })
    );
    await open();
    expect(screen.getByText('fresh (new)')).toBeTruthy();
  });

  it('adds and removes parameters where the notebook declares none', async () => {
    server.on(
      'POST notebooks/inspect',
      makeInspection({ has_parameters_cell: false, parameters: [] })
    );
    await open();
    const add = screen.getByRole('button', { name: 'Add parameter' });
    fireEvent.click(add);
    fireEvent.click(add);
    const names = screen.getAllByLabelText('Name of the parameter');
    const values = screen.getAllByLabelText('Value of the parameter');
    fireEvent.change(names[0], { target: { value: 'alpha' } });
    fireEvent.change(values[0], { target: { value: '0.5' } });
    fireEvent.click(screen.getAllByRole('button', { name: /Remove/ })[1]);
    await act(() => model.submit());
    expect(sent()[0].parameters).toEqual({ alpha: 0.5 });
  });

  it('uses a checkbox for true and false', async () => {
    server.on(
      'POST notebooks/inspect',
      makeInspection({ parameters: [makeParameter('verbose', 'bool', true)] })
    );
    await open();
    fireEvent.click(screen.getByRole('checkbox', { name: 'verbose' }));
    await act(() => model.submit());
    expect(sent()[0].parameters).toEqual({ verbose: false });
  });

  it('is filled in when a job runs again', async () => {
    server.on(
      'GET jobs/j1',
      makeJob({ id: 'j1', parameters: { max_depth: 4 } })
    );
    await open(['work/train.ipynb'], 'j1');
    expect(screen.getByLabelText('max_depth')).toHaveProperty('value', '4');
  });

  it('runs the cells of a job again where it ran only those', async () => {
    const tags = { 'studio.cells': 'true' };
    server.on('GET jobs/job1', makeJob({ id: 'job1', tags }));
    await open(undefined, 'job1');
    expect(
      screen.getByText('The cells that the job ran are run, not the notebook.')
    ).toBeTruthy();
    await act(() => model.submit());
    expect(sent()[0].cells_of).toBe('job1');
  });

  it('runs several notebooks, each with its own defaults and name', async () => {
    server.on('POST notebooks/inspect', ({ body }: ISeen) => {
      const { notebook } = body as { notebook: string };
      return makeInspection({
        suggested_name: `name-${notebook}`,
        parameters: [makeParameter('of', 'str', notebook)]
      });
    });
    await open(['a.ipynb', 'b.ipynb']);
    expect(screen.queryByLabelText('Name')).toBeNull();
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
    fill('CPUs', '2');
    await act(() => model.submit());
    expect(
      sent().map(({ name, parameters, resources }) => [
        name,
        parameters,
        resources?.cpus
      ])
    ).toEqual([
      ['name-a.ipynb', { of: 'a.ipynb' }, 2],
      ['name-b.ipynb', { of: 'b.ipynb' }, 2]
    ]);
    expect(submitted[0]).toHaveLength(2);
  });

  it('does not repeat what an earlier try has made', async () => {
    await open(['a.ipynb', 'b.ipynb']);
    let calls = 0;
    server.on('POST jobs', () => {
      calls += 1;
      return calls === 2
        ? new Reply(503, { code: 'unavailable', message: 'Away' })
        : makeJob();
    });
    await act(() => model.submit());
    expect(submitted).toHaveLength(0);
    await act(() => model.submit());
    expect(sent().map(({ notebook }) => notebook)).toEqual([
      'a.ipynb',
      'b.ipynb',
      'b.ipynb'
    ]);
    expect(submitted[0]).toHaveLength(2);
  });

  it('says why it cannot open, and tries again', async () => {
    server.on(
      'POST notebooks/inspect',
      new Reply(400, { code: 'invalid_request', message: 'Not a notebook.' })
    );
    await open();
    expect(screen.getByText('Not a notebook.')).toBeTruthy();
    expect(run()).toHaveProperty('disabled', true);
    server.on('POST notebooks/inspect', makeInspection());
    await act(async () =>
      fireEvent.click(screen.getByRole('button', { name: 'Try again' }))
    );
    await waitFor(() =>
      expect(screen.getByLabelText('max_depth')).toBeTruthy()
    );
  });

  it('says what is odd about the notebook', async () => {
    server.on(
      'POST notebooks/inspect',
      makeInspection({
        warnings: ['No cell is tagged.'],
        kernel: null,
        kernel_wanted: 'julia'
      })
    );
    await open();
    expect(screen.getByText('No cell is tagged.')).toBeTruthy();
    expect(screen.getByText(/julia, which is not installed/)).toBeTruthy();
  });

  it('closes when it is cancelled', async () => {
    await open();
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(onCancel).toHaveBeenCalledTimes(1);
  });
});
