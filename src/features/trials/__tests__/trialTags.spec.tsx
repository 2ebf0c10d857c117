import { Notification } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { CommandRegistry } from '@lumino/commands';
import { act, fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { FakeServer, makeDetail, trans, until } from '../../../__tests__/fakes';
import type { Trial, TrialDetail } from '../../../contract';
import { JobsModel } from '../../../models/jobsModel';
import { TrialModel } from '../../../models/trialModel';
import { useSignal } from '../../../shared/useSignal';
import { TrialTags } from '../components/trialTags';
import { TrialDeeds } from '../trialDeeds';

const DETAIL = 'GET trials/run1/detail';
const HOSTILE = '<img src=x onerror=alert(1)>';

describe('the tags of a trial', () => {
  let server: FakeServer;
  let jobs: JobsModel;
  let model: TrialModel;
  let deeds: TrialDeeds;

  beforeEach(() => {
    server = new FakeServer();
    jobs = new JobsModel({ client: server.client, auto: false });
    model = new TrialModel(jobs, 'run1');
    deeds = new TrialDeeds({
      model,
      commands: new CommandRegistry(),
      documents: {} as unknown as IDocumentManager,
      mlflowUrl: () => '',
      trans
    });
  });

  afterEach(() => {
    model.dispose();
    jobs.dispose();
    Notification.dismiss();
    jest.restoreAllMocks();
  });

  async function open(
    fields: Partial<TrialDetail> = {},
    trial: Partial<Trial> = {}
  ): Promise<void> {
    server.on(DETAIL, makeDetail(fields, trial));
    await act(() => model.refresh());
  }

  function Shown(): JSX.Element {
    useSignal(model.changed);
    return <TrialTags model={model} deeds={deeds} trans={trans} />;
  }
  const show = () => render(<Shown />);

  it('are added and taken away', async () => {
    await open({}, { tags: { stage: 'new', 'studio.kind': 'notebook' } });
    server.on('PATCH trials/run1', makeDetail({}, { tags: { more: HOSTILE } }));
    const { container } = show();
    const tags = () => screen.getByRole('region', { name: 'Tags' });
    expect(tags().textContent).toContain('1 tag that was recorded');
    fireEvent.click(screen.getByLabelText('Remove the tag stage'));
    await until(() => server.of('PATCH trials/run1').length === 1);
    fireEvent.change(screen.getByLabelText('Name of a new tag'), {
      target: { value: ' more ' }
    });
    fireEvent.change(screen.getByLabelText('Value of the new tag'), {
      target: { value: HOSTILE }
    });
    await act(async () => {
      fireEvent.click(screen.getByText('Add tag'));
      await until(() => server.of('PATCH trials/run1').length === 2);
    });
    expect(server.of('PATCH trials/run1').map(({ body }) => body)).toEqual([
      { removed_tags: ['stage'] },
      { tags: { more: HOSTILE } }
    ]);
    expect(tags().textContent).toContain(HOSTILE);
    expect(container.querySelector('img')).toBeNull();
  });

  it('are put back, unless somebody came after', async () => {
    const said = jest.spyOn(Notification, 'info').mockReturnValue('1');
    const warned = jest.spyOn(Notification, 'warning').mockReturnValue('2');
    const tagged = (tags: Record<string, string>) => makeDetail({}, { tags });
    /** Do something after which the server has these tags. */
    const after = (tags: Record<string, string>, work: () => unknown) => {
      server.on('PATCH trials/run1', tagged(tags));
      return act(async () => void (await work()));
    };
    const undo = () =>
      act(async () => {
        const callback = said.mock.calls.at(-1)![1]!.actions![0].callback;
        callback(new MouseEvent('click'));
        const sent = server.of('PATCH trials/run1').length;
        await until(
          () =>
            server.of('PATCH trials/run1').length > sent ||
            warned.mock.calls.length > 0
        );
      });
    await open({}, { tags: { stage: 'new' } });
    // A tag that was not there is lost by nobody.
    const more = { stage: 'new', more: 'x' };
    await after(more, () => deeds.setTag('more', 'x'));
    await after(more, () => deeds.setTag('more', 'x'));
    expect(said).not.toHaveBeenCalled();
    await after({ stage: 'old' }, () => deeds.setTag('stage', 'old'));
    expect(said).toHaveBeenLastCalledWith(
      'stage is old now, not new.',
      expect.anything()
    );
    server.on('GET trials/run1/detail', tagged({ stage: 'old' }));
    await undo();
    await after({}, () => deeds.removeTag('stage'));
    expect(said).toHaveBeenLastCalledWith(
      'Removed the tag stage.',
      expect.anything()
    );
    // A name that every object has.
    const odd = said.mock.calls.length;
    await after({ toString: 'x' }, () => deeds.setTag('toString', 'x'));
    expect(said.mock.calls).toHaveLength(odd);
    // Undo gives back what was there, not what was shown.
    server.on('GET trials/run1/detail', tagged({ stage: 'theirs' }));
    await after({ stage: 'mine' }, () => deeds.setTag('stage', 'mine'));
    expect(said).toHaveBeenLastCalledWith(
      'stage is mine now, not theirs.',
      expect.anything()
    );
    await undo();
    expect(warned.mock.calls[0][0]).toContain('it stays as it is');
    expect(
      server
        .of('PATCH trials/run1')
        .slice(2)
        .map(({ body }) => body)
    ).toEqual([
      { tags: { stage: 'old' } },
      { tags: { stage: 'new' } },
      { removed_tags: ['stage'] },
      { tags: { toString: 'x' } as object },
      { tags: { stage: 'mine' } }
    ]);
  });
});
