import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import {
  FakeServer,
  Reply,
  makeDetail,
  trans,
  until
} from '../../../__tests__/fakes';
import { JobsModel } from '../../../models/jobsModel';
import { TrialModel } from '../../../models/trialModel';
import { useSignal } from '../../../shared/useSignal';
import { MAX_NOTE, NoteEditor } from '../components/noteEditor';
import { NoteDraft } from '../noteDraft';

const DETAIL = 'GET trials/run1/detail';
const PATCH = 'PATCH trials/run1';

function Shown(props: { model: TrialModel }): JSX.Element {
  useSignal(props.model.changed);
  return (
    <NoteEditor
      model={props.model}
      draft={new NoteDraft('here', 'run1')}
      rendermime={null}
      trans={trans}
    />
  );
}

describe('the note of a trial', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let model: TrialModel;

  beforeEach(async () => {
    window.localStorage.clear();
    server = new FakeServer().on(DETAIL, makeDetail({ note: 'old' }));
    jobs = new JobsModel({ client: server.client, auto: false });
    model = new TrialModel(jobs, 'run1');
    await model.refresh();
  });

  afterEach(() => {
    model.dispose();
    jobs.dispose();
    jest.restoreAllMocks();
  });

  const show = () => render(<Shown model={model} />);
  const box = () => screen.getByRole<HTMLTextAreaElement>('textbox');
  const button = (name: string) => screen.getByRole('button', { name });
  const type = (text: string) =>
    fireEvent.change(box(), { target: { value: text } });
  const save = () =>
    act(async () => {
      fireEvent.keyDown(box(), { key: 'Enter', ctrlKey: true });
      await until(() => server.of(PATCH).length > 0);
      // The answer is taken in.
      await Promise.resolve();
    });

  it('is read, edited and saved with what it was written from', async () => {
    server.on(PATCH, makeDetail({ note: 'new' }));
    show();
    expect(screen.getByText('old')).toBeTruthy();
    fireEvent.click(button('Edit'));
    type('new');
    expect(screen.getByText('Not saved yet')).toBeTruthy();
    await save();
    expect(server.of(PATCH)[0].body).toEqual({ note: 'new', if_note: 'old' });
    expect(await screen.findByText('new')).toBeTruthy();
    expect(screen.queryByRole('textbox')).toBeNull();
    expect(new NoteDraft('here', 'run1').load()).toBeNull();
  });

  it('takes no more text while it is being saved', async () => {
    let finish: (detail: unknown) => void = () => undefined;
    server.on(PATCH, () => new Promise(resolve => (finish = resolve)));
    show();
    fireEvent.click(button('Edit'));
    type('new');
    expect(box().readOnly).toBe(false);
    await save();
    expect(box().readOnly).toBe(true);
    finish(makeDetail({ note: 'new' }));
    expect(await screen.findByText('new', { selector: 'pre' })).toBeTruthy();
    expect(screen.queryByRole('textbox')).toBeNull();
  });

  it('keeps what is being written over a reload', () => {
    const { unmount } = show();
    fireEvent.click(button('Edit'));
    type('half a thou');
    unmount();
    show();
    expect(box().value).toBe('half a thou');
    fireEvent.click(button('Discard'));
    expect(screen.getByText('old')).toBeTruthy();
  });

  it('keeps it where it cannot be saved, and says so', async () => {
    server.on(PATCH, new Reply(503, { code: 'unavailable', message: 'away.' }));
    show();
    fireEvent.click(button('Edit'));
    type('mine');
    await save();
    expect((await screen.findByRole('alert')).textContent).toContain(
      'The note is not saved: away.'
    );
    expect(box().value).toBe('mine');
    expect(new NoteDraft('here', 'run1').load()?.text).toBe('mine');
  });

  it('overwrites nobody without being told to', async () => {
    const fields = [{ field: 'note', message: 'theirs' }];
    server.on(
      PATCH,
      new Reply(409, { code: 'conflict', message: 'Changed.', fields })
    );
    show();
    fireEvent.click(button('Edit'));
    type('mine');
    await save();
    expect((await screen.findByRole('alert')).textContent).toContain('theirs');
    expect(box().value).toBe('mine');
    server.on(PATCH, makeDetail({ note: 'mine' }));
    await act(async () => {
      fireEvent.click(button('Save mine over it'));
      await until(() => server.of(PATCH).length === 2);
    });
    expect(server.of(PATCH)[1].body).toEqual({
      note: 'mine',
      if_note: 'theirs'
    });
  });

  it('tells while it is written that somebody changed it', async () => {
    show();
    fireEvent.click(button('Edit'));
    type('mine');
    server.on(DETAIL, makeDetail({ note: 'theirs' }));
    await act(() => model.refresh());
    expect(screen.getByRole('alert').textContent).toContain('theirs');
    expect(screen.queryByRole('button', { name: 'Save' })).toBeNull();
    fireEvent.click(button('Put both together'));
    expect(box().value).toBe('theirs\n\nmine');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('is left by Escape only where nothing would be lost', () => {
    show();
    fireEvent.click(button('Edit'));
    type('mine');
    fireEvent.keyDown(box(), { key: 'Escape' });
    expect(box().value).toBe('mine');
    type('old');
    fireEvent.keyDown(box(), { key: 'Escape' });
    expect(screen.queryByRole('textbox')).toBeNull();
  });

  it('is not saved where it is too long', () => {
    show();
    fireEvent.click(button('Edit'));
    type('x'.repeat(MAX_NOTE + 1));
    expect(button('Save')).toHaveProperty('disabled', true);
    expect(screen.getByText('5,001 of 5,000 characters')).toBeTruthy();
    fireEvent.keyDown(box(), { key: 'Enter', ctrlKey: true });
    expect(server.of(PATCH)).toHaveLength(0);
  });

  it('is no markup, and not written of a deleted trial', async () => {
    const note = '<img src=x onerror=alert(1)>';
    server.on(DETAIL, makeDetail({ note, is_deleted: true }));
    await model.refresh();
    const { container } = show();
    expect(container.querySelector('img')).toBeNull();
    expect(screen.getByText(note)).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Edit' })).toBeNull();
  });

  it.each(['{', '5', 'null', '{"text": 5, "base": ""}', '{"text": "a"}'])(
    'takes no draft that is none: %s',
    text => {
      window.localStorage.setItem('studio_ext:note:here:run1', text);
      expect(new NoteDraft('here', 'run1').load()).toBeNull();
    }
  );

  it('does without a browser that keeps anything', () => {
    const refuse = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    jest.spyOn(Storage.prototype, 'setItem').mockImplementation(refuse);
    jest.spyOn(Storage.prototype, 'removeItem').mockImplementation(refuse);
    jest.spyOn(Storage.prototype, 'getItem').mockImplementation(refuse);
    show();
    fireEvent.click(button('Edit'));
    type('mine');
    expect(box().value).toBe('mine');
    fireEvent.click(button('Discard'));
    expect(screen.getByText('old')).toBeTruthy();
  });
});
