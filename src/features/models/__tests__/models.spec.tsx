import {
  Clipboard,
  Dialog,
  InputDialog,
  Notification
} from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import React from 'react';
import { FakeServer, Reply, trans } from '../../../__tests__/fakes';
import type { ModelVersion, RegisteredModel } from '../../../contract';
import { ModelsModel } from '../../../models/modelsModel';
import { RegisteredModelModel } from '../../../models/registeredModel';
import { CommandIDs } from '../../../tokens';
import { ModelList } from '../components/modelList';
import { ModelView } from '../components/modelView';
import type { IMark } from '../components/modelView';
import { ModelActions, addressOf } from '../modelActions';

export function model(fields: Partial<RegisteredModel> = {}): RegisteredModel {
  return {
    name: 'houses',
    description: '',
    tags: {},
    created: 1,
    updated: 2,
    latest: '2',
    aliases: { champion: '1' },
    ...fields
  };
}

export function version(fields: Partial<ModelVersion> = {}): ModelVersion {
  return {
    name: 'houses',
    version: '1',
    description: '',
    aliases: [],
    status: 'READY',
    status_message: '',
    created: 1,
    updated: 1,
    source: '/models/1',
    run_id: 'r1',
    trial: 'depth 8',
    experiment: 'prices',
    job_id: 'j1',
    is_trial_deleted: false,
    metrics: { rmse: 1.5 },
    tags: {},
    ...fields
  };
}

const NOT_FOUND = {
  code: 'not_found',
  message: 'There is none.',
  hint: '',
  fields: []
};

describe('models', () => {
  let server: FakeServer;
  let models: ModelsModel;
  let commands: CommandRegistry;
  let executed: [string, unknown][];

  beforeEach(() => {
    server = new FakeServer();
    models = new ModelsModel(server.client);
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
    models.dispose();
    jest.restoreAllMocks();
  });

  describe('the list', () => {
    const show = () =>
      render(<ModelList model={models} commands={commands} trans={trans} />);

    it('shows names, aliases and the newest version, and opens', async () => {
      server.on('GET models', [
        model({ aliases: { champion: '1', blue: '2' } }),
        model({ name: '<img src=x>', latest: null, aliases: {} })
      ]);
      show();
      const first = await screen.findByRole('button', { name: /^houses/ });
      expect(first.textContent).toContain('blue+1');
      expect(first.textContent).toContain('v2');
      expect(screen.getByText('no version')).toBeTruthy();
      fireEvent.click(screen.getByRole('button', { name: /^<img/ }));
      expect(executed).toEqual([
        [CommandIDs.openModel, { name: '<img src=x>' }]
      ]);
    });

    it('says what would fill it', async () => {
      server.on('GET models', []);
      show();
      expect(await screen.findByText(/choose Register Model/)).toBeTruthy();
    });

    it('says that the store is away, and looks again', async () => {
      const body = { ...NOT_FOUND, code: 'unavailable', message: 'Away.' };
      server.on('GET models', new Reply(503, body));
      show();
      expect((await screen.findByRole('alert')).textContent).toContain('Away.');
      server.on('GET models', [model()]);
      fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
      expect(await screen.findByText('houses')).toBeTruthy();
    });
  });

  describe('the tab', () => {
    let one: RegisteredModelModel;
    let mark: IMark | null = null;
    const scrolled: Element[] = [];

    beforeEach(() => {
      mark = { version: '1' };
      scrolled.length = 0;
      // jsdom has no layout.
      Element.prototype.scrollIntoView = function (this: Element) {
        scrolled.push(this);
      };
    });

    async function show(versions: ModelVersion[], more = false) {
      server
        .on('GET models', [model()])
        .on('GET models/houses', model())
        .on('GET models/houses/versions', { items: versions, more });
      one = new RegisteredModelModel(models, 'houses');
      const actions = new ModelActions(one, trans);
      render(
        <ModelView
          model={one}
          actions={actions}
          commands={commands}
          trans={trans}
          marked={() => mark}
        />
      );
      await act(() => one.load());
      return actions;
    }

    afterEach(() => one?.dispose());

    const row = (number: string) =>
      within(
        screen
          .getByRole('rowheader', { name: number })
          .closest('tr') as HTMLTableRowElement
      );

    it('shows each version with its trial, job and metrics', async () => {
      await show([
        version({ version: '2', metrics: { rmse: null }, description: 'new' }),
        version({ aliases: ['champion'] })
      ]);
      expect(screen.getByText('2 versions')).toBeTruthy();
      expect(screen.getByRole('columnheader', { name: 'rmse' })).toBeTruthy();
      expect(row('2').getByText('NaN')).toBeTruthy();
      expect(row('1').getByText('1.5')).toBeTruthy();
      fireEvent.click(row('1').getByRole('button', { name: 'depth 8' }));
      fireEvent.click(row('1').getByRole('button', { name: /^Open the job/ }));
      fireEvent.click(row('1').getByRole('button', { name: /lineage/ }));
      expect(executed.map(([id]) => id).slice(1)).toEqual([
        CommandIDs.openJob,
        CommandIDs.openLineage
      ]);
      expect(executed[0]).toEqual([
        CommandIDs.showTrial,
        { experiment: 'prices', run: 'r1' }
      ]);
      expect(executed[2][1]).toEqual({ kind: 'model', id: 'houses/1' });
      expect(screen.getByText(/load_model\("models:\/houses@champion"\)/));
    });

    it('says of trials that they are gone, or never were here', async () => {
      await show([
        version({ version: '3', run_id: null, trial: '', job_id: null }),
        version({ version: '2', is_trial_deleted: true }),
        version({ status: 'FAILED_REGISTRATION', status_message: 'no room' })
      ]);
      expect(row('3').getByText('from elsewhere')).toBeTruthy();
      expect(row('2').getByText('depth 8 (deleted)')).toBeTruthy();
      expect(screen.getByText('failed').title).toBe('no room');
    });

    it('compares the trials of the versions that are chosen', async () => {
      await show([version({ version: '2', run_id: 'r2' }), version()]);
      const button = screen.getByRole('button', { name: 'Compare Trials' });
      expect((button as HTMLButtonElement).disabled).toBe(true);
      for (const number of ['1', '2']) {
        fireEvent.click(row(number).getByRole('checkbox'));
      }
      fireEvent.click(button);
      expect(executed).toEqual([
        [
          CommandIDs.openComparison,
          { experiment: 'prices', runs: ['r2', 'r1'] }
        ]
      ]);
    });

    it('moves an alias only with a yes, and tells what was seen', async () => {
      const actions = await show([version({ version: '2' }), version()]);
      server.on('PUT models/houses/aliases/champion', model());
      jest.spyOn(InputDialog, 'getItem').mockResolvedValue({
        button: Dialog.okButton(),
        value: ' champion '
      } as never);
      const asked = actions.addAlias('2');
      const cancel = await screen.findByText('Cancel');
      expect(screen.getByText(/stands for version 1 now/)).toBeTruthy();
      fireEvent.click(cancel);
      await asked;
      expect(server.of('PUT models/houses/aliases/champion')).toHaveLength(0);
      const again = actions.addAlias('2');
      fireEvent.click(await screen.findByText('Move'));
      await act(() => again);
      expect(server.of('PUT models/houses/aliases/champion')[0].body).toEqual({
        version: '2',
        held_by: '1'
      });
    });

    it('says that somebody else was quicker, and shows what is now', async () => {
      const actions = await show([version({ version: '2' }), version()]);
      const message = "Somebody else moved 'blue'.";
      const body = { ...NOT_FOUND, code: 'conflict', message };
      server.on('PUT models/houses/aliases/blue', new Reply(409, body));
      const said = jest.spyOn(Notification, 'error').mockReturnValue('1');
      jest.spyOn(InputDialog, 'getItem').mockResolvedValue({
        button: Dialog.okButton(),
        value: 'blue'
      } as never);
      const before = server.of('GET models/houses').length;
      await act(() => actions.addAlias('2'));
      expect(said).toHaveBeenCalledWith(message);
      expect(server.of('GET models/houses').length).toBeGreaterThan(before);
    });

    it('gives an alias that was removed back', async () => {
      const actions = await show([version({ aliases: ['champion'] })]);
      server
        .on('DELETE models/houses/aliases/champion', model({ aliases: {} }))
        .on('PUT models/houses/aliases/champion', model());
      const said = jest.spyOn(Notification, 'info').mockReturnValue('1');
      await act(() => actions.removeAlias('champion', '1'));
      expect(
        server.of('DELETE models/houses/aliases/champion')[0].path
      ).toContain('held_by=1');
      const undo = said.mock.calls[0][1]!.actions![0];
      await act(async () => undo.callback(new MouseEvent('click')));
      expect(server.of('PUT models/houses/aliases/champion')[0].body).toEqual({
        version: '1',
        held_by: ''
      });
    });

    it('does not say that an alias is gone that is not', async () => {
      const actions = await show([version({ aliases: ['champion'] })]);
      const body = { ...NOT_FOUND, code: 'unavailable', message: 'Away.' };
      server.on('DELETE models/houses/aliases/champion', new Reply(503, body));
      const info = jest.spyOn(Notification, 'info').mockReturnValue('1');
      const error = jest.spyOn(Notification, 'error').mockReturnValue('2');
      await act(() => actions.removeAlias('champion', '1'));
      expect(error).toHaveBeenCalledWith('Away.');
      expect(info).not.toHaveBeenCalled();
    });

    it('looks again', async () => {
      await show([version()]);
      const changed = model({ description: 'by somebody else' });
      server.on('GET models/houses', changed);
      fireEvent.click(screen.getByRole('button', { name: 'Look again' }));
      expect(await screen.findByText('by somebody else')).toBeTruthy();
    });

    it('deletes a version when that is confirmed', async () => {
      const actions = await show([version({ aliases: ['champion'] })]);
      server.on('DELETE models/houses/versions/1', new Reply(204, undefined));
      const asked = actions.deleteVersion(version({ aliases: ['champion'] }));
      expect(
        await screen.findByText(/Its aliases go with it: champion/)
      ).toBeTruthy();
      fireEvent.click(screen.getByText('Delete'));
      await act(() => asked);
      expect(server.of('DELETE models/houses/versions/1')).toHaveLength(1);
    });

    it('edits notes', async () => {
      const actions = await show([version({ description: 'old' })]);
      server.on('PATCH models/houses/versions/1', version());
      const asked = actions.editNote(version({ description: 'old' }));
      const field = await screen.findByLabelText('Note on version 1');
      expect((field as HTMLTextAreaElement).value).toBe('old');
      fireEvent.change(field, { target: { value: 'new\nlines' } });
      fireEvent.click(screen.getByText('Save'));
      await act(() => asked);
      expect(server.of('PATCH models/houses/versions/1')[0].body).toEqual({
        description: 'new\nlines',
        if_description: 'old'
      });
    });

    it('shows both texts where somebody else changed a note', async () => {
      const actions = await show([version({ description: 'old' })]);
      const route = 'PATCH models/houses/versions/1';
      const refusal = (theirs: string) =>
        new Reply(409, {
          ...NOT_FOUND,
          code: 'conflict',
          fields: [{ field: 'description', message: theirs }]
        });
      server.on(route, refusal('theirs'));
      const asked = actions.editNote(version({ description: 'old' }));
      const field = () =>
        screen.findByLabelText<HTMLTextAreaElement>('Note on version 1');
      fireEvent.change(await field(), { target: { value: 'mine' } });
      // By keyboard.
      fireEvent.keyDown(await field(), { key: 'Enter', ctrlKey: true });
      expect(await screen.findByText('theirs')).toBeTruthy();
      expect((await field()).value).toBe('mine');
      // A habit overwrites nothing.
      fireEvent.keyDown(await field(), { key: 'Enter', ctrlKey: true });
      expect(server.of(route)).toHaveLength(1);
      fireEvent.click(screen.getByText('Put both together'));
      await screen.findByText('Save');
      expect((await field()).value).toBe('theirs\n\nmine');
      // And once more, before that is saved: this time mine is to stand.
      server.on(route, refusal('theirs again'));
      fireEvent.click(screen.getByText('Save'));
      await screen.findByText('theirs again');
      server.on(route, version());
      fireEvent.click(screen.getByText('Save mine over it'));
      await act(() => asked);
      const both = 'theirs\n\nmine';
      expect(server.of(route).map(({ body }) => body)).toEqual([
        { description: 'mine', if_description: 'old' },
        { description: both, if_description: 'theirs' },
        { description: both, if_description: 'theirs again' }
      ]);
    });

    it('keeps a note that could not be saved, and says why', async () => {
      const actions = await show([version()]);
      const body = { ...NOT_FOUND, code: 'unavailable', message: 'Away.' };
      server.on('PATCH models/houses', new Reply(503, body));
      const asked = actions.editNote();
      const field = () =>
        screen.findByLabelText<HTMLTextAreaElement>('Note on houses');
      fireEvent.change(await field(), { target: { value: 'mine' } });
      fireEvent.click(screen.getByText('Save'));
      expect(await screen.findByText('Away.')).toBeTruthy();
      expect((await field()).value).toBe('mine');
      server.on('PATCH models/houses', model({ description: 'mine' }));
      fireEvent.click(screen.getByText('Save'));
      await act(() => asked);
      expect(server.of('PATCH models/houses').map(({ body }) => body)).toEqual(
        Array(2).fill({ description: 'mine', if_description: '' })
      );
    });

    it('says that the model is gone', async () => {
      await show([version()]);
      server.on('GET models/houses', new Reply(404, NOT_FOUND));
      await act(() => one.load());
      expect(screen.getByText(/no model houses any more/)).toBeTruthy();
    });

    it('offers to delete a model without versions', async () => {
      const actions = await show([]);
      server.on('DELETE models/houses', new Reply(204, undefined));
      expect(screen.getByText(/has no version/)).toBeTruthy();
      const asked = actions.deleteModel();
      fireEvent.click(await screen.findByText('Delete'));
      await act(() => asked);
      expect(server.of('DELETE models/houses')).toHaveLength(1);
    });

    it('brings the marked version into sight, however far down', async () => {
      const many = Array.from({ length: 300 }, (_, index) =>
        version({ version: String(300 - index) })
      );
      mark = { version: '100' };
      await show(many);
      expect(screen.getAllByRole('rowheader')).toHaveLength(201);
      const marked = document.querySelector('[aria-current="true"]');
      expect(marked?.getAttribute('data-version')).toBe('100');
      expect(scrolled).toEqual([marked]);
      // What others do meanwhile moves nothing.
      await act(() => one.load());
      expect(scrolled).toHaveLength(1);
      // Asked for once more, it comes into sight once more.
      mark = { version: '100' };
      await act(() => one.load());
      expect(scrolled).toEqual([marked, marked]);
      fireEvent.click(screen.getByText('201 of 300 shown; show more'));
      expect(screen.getAllByRole('rowheader')).toHaveLength(300);
    });

    it('draws a thousand versions a hundred at a time', async () => {
      mark = null;
      const many = Array.from({ length: 1_000 }, (_, index) =>
        version({ version: String(1_000 - index) })
      );
      await show(many, true);
      expect(screen.getAllByRole('rowheader')).toHaveLength(100);
      fireEvent.click(screen.getByText('100 of 1000 shown; show more'));
      expect(screen.getAllByRole('rowheader')).toHaveLength(200);
    });
  });

  it('copies addresses', () => {
    const copy = jest.spyOn(Clipboard, 'copyToSystem').mockReturnValue();
    jest.spyOn(Notification, 'info').mockReturnValue('1');
    const one = new RegisteredModelModel(models, 'a b');
    new ModelActions(one, trans).copyAddress('champion');
    expect(copy).toHaveBeenCalledWith('models:/a b@champion');
    expect(addressOf('a b', '12')).toBe('models:/a b/12');
    one.dispose();
  });

  it('looks again when somebody else changed a model', async () => {
    server
      .on('GET models', [model()])
      .on('GET models/houses', model())
      .on('GET models/houses/versions', { items: [version()], more: false });
    const one = new RegisteredModelModel(models, 'houses');
    await one.load();
    await models.load();
    expect(server.of('GET models/houses')).toHaveLength(1);
    const changed = model({ aliases: { champion: '2' } });
    server.on('GET models', [changed]).on('GET models/houses', changed);
    await models.load();
    expect(server.of('GET models/houses')).toHaveLength(2);
    one.dispose();
  });
});
