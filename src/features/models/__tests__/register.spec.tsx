import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { FakeServer, Reply, trans } from '../../../__tests__/fakes';
import type { LoggedModel } from '../../../contract';
import { ModelsModel } from '../../../models/modelsModel';
import { registerModel } from '../registerDialog';

const LOGGED: LoggedModel = {
  path: 'm-1',
  name: 'model',
  model_type: 'tree',
  status: 'READY',
  created: 1
};
const ENTER = { key: 'Enter' };
const HOUSES = {
  name: 'houses',
  description: '',
  tags: {},
  created: 1,
  updated: 1,
  latest: '2',
  aliases: { champion: '1' }
};

describe('registering a model', () => {
  let server: FakeServer;
  let models: ModelsModel;

  beforeEach(() => {
    server = new FakeServer()
      .on('GET trials/r1', { name: 'depth 8', experiment: 'a/b: "c"' })
      .on('GET trials/r1/models', {
        run_id: 'r1',
        models: [LOGGED, { ...LOGGED, path: 'm-2' }],
        versions: []
      })
      .on('GET models', [HOUSES])
      .on('POST models', { name: 'houses', version: '3' });
    models = new ModelsModel(server.client);
    jest.spyOn(Notification, 'success').mockReturnValue('1');
  });

  afterEach(() => {
    models.dispose();
    jest.restoreAllMocks();
  });

  const ask = (path = '') =>
    registerModel({
      models,
      run: 'r1',
      path,
      commands: new CommandRegistry(),
      trans
    });

  const type = (name: string, value: string) =>
    fireEvent.change(screen.getByLabelText(name), { target: { value } });

  /** Dialogs are hidden to roles here: jsdom does not open them. */
  const button = (name: string) =>
    screen.getByText(name).closest('button') as HTMLButtonElement;

  const press = (name: string) =>
    act(async () => {
      fireEvent.click(button(name));
      await Promise.resolve();
    });

  it('says what becomes of the name and of the alias, and does it', async () => {
    const asked = ask('m-2');
    const name = await screen.findByLabelText('Name');
    expect((name as HTMLInputElement).value).toBe('a-b- -c-');
    expect(screen.getByText('Makes a new model.')).toBeTruthy();
    type('Name', 'houses');
    expect(screen.getByText('Becomes the version after 2.')).toBeTruthy();
    type('Alias', 'champion');
    expect(
      screen.getByText(/champion stands for version 1 now. It moves/)
    ).toBeTruthy();
    fireEvent.change(screen.getByLabelText('Note'), {
      target: { value: 'best' }
    });
    await press('Register');
    expect(await asked).toEqual({ name: 'houses', version: '3' });
    expect(server.of('POST models')[0].body).toEqual({
      run_id: 'r1',
      path: 'm-2',
      name: 'houses',
      alias: 'champion',
      held_by: '1',
      description: 'best'
    });
  });

  it('comes back with what was written when it is refused', async () => {
    const body = {
      code: 'invalid_request',
      message: 'alias: is no alias',
      hint: 'Choose a word.',
      fields: [{ field: 'alias', message: 'is no alias' }]
    };
    server.on('POST models', new Reply(400, body));
    const asked = ask();
    const name = await screen.findByLabelText('Name');
    type('Alias', 'v1');
    await press('Register');
    // Beside the field, once, and the field has the focus.
    expect(await screen.findByText('is no alias Choose a word.')).toBeTruthy();
    expect(screen.queryByText('alias: is no alias')).toBeNull();
    const alias = screen.getByLabelText('Alias');
    expect((alias as HTMLInputElement).value).toBe('v1');
    expect(alias.getAttribute('aria-invalid')).toBe('true');
    expect(document.activeElement).toBe(alias);
    // It is the same dialog all the time.
    expect(screen.getByLabelText('Name')).toBe(name);
    server.on('POST models', { name: 'x', version: '1' });
    type('Alias', '');
    expect(alias.getAttribute('aria-invalid')).toBeNull();
    expect(document.activeElement).toBe(alias);
    await act(async () => {
      fireEvent.keyDown(alias, { key: 'Enter' });
      await Promise.resolve();
    });
    expect(await asked).toEqual({ name: 'x', version: '1' });
    expect(server.of('POST models')[1].body).not.toHaveProperty('alias');
  });

  it('takes the focus to the first field, and gives it back', async () => {
    const opener = document.createElement('button');
    document.body.append(opener);
    opener.focus();
    const logged = [LOGGED];
    server.on('GET trials/r1/models', () => ({
      run_id: 'r1',
      models: logged,
      versions: []
    }));
    let asked = ask();
    const name = await screen.findByLabelText('Name');
    expect(document.activeElement).toBe(name);
    fireEvent.keyDown(name, { key: 'Escape' });
    expect(await asked).toBeNull();
    expect(document.activeElement).toBe(opener);
    // With several models that is what comes first.
    logged.push({ ...LOGGED, path: 'm-2' });
    asked = ask();
    const path = await screen.findByLabelText('Model of depth 8');
    expect(document.activeElement).toBe(path);
    await press('Cancel');
    await asked;
    opener.remove();
  });

  it('does nothing on Enter while something is missing, or twice', async () => {
    let finish: (value: unknown) => void = () => undefined;
    server.on('POST models', () => new Promise(resolve => (finish = resolve)));
    const asked = ask();
    const name = await screen.findByLabelText('Name');
    const enter = () => act(async () => void fireEvent.keyDown(name, ENTER));
    type('Name', ' ');
    await enter();
    expect(server.of('POST models')).toHaveLength(0);
    type('Name', 'houses');
    await enter();
    expect(button('Register').disabled).toBe(true);
    await enter();
    expect(server.of('POST models')).toHaveLength(1);
    // Closed meanwhile: the version is made, and that is said.
    await press('Cancel');
    finish({ name: 'houses', version: '3' });
    expect(await asked).toEqual({ name: 'houses', version: '3' });
    expect(Notification.success).toHaveBeenCalledTimes(1);
  });

  it('says what to do where a trial has no model', async () => {
    server.on('GET trials/r1/models', {
      run_id: 'r1',
      models: [],
      versions: []
    });
    const asked = ask();
    expect(
      await screen.findByText('The trial depth 8 has no model.')
    ).toBeTruthy();
    expect(button('Register').disabled).toBe(true);
    // There is no field, and no button that could be pressed by Enter: Escape is heard all the same.
    expect(document.activeElement).not.toBe(document.body);
    fireEvent.keyDown(document.activeElement!, { key: 'Escape' });
    expect(await asked).toBeNull();
  });

  it('says that it cannot look, and looks again', async () => {
    const body = {
      code: 'unavailable',
      message: 'Away.',
      hint: '',
      fields: []
    };
    server.on('GET trials/r1/models', new Reply(503, body));
    const asked = ask();
    expect(await screen.findByText('Away.')).toBeTruthy();
    server.on('GET trials/r1/models', {
      run_id: 'r1',
      models: [LOGGED],
      versions: [{ name: 'houses' }]
    });
    await press('Try again');
    const name = await screen.findByLabelText('Name');
    expect((name as HTMLInputElement).value).toBe('houses');
    await waitFor(() => {
      expect(button('Register').disabled).toBe(false);
    });
    await press('Cancel');
    expect(await asked).toBeNull();
  });
});
