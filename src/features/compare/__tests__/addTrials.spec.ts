import { InputDialog, Notification } from '@jupyterlab/apputils';
import { FakeServer, trans } from '../../../__tests__/fakes';
import { CompareModel } from '../../../models/compareModel';
import { JobsModel } from '../../../models/jobsModel';
import { TrialColours } from '../../../models/trialColours';
import { addTrials } from '../addTrials';

describe('Adding trials to a comparison', () => {
  let server: FakeServer;
  let model: CompareModel;
  let warned: jest.SpyInstance;

  const names = (count: number) =>
    Array.from({ length: count }, (_, index) => `r${index}`);
  const add = (args: { experiment?: string; runs?: string[] }) =>
    addTrials(model, server.client, args, trans);

  beforeEach(() => {
    server = new FakeServer();
    model = new CompareModel({
      client: server.client,
      jobs: new JobsModel({ client: server.client }),
      colours: new TrialColours()
    });
    warned = jest.spyOn(Notification, 'warning').mockReturnValue('');
  });

  afterEach(() => {
    model.dispose();
    jest.restoreAllMocks();
  });

  it('says nothing when all find room', async () => {
    await add({ experiment: 'e', runs: names(200) });
    await add({ experiment: 'e', runs: names(200) });
    expect(model.view.sources?.[0].run_ids).toHaveLength(200);
    expect(warned).not.toHaveBeenCalled();
  });

  it('says how many find no room', async () => {
    await add({ experiment: 'e', runs: names(203) });
    expect(warned).toHaveBeenCalledWith(
      'A comparison takes at most 200 trials: 3 are left out.'
    );
  });

  it('says that a view which is only shown takes none', async () => {
    model.isReadOnly = true;
    await add({ experiment: 'e', runs: ['a'] });
    expect(model.view.sources).toBeUndefined();
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining('Nothing was added')
    );
  });

  it('says how many of those that match are added', async () => {
    server.on('GET experiments', [{ name: 'e' }]).on('POST trials/table', {
      rows: names(50).map(id => ({ id })),
      matched: 70
    });
    const answer = (value: string) =>
      Promise.resolve({
        value,
        isChecked: null,
        button: {} as never
      });
    jest.spyOn(InputDialog, 'getItem').mockReturnValue(answer('e'));
    jest.spyOn(InputDialog, 'getText').mockReturnValue(answer(''));
    await add({});
    expect(model.view.sources?.[0].run_ids).toHaveLength(50);
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining('Added the first 50 of 70 trials')
    );
  });
});
