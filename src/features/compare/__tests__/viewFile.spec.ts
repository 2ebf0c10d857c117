import { comparison } from '../../../__tests__/fakeComparison';
import { FakeServer, Reply, deferred, until } from '../../../__tests__/fakes';
import type { View } from '../../../contract';
import { CompareModel } from '../../../models/compareModel';
import { JobsModel } from '../../../models/jobsModel';
import { TrialColours } from '../../../models/trialColours';
import { writeView } from '../../../models/viewText';
import { viewOf } from '../../../models/views';
import { ViewDrafts } from '../viewDrafts';
import { ViewFile } from '../viewFile';
import { LooseText } from '../viewTexts';

describe('ViewFile', () => {
  let server: FakeServer;
  let model: CompareModel;
  let text: LooseText;
  let file: ViewFile;

  const read = ({ body }: { body: unknown }) => {
    const given = (body as { text: string }).text;
    try {
      return JSON.parse(given || '{}') as View;
    } catch {
      return new Reply(400, {
        code: 'invalid_request',
        message: 'The file is no JSON.',
        hint: 'Open it as text.',
        fields: []
      });
    }
  };
  const open = (source: string) => {
    text = new LooseText(source);
    file = new ViewFile(text, model);
  };

  beforeEach(() => {
    server = new FakeServer();
    server
      .on('POST views/read', read)
      .on('POST trials/compare', () => comparison(2, []));
    model = new CompareModel({
      client: server.client,
      jobs: new JobsModel({ client: server.client }),
      colours: new TrialColours()
    });
  });

  afterEach(() => {
    file.dispose();
    model.dispose();
    jest.restoreAllMocks();
  });

  it('shows what the text says', async () => {
    open(writeView(viewOf('churn', ['a', 'b'])));
    await until(() => file.isReady);
    expect(model.view.sources?.[0].run_ids).toEqual(['a', 'b']);
  });

  it('need not ask what a text says that was made here, until somebody else changes it', async () => {
    const view = viewOf('churn', ['a', 'b']);
    text = new LooseText(writeView(view), view);
    file = new ViewFile(text, model);
    await until(() => file.isReady);
    expect(model.view).toEqual(view);
    expect(model.isReadOnly).toBe(false);
    expect(server.of('POST views/read')).toHaveLength(0);
    text.set('{"title": "by hand"}');
    await until(() => model.view.title === 'by hand');
    expect(server.of('POST views/read')).toHaveLength(1);
  });

  it('writes what the person changes, and does not read that again', async () => {
    open(writeView(viewOf('churn', ['a', 'b'])));
    await until(() => file.isReady);
    model.update({ baseline: 'a' });
    expect(JSON.parse(text.text)).toMatchObject({ baseline: 'a' });
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(server.of('POST views/read')).toHaveLength(1);
  });

  it('shows what another editor of the same text changes', async () => {
    open(writeView(viewOf('churn', ['a', 'b'])));
    await until(() => file.isReady);
    text.set('{"title": "by hand"}');
    await until(() => model.view.title === 'by hand');
  });

  it('says what is wrong with a text, shows what it was, and writes nothing over it', async () => {
    open(writeView(viewOf('churn', ['a', 'b'])));
    await until(() => file.isReady);
    text.set('{"title": ');
    await until(() => file.error !== null);
    expect(file.error?.message).toBe('The file is no JSON.');
    expect(model.view.sources?.[0].run_ids).toEqual(['a', 'b']);
    expect(model.isReadOnly).toBe(true);
    expect(model.update({ title: 'mine' })).toBe(false);
    expect(model.view.title).toBeUndefined();
    expect(text.text).toBe('{"title": ');
    text.set('{"title": "mended"}');
    await until(() => file.error === null);
    expect(model.view.title).toBe('mended');
    expect(model.update({ title: 'mine' })).toBe(true);
    expect(JSON.parse(text.text)).toMatchObject({ title: 'mine' });
  });

  it('writes nothing over a text that was not read yet', async () => {
    const answer = deferred<View>();
    server.on('POST views/read', () => answer.promise);
    open('{"title": "kept"}');
    model.update({ title: 'early' });
    expect(text.text).toBe('{"title": "kept"}');
    answer.resolve({ title: 'kept' });
    await until(() => file.isReady);
    expect(model.view.title).toBe('kept');
  });

  it('changes what was written elsewhere, not what was there before', async () => {
    open(writeView({ ...viewOf('churn', ['a', 'b']), hidden: ['a'] }));
    await until(() => file.isReady);
    const other = '{"title": "by hand", "hidden": ["x"]}';
    text.set(other);
    expect(file.isBehind).toBe(false);
    model.hide('b', true);
    model.update({ baseline: 'b' });
    expect(text.text).toBe(other);
    expect(file.isBehind).toBe(true);
    await until(() => text.text !== other);
    expect(JSON.parse(text.text)).toEqual({
      version: 1,
      title: 'by hand',
      hidden: ['x', 'b'],
      baseline: 'b'
    });
    expect(model.view.hidden).toEqual(['x', 'b']);
  });

  it('is mended by taking back what was wrong', async () => {
    const good = writeView(viewOf('churn', ['a', 'b']));
    open(good);
    await until(() => file.isReady);
    text.set('{"title": ');
    await until(() => file.error !== null);
    text.set(good);
    await until(() => file.error === null);
    expect(model.isReadOnly).toBe(false);
  });

  it('keeps what is typed until the view can take it', async () => {
    open('{"title": "x"}');
    await until(() => file.isReady);
    const drafts = new ViewDrafts(model);
    text.set('{"title": ');
    await until(() => file.error !== null);
    drafts.set({ notes: 'typed' });
    drafts.flush();
    expect(model.view.notes).toBeUndefined();
    expect(drafts.unkept).toEqual({ notes: 'typed' });
    text.set('{"title": "y"}');
    await until(() => model.view.notes === 'typed');
    expect(JSON.parse(text.text)).toMatchObject({ title: 'y', notes: 'typed' });
    expect(drafts.unkept).toBeNull();
    drafts.dispose();
  });

  it('takes no answer for a text that has changed since', async () => {
    const first = deferred<View>();
    let count = 0;
    server.on('POST views/read', (seen: { body: unknown }) =>
      count++ === 0 ? first.promise : read(seen)
    );
    open('{"title": "old"}');
    text.set('{"title": "new"}');
    await until(() => model.view.title === 'new');
    first.resolve({ title: 'old' });
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(model.view.title).toBe('new');
  });

  it('can be read again when the server was away', async () => {
    server.on('POST views/read', new Reply(503, 'away'));
    open('{"title": "x"}');
    await until(() => file.error !== null);
    server.on('POST views/read', read);
    file.retry();
    await until(() => file.isReady);
    expect(file.error).toBeNull();
  });

  it('asks again by itself when the server was away', async () => {
    server.on('POST views/read', new Reply(503, 'away'));
    open('{"title": "x"}');
    await until(() => server.of('POST views/read').length === 2);
    expect(model.isReadOnly).toBe(true);
    server.on('POST views/read', read);
    await until(() => file.isReady);
    expect(model.view.title).toBe('x');
    expect(model.isReadOnly).toBe(false);
  });
});
