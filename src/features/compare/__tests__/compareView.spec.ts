import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { comparedRow, comparison } from '../../../__tests__/fakeComparison';
import { FakeServer, Reply, trans, until } from '../../../__tests__/fakes';
import type { View, ViewExport } from '../../../contract';
import { compareQuery, sourceOf } from '../../../models/compareQuery';
import { JobsModel } from '../../../models/jobsModel';
import { TrialColours } from '../../../models/trialColours';
import { writeView } from '../../../models/viewText';
import { viewOf } from '../../../models/views';
import type { ViewChart } from '../../../models/views';
import { CommandIDs } from '../../../tokens';
import { addCompareCommands } from '../commands';
import { CompareContent } from '../compareTab';
import type { ICompareParts } from '../compareTab';
import { CompareView, createCharts } from '../compareView';
import { newView } from '../newView';
import { LooseText } from '../viewTexts';

const SUITED: ViewChart[] = [{ id: 'line-1', type: 'line', metrics: ['loss'] }];

describe('A comparison', () => {
  let server: FakeServer;
  let text: LooseText;
  let view: CompareView;
  let content: CompareContent;
  let jobs: JobsModel;
  let parts: ICompareParts;
  let colours: TrialColours;
  let commands: CommandRegistry;
  let opened: unknown[];

  beforeEach(async () => {
    server = new FakeServer();
    server
      .on('POST views/read', ({ body }: { body: unknown }) => {
        try {
          return JSON.parse((body as { text: string }).text) as View;
        } catch {
          return new Reply(400, {
            code: 'invalid_request',
            message: 'The file is no JSON.',
            hint: '',
            fields: []
          });
        }
      })
      .on('POST trials/compare', () =>
        comparison(2, [comparedRow('params.lr', [1, 2])], { charts: SUITED })
      );
    commands = new CommandRegistry();
    opened = [];
    commands.addCommand(CommandIDs.openComparison, {
      execute: args => void opened.push(args)
    });
    colours = new TrialColours();
    colours.assign(['other', 'run1']);
    text = new LooseText(writeView(viewOf('churn', ['run0', 'run1'])));
    jobs = new JobsModel({ client: server.client, auto: false });
    parts = {
      client: server.client,
      jobs,
      colours,
      commands,
      rendermime: null,
      trans,
      load: () => Promise.resolve({ CompareView })
    };
    content = new CompareContent(text, true, parts);
    view = (await content.ready)!;
    await until(() => view.file.isReady);
  });

  afterEach(() => {
    content.dispose();
    jobs.dispose();
    Notification.dismiss();
    jest.restoreAllMocks();
  });

  const notices = () => Notification.manager.notifications;
  const spoil = async () => {
    text.set('{"title": ');
    await until(() => view.file.error !== null);
  };

  it('that is closed while its text cannot be read offers what was typed', async () => {
    await spoil();
    view.drafts.set({ notes: 'what came of it' });
    content.dispose();
    expect(text.text).toBe('{"title": ');
    const [notice] = notices();
    expect(notice.message).toContain('its text cannot be read');
    notice.options.actions![0].callback(new MouseEvent('click'));
    const [{ view: offered }] = opened as { view: string }[];
    expect(JSON.parse(offered)).toMatchObject({
      notes: 'what came of it',
      sources: [{ experiment: 'churn', run_ids: ['run0', 'run1'] }]
    });
  });

  it('that is closed before its text was read again offers what was changed', async () => {
    text.set('{"title": ');
    view.model.hide('run0', true);
    content.dispose();
    notices()[0].options.actions![0].callback(new MouseEvent('click'));
    const [{ view: offered }] = opened as { view: string }[];
    expect(JSON.parse(offered)).toMatchObject({ hidden: ['run0'] });
  });

  it('that is closed with nothing to lose says nothing', async () => {
    view.drafts.set({ notes: 'kept' });
    view.drafts.flush();
    await spoil();
    content.dispose();
    expect(notices()).toEqual([]);
  });

  it('is exported with the charts and colours that it shows', async () => {
    addCompareCommands({
      commands,
      palette: null,
      client: server.client,
      current: () => content,
      save: () => Promise.resolve(),
      trans
    });
    server.on('POST views/export', '<html></html>');
    URL.createObjectURL = jest.fn(() => 'blob:x');
    URL.revokeObjectURL = jest.fn();
    view.model.setActive(true);
    await until(() => view.model.comparison !== null);
    await commands.execute(CommandIDs.exportView);
    const [{ body }] = server.of('POST views/export');
    const { view: sent, colours: shown } = body as ViewExport;
    expect(sent.charts).toEqual(SUITED);
    expect(shown).toEqual({
      run0: colours.get('run0'),
      run1: colours.get('run1')
    });
    expect(shown?.['run1']).toBe(1);
  });

  it.each([
    ['of charts that are there before the answer', false],
    ['of charts that come after the answer', true]
  ])(
    'asks at once for histories %s, as wide as they are going to be',
    async (_, isAfter) => {
      let charts = -1;
      server.on('POST trials/series', () => {
        charts = document.querySelectorAll('.jp-StudioHistoryChart').length;
        return {
          series: [],
          generation: 'g1',
          more: false,
          read: 0,
          waiting: 0,
          complete: true,
          missing: [],
          message: ''
        };
      });
      if (isAfter) {
        view.model.setActive(true);
        await until(() => view.model.comparison !== null);
      }
      const width = jest
        .spyOn(HTMLElement.prototype, 'clientWidth', 'get')
        .mockReturnValue(900);
      const drawn = createCharts(view.model, { trans });
      Widget.attach(drawn, document.body);
      MessageLoop.flush();
      const places = () => drawn.node.querySelectorAll('.jp-StudioCard').length;
      if (!isAfter) {
        // Where charts are going to be is seen before it is known which.
        await until(() => places() === 4);
        view.model.setActive(true);
      }
      await until(() => charts >= 0);
      expect(charts).toBe(0);
      expect(server.of('POST trials/series')[0].body).toMatchObject({
        run_ids: ['run0', 'run1'],
        metrics: ['loss'],
        max_points: 2_000
      });
      await until(() => places() === 1);
      width.mockRestore();
      drawn.dispose();
    }
  );

  it('takes what the command asked for while its code was fetched', async () => {
    const source = newView('churn', ['run0', 'run1'], trans);
    server.client.trials.compareAhead(
      compareQuery([sourceOf('churn', ['run0', 'run1'])])
    );
    const made = new CompareView(source, false, parts);
    made.model.setActive(true);
    await until(() => made.model.comparison !== null);
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.of('POST trials/compare')).toHaveLength(1);
    made.dispose();
  });

  it('of more trials than there is room for says so', () => {
    const ids = Array.from({ length: 201 }, (_, at) => `run${at}`);
    const { sources } = JSON.parse(newView('churn', ids, trans).text) as View;
    expect(sources?.[0].run_ids).toHaveLength(200);
    expect(notices()[0].message).toContain('The first 200 of 201 trials');
    newView('churn', ids.slice(1), trans);
    expect(notices()).toHaveLength(1);
  });
});
