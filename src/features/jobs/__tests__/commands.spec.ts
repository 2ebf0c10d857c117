import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { CommandRegistry } from '@lumino/commands';
import { FakeServer, trans } from '../../../__tests__/fakes';
import { JobsModel } from '../../../models/jobsModel';
import { CommandIDs } from '../../../tokens';
import { addJobCommands } from '../commands';

describe('commands on jobs', () => {
  let commands: CommandRegistry;
  let current: string | null;
  let jobs: JobsModel;
  let opened: [string, string | undefined][];

  beforeEach(() => {
    commands = new CommandRegistry();
    current = null;
    opened = [];
    jobs = new JobsModel({ client: new FakeServer().client, auto: false });
    const row = document.createElement('li');
    row.dataset['jobId'] = 'clicked';
    addJobCommands({
      app: {
        commands,
        // It remembers the last right click, however long ago that was.
        contextMenuHitTest: (test: (node: HTMLElement) => boolean) =>
          test(row) ? row : undefined
      } as unknown as JupyterFrontEnd,
      documents: {} as unknown as IDocumentManager,
      jobs,
      trans,
      open: (id, tab) => Promise.resolve(opened.push([id, tab])),
      current: () => current,
      reload: () => Promise.resolve()
    });
  });

  afterEach(() => {
    jobs.dispose();
    jest.restoreAllMocks();
  });

  it('take the job that is named before any other', async () => {
    current = 'front';
    await commands.execute(CommandIDs.openJob, {
      id: 'named',
      tab: 'log',
      fromMenu: true
    });
    expect(opened).toEqual([['named', 'log']]);
  });

  it('take what was right-clicked only from the menu', async () => {
    await commands.execute(CommandIDs.showLog, { fromMenu: true });
    current = 'front';
    await commands.execute(CommandIDs.showLog);
    expect(opened).toEqual([
      ['clicked', 'log'],
      ['front', 'log']
    ]);
  });

  it('cannot be used where no job is meant', () => {
    expect(commands.isEnabled(CommandIDs.deleteJob)).toBe(false);
    expect(commands.isEnabled(CommandIDs.deleteJob, { fromMenu: true })).toBe(
      true
    );
    expect(commands.label(CommandIDs.stopJob)).toBe('Stop Job');
  });
});
