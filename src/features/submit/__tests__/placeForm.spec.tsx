import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import {
  FakeServer,
  makeDockerOptions,
  makeImage,
  makeInspection,
  makeJob,
  Reply,
  trans
} from '../../../__tests__/fakes';
import type { SubmitOptions, SubmitRequest } from '../../../contract';
import { SubmitForm } from '../components/submitForm';
import { SubmitModel } from '../submitModel';

describe('the form for jobs in containers', () => {
  let server: FakeServer;
  let model: SubmitModel;

  beforeEach(() => {
    server = new FakeServer()
      .on('POST notebooks/inspect', makeInspection())
      .on('POST jobs', () => makeJob());
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  async function open(options: SubmitOptions, runner = 'docker') {
    server.on('GET options', options);
    model = new SubmitModel({
      client: server.client,
      notebooks: ['train.ipynb'],
      prepare: path => Promise.resolve(path),
      preferences: () => Promise.resolve({ runner, image: '' }),
      trans
    });
    render(<SubmitForm model={model} trans={trans} onCancel={jest.fn()} />);
    await act(() => model.load());
  }

  const sent = () =>
    server.of('POST jobs').map(({ body }) => body as SubmitRequest);
  const image = () => screen.getByLabelText<HTMLSelectElement>('Image');
  const fetchIt = () => screen.queryByLabelText('Fetch it if it is not there');
  const line = () => screen.queryByRole('status')?.textContent ?? '';
  const labels = () => [...image().options].map(({ text }) => text);
  const refuse = (field: string, hint = '') =>
    server.on(
      'POST jobs',
      new Reply(400, {
        code: 'invalid_request',
        message: `${field}: will not do`,
        hint,
        fields: [{ field, message: 'will not do' }]
      })
    );

  /** Choose "Other image…" and type. */
  function type(name: string): void {
    const other = [...image().options].find(({ text }) => /Other/.test(text));
    fireEvent.change(image(), { target: { value: other?.value } });
    fireEvent.change(screen.getByLabelText('Its name'), {
      target: { value: name }
    });
  }

  it('shows images instead of kernels with the runner that has them', async () => {
    await open(makeDockerOptions(), '');
    expect(line()).toBe('Process · Python 3');
    expect(screen.queryByLabelText('Image')).toBeNull();
    expect(screen.queryByLabelText('GPUs')).toBeNull();
    fireEvent.click(screen.getByLabelText('Docker'));
    expect(screen.queryByLabelText('Kernel')).toBeNull();
    expect(labels()).toEqual(['studio/notebook:1 (612 MB)', 'Other image…']);
    expect(screen.getByText('Made for notebooks')).toBeTruthy();
    expect(line()).toBe('Docker · studio/notebook:1 · Python 3.12');
    expect(fetchIt()).toBeNull();
    fireEvent.click(screen.getByLabelText('Process'));
    expect(screen.queryByLabelText('Image')).toBeNull();
    expect(screen.getByLabelText('Kernel')).toHaveProperty('value', 'python3');
  });

  it('sends what was chosen', async () => {
    const plain = makeImage({ reference: 'plain:3', profile: 'contract' });
    await open(makeDockerOptions([makeImage(), plain]));
    fireEvent.change(image(), { target: { value: 'plain:3' } });
    expect(screen.getByText("Runs as the image's own user")).toBeTruthy();
    fireEvent.click(screen.getByLabelText('May reach the network'));
    fireEvent.change(screen.getByLabelText('GPUs'), { target: { value: '1' } });
    await act(() => model.submit());
    expect(sent()[0]).toMatchObject({
      runner: 'docker',
      image: 'plain:3',
      pull: false,
      network_access: true,
      resources: { gpus: 1 }
    });
  });

  it('says that the default image is not there, how to get it, and looks again', async () => {
    await open(makeDockerOptions([]));
    expect(labels()).toEqual(['studio/notebook:1 (not there)', 'Other image…']);
    const ids = image().getAttribute('aria-describedby') ?? '';
    expect(document.getElementById(ids)?.textContent).toContain(
      'Build it: studio image build'
    );
    expect(line()).toBe('');
    server.on('GET options', makeDockerOptions());
    await act(async () => fireEvent.click(screen.getByText('Look again')));
    expect(labels()).toEqual(['studio/notebook:1 (612 MB)', 'Other image…']);
    expect(screen.queryByText(/Build it/)).toBeNull();
  });

  it('keeps what it shows when looking again fails, and says so', async () => {
    await open(makeDockerOptions([]));
    server.on(
      'GET options',
      new Reply(503, { code: 'unavailable', message: 'Away.' })
    );
    await act(() => model.lookAgain());
    expect(screen.getByText('Away.')).toBeTruthy();
    expect(labels()[0]).toBe('studio/notebook:1 (not there)');
    server.on('GET options', makeDockerOptions());
    await act(() => model.lookAgain());
    expect(screen.queryByText('Away.')).toBeNull();
  });

  it('fetches an image that is typed in, when asked', async () => {
    await open(makeDockerOptions());
    type('python:3.12');
    // How to get the default image is no help with another.
    expect(screen.queryByText(/Build it/)).toBeNull();
    expect(screen.getByText('Not there')).toBeTruthy();
    fireEvent.click(fetchIt() as HTMLElement);
    expect(screen.queryByText('Not there')).toBeNull();
    expect(line()).toBe('Docker · python:3.12 · to be fetched');
    await act(() => model.submit());
    expect(sent()[0]).toMatchObject({ image: 'python:3.12', pull: true });
    type('studio/notebook:1');
    expect(fetchIt()).toBeNull();
    expect(line()).toBe('Docker · studio/notebook:1 · Python 3.12');
  });

  it('does not send without a name', async () => {
    await open(makeDockerOptions());
    type('');
    await act(() => model.submit());
    expect(sent()).toHaveLength(0);
    expect(screen.getByLabelText('Its name').getAttribute('aria-invalid')).toBe(
      'true'
    );
  });

  it.each([
    ['image', 'Its name'],
    ['pull', 'Fetch it if it is not there'],
    ['network_access', 'May reach the network'],
    ['resources.gpus', 'GPUs']
  ])('shows what the server says of %s at its field', async (field, label) => {
    await open(makeDockerOptions());
    type('other:1');
    refuse(field, 'Do this.');
    await act(() => model.submit());
    const control = screen.getByLabelText(label);
    expect(control.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByRole('alert').textContent).toBe('Will not do. Do this.');
    expect(document.activeElement).toBe(control);
    // It goes when the field changes.
    if (control.getAttribute('type') === 'checkbox') {
      fireEvent.click(control);
    } else {
      fireEvent.change(control, { target: { value: '1' } });
    }
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('finds out that an image has gone when the server misses it', async () => {
    await open(makeDockerOptions());
    refuse('image');
    server.on('GET options', makeDockerOptions([]));
    await act(() => model.submit());
    await screen.findByText(/Build it/);
    expect(image().getAttribute('aria-invalid')).toBe('true');
    fireEvent.click(fetchIt() as HTMLElement);
    expect(image().getAttribute('aria-invalid')).toBeNull();
    expect(screen.queryByText(/Build it/)).toBeNull();
  });
});
