import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as path from 'node:path';
import type { APIRequestContext } from '@playwright/test';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { CompareTab } from '../pages/CompareTab';
import { across, copied, drawnAt, legendOf, listen, settled } from '../pages/drawn';
import { python } from '../python';
import { Recorder } from '../recorder';

const store = async (page: Page) => path.resolve((await page.getServerRoot())!, '../studio/mlflow.db');

/** Add trials with long histories to an experiment, past MLflow; returns their run ids. */
function addHistories(store: string, experiment: string, shape: Record<string, number>): string[] {
  const options = Object.entries(shape).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const printed = execFileSync(python(), ['-m', 'studio_ext.testing.long_histories', store, experiment, ...options], {
    cwd: path.resolve(__dirname, '..'),
    encoding: 'utf8'
  });
  return printed.trim().split('\n');
}

/** Record a trial whose values have moments of their own, in seconds since 1970. */
async function recordAt(
  request: APIRequestContext,
  base: string,
  experiment_id: string,
  name: string,
  started: number,
  values: readonly [moment: number, value: number][]
): Promise<string> {
  const send = async (verb: 'post' | 'put' | 'delete', path: string, data?: object) => {
    const response = await request[verb](`${base}/studio/api/records/${path}`, { data });
    expect(response.ok(), `${verb} ${path}: ${await response.text()}`).toBe(true);
    return response;
  };
  const made = await send('post', 'runs', { experiment_id, name, tags: {}, started });
  const { run_id } = (await made.json()) as { run_id: string };
  const journal = `runs/${run_id}/journals/${randomBytes(16).toString('hex')}`;
  await send('put', journal, { ends: true });
  const metrics = values.map(([moment, value], step) => ({ key: 'loss', value, timestamp: 1000 * moment, step }));
  await send('post', journal, { first: 1, calls: [{ metrics, params: [] }] });
  await send('delete', `${journal}?status=FINISHED&ended=${values[values.length - 1][0]}`);
  return run_id;
}

test('A zig-zag is smoothed, and what is said of it stays what was logged', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'smoothed');
  const steps = Array.from({ length: 100 }, (_, step) => step);
  const run = await recorder.record({ name: 'restless', metrics: { loss: steps.map(step => step % 2) } });
  const tab = new CompareTab(page);
  const card = tab.card('loss');
  const plot = tab.plot('loss');
  await listen(page);
  await tab.open({ sources: [{ experiment: 'smoothed', run_ids: [run] }], charts: [] });
  await tab.add('line', { Metrics: ['metrics.loss'] });

  // Just after an odd step it is high, just after an even one it is low.
  await expect(async () => {
    const [high, low] = await drawnAt(plot, [91, 94], 0);
    expect(high![1]).toBeGreaterThan(0.8);
    expect(low![0]).toBeLessThan(0.2);
  }).toPass();

  await tab.change('loss', { 'Smoothing: 0.00': '0.9' });
  await expect(card.locator('.jp-StudioChart-note')).toHaveText('smoothed');
  await expect(async () => {
    for (const each of await drawnAt(plot, [91, 92.5, 94], 0)) {
      expect(each![0]).toBeGreaterThan(0.45);
      expect(each![1]).toBeLessThan(0.55);
    }
    // What was logged is faint behind.
    const [above, below] = await drawnAt(plot, [91, 94], 0, 0.25);
    expect(above![1]).toBeGreaterThan(0.8);
    expect(below![0]).toBeLessThan(0.3);
  }).toPass();

  // Legend, description and data have the values that were logged.
  await expect.poll(() => legendOf(card)).toEqual({ restless: '1' });
  await expect(plot).toHaveAttribute('aria-label', 'loss: restless: last 1, smallest 0, largest 1');
  await plot.press('ArrowLeft');
  await plot.press('ArrowLeft');
  await expect(card.locator('.jp-StudioChart-where')).toHaveText('step 98');
  await expect.poll(() => legendOf(card)).toEqual({ restless: '0' });
  const [head, ...rows] = await copied(page, card);
  expect(head).toEqual(['line', 'metric', 'step', 'value', 'smoothed']);
  expect(rows).toHaveLength(100);
  expect(rows[99].slice(2, 4)).toEqual(['99', '1']);
  expect(Number(rows[99][4])).toBeCloseTo(0.5263, 3);
});

test('Lines go along the time since the start, the time of day, and another metric', async ({
  page,
  request,
  baseURL,
  server
}) => {
  const recorder = new Recorder(request, baseURL!, 'axes');
  const counted = await recorder.record({ name: 'counted', metrics: { loss: [9, 5, 1], examples: [0, 100, 400] } });
  const experiment = await server.experimentOf(counted);
  const morning = Date.UTC(2026, 2, 3, 9) / 1000;
  const evening = morning + 8 * 3600;
  const early = await recordAt(request, baseURL!, experiment, 'early', morning, [
    [morning + 60, 4],
    [morning + 120, 3],
    [morning + 300, 2]
  ]);
  const late = await recordAt(request, baseURL!, experiment, 'late', evening, [
    [evening + 60, 8],
    [evening + 180, 7],
    [evening + 300, 6]
  ]);
  const tab = new CompareTab(page);
  const card = tab.card('loss');
  const plot = tab.plot('loss');
  const where = card.locator('.jp-StudioChart-where');
  const moment = (seconds: number) => page.evaluate(each => new Date(each * 1000).toLocaleString(), seconds);
  await listen(page);
  await tab.open({ sources: [{ experiment: 'axes', run_ids: [early, late] }], charts: [] });

  // Since the start, both are at the same places, though eight hours apart.
  await tab.add('line', { Metrics: ['metrics.loss'], Along: 'relative' });
  await expect.poll(() => across(plot)).toEqual(expect.arrayContaining(['1:00', '2:00', '3:00', '4:00', '5:00']));
  await plot.press('End');
  await expect(where).toHaveText('after 5:00');
  await expect.poll(() => legendOf(card)).toEqual({ early: '2', late: '6' });
  await plot.press('ArrowLeft');
  await expect(where).toHaveText('after 2:00');
  await expect.poll(() => legendOf(card)).toEqual({ early: '3', late: '8' });
  expect(await copied(page, card)).toEqual([
    ['line', 'metric', 'relative', 'value'],
    ['early', 'loss', '60', '4'],
    ['early', 'loss', '120', '3'],
    ['early', 'loss', '300', '2'],
    ['late', 'loss', '60', '8'],
    ['late', 'loss', '180', '7'],
    ['late', 'loss', '300', '6']
  ]);

  // By the time of day, one is over before the other begins.
  await tab.change('loss', { Along: 'time' });
  await expect
    .poll(async () => (await across(plot)).filter(each => /^\d\d:00 [AP]M$/.test(each)).length)
    .toBeGreaterThan(5);
  await expect.poll(() => across(plot)).toContain('Mar 3');
  await expect(where).toBeEmpty();
  await plot.press('End');
  await expect(where).toHaveText(await moment(morning + 300));
  await expect.poll(() => legendOf(card)).toEqual({ early: '2', late: '–' });
  const rows = await copied(page, card);
  expect(rows.map(each => each[2])).toEqual([
    'time',
    ...[60, 120, 300].map(each => String(morning + each)),
    ...[60, 180, 300].map(each => String(evening + each))
  ]);

  // Over another metric: as far along as that is, not as the steps are.
  await tab.open({ sources: [{ experiment: 'axes', run_ids: [counted] }], charts: [] });
  await tab.add('line', { Metrics: ['metrics.loss'], Along: 'metric', 'Metric along the axis': 'metrics.examples' });
  await expect(card.locator('.jp-StudioChart-note')).toHaveText('joined by step, drawn in the order of examples');
  await expect(async () => {
    const [first, second] = await drawnAt(plot, [50, 250], 0);
    expect(first![0]).toBeCloseTo(7, 0);
    expect(second![0]).toBeCloseTo(3, 0);
  }).toPass();
  await plot.press('ArrowLeft');
  await expect(where).toHaveText('examples 400');
  await plot.press('ArrowLeft');
  await expect(where).toHaveText('examples 100');
  await expect.poll(() => legendOf(card)).toEqual({ counted: '5' });
});

test('Trials with the same parameter become their mean in a band', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'grouped');
  const record = (name: string, optimizer: string, value: number) =>
    recorder.record({
      name,
      parameters: { optimizer },
      metrics: { loss: Array.from({ length: 11 }, () => value) }
    });
  const runs = [
    await record('one', 'adam', 1),
    await record('two', 'adam', 3),
    await record('three', 'sgd', 6),
    await record('four', 'sgd', 7),
    await record('five', 'sgd', 11)
  ];
  const tab = new CompareTab(page);
  const card = tab.card('loss');
  const plot = tab.plot('loss');
  await listen(page);
  await tab.open({ sources: [{ experiment: 'grouped', run_ids: runs }], charts: [] });
  await settled(tab, runs.length, 'params.optimizer', 'metrics.loss');
  await tab.add('line', { Metrics: ['metrics.loss'] });
  await expect.poll(() => legendOf(card)).toEqual({ one: '1', two: '3', three: '6', four: '7', five: '11' });
  await tab.change('loss', { 'Group by (optional)': 'params.optimizer' });
  await expect(card.locator('.jp-StudioChart-note')).toHaveText('means, in bands from the smallest to the largest');
  await expect.poll(() => legendOf(card)).toEqual({ adam: '2', sgd: '8' });
  await expect(plot).toHaveAttribute(
    'aria-label',
    'loss: adam: last 2, smallest 2, largest 2; sgd: last 8, smallest 8, largest 8'
  );
  // A line at the mean, a band around it; between two marks of the axis.
  await expect(async () => {
    for (const [colour, mean, low, high] of [
      [0, 2, 1, 3],
      [2, 8, 6, 11]
    ]) {
      const [line] = await drawnAt(plot, [4.5], colour);
      expect(line![0]).toBeCloseTo(mean, 0);
      expect(line![1]).toBeCloseTo(mean, 0);
      const [band] = await drawnAt(plot, [4.5], colour, 0.18);
      expect(band![0]).toBeCloseTo(low, 0);
      expect(band![1]).toBeCloseTo(high, 0);
    }
  }).toPass();
  expect((await copied(page, card)).slice(0, 2)).toEqual([
    ['line', 'metric', 'step', 'value', 'low', 'high'],
    ['adam', 'loss', '0', '2', '1', '3']
  ]);

  // A group stands for its trials.
  await card.getByRole('button', { name: 'sgd', exact: true }).click();
  for (const name of ['three', 'four', 'five']) {
    await expect(tab.chip(name).getByRole('button').first()).toHaveAttribute('aria-pressed', 'true');
  }
  await expect(tab.chips.locator('[aria-pressed="true"]')).toHaveCount(3);
});

test('Sixty thousand values are drawn by a few, and all of a part that is zoomed into', async ({
  page,
  server,
  trials
}) => {
  await server.createExperiment('long');
  const [run] = addHistories(await store(page), 'long', { trials: 1, metrics: 1, values: 60_000 });
  const tab = new CompareTab(page);
  const card = tab.card('m0');
  const plot = tab.plot('m0');
  const note = card.locator('.jp-StudioChart-note');
  await listen(page);
  await trials.open('long');
  await expect(trials.row('trial-0')).toBeVisible();
  await tab.open({
    sources: [{ experiment: 'long', run_ids: [run] }],
    charts: [{ id: 'a', type: 'line', metrics: ['m0'] }]
  });
  await expect(card.locator('canvas')).toBeVisible();
  await settled(tab, 1, 'metrics.m0');
  await expect(note).toContainText('values are drawn');
  await expect(note).toHaveText(/^1,9\d\d of 60,000 values are drawn, the extremes among them$/);
  const whole = ['0', '10,000', '20,000', '30,000', '40,000', '50,000'];
  await expect.poll(() => across(plot)).toEqual(whole);
  const asked: { low: number; high: number }[] = [];
  page.on('request', each => {
    if (each.url().includes('/trials/series')) {
      asked.push(each.postDataJSON() as { low: number; high: number });
    }
  });
  /** Drag over a part of the x axis. */
  const drag = async (from: number, to: number) => {
    const box = (await plot.locator('.u-over').boundingBox())!;
    await page.mouse.move(box.x + from * box.width, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + to * box.width, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
  };

  // A quarter of it: more of its values, and still not all.
  await drag(0.25, 0.5);
  await expect(note).toHaveText(/^1,\d\d\d of 1[45],\d\d\d values are drawn, the extremes among them$/);
  expect(asked).toHaveLength(1);
  expect(Math.abs(asked[0].low - 15_000)).toBeLessThan(300);
  expect(Math.abs(asked[0].high - 30_000)).toBeLessThan(300);
  await expect.poll(() => across(plot)).toEqual(expect.arrayContaining(['16,000', '28,000']));
  const sampled = (await copied(page, card)).slice(1).map(each => Number(each[2]));
  expect(sampled[0]).toBeGreaterThan(14_600);
  expect(sampled[sampled.length - 1]).toBeLessThan(30_400);

  // A small part: every value is there, so there is nothing to say.
  await drag(0.4, 0.43);
  await expect(note).toHaveCount(0);
  expect(asked).toHaveLength(2);
  const steps = (await copied(page, card)).slice(1).map(each => Number(each[2]));
  expect(steps.length).toBeGreaterThan(300);
  expect(steps).toEqual(steps.map((_, at) => steps[0] + at));
  expect(steps[0]).toBeGreaterThan(20_500);
  expect(steps[steps.length - 1]).toBeLessThan(22_000);
  await expect.poll(() => across(plot)).toContain('21,200');

  // And back, without asking.
  await plot.locator('.u-over').dblclick();
  await expect(note).toHaveText(/ of 60,000 values are drawn/);
  await expect.poll(() => across(plot)).toEqual(whole);
  expect(asked).toHaveLength(2);

  // The keyboard does the same.
  await plot.press('+');
  await expect(note).toHaveText(/ of (29|30),\d\d\d values are drawn/);
  await plot.press('0');
  await expect(note).toHaveText(/ of 60,000 values are drawn/);
  await expect.poll(() => across(plot)).toEqual(whole);
});

test('A zero that a logarithmic axis leaves out is still said', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'down to zero');
  const run = await recorder.record({ name: 'cooled', metrics: { rate: [1, 0.1, 0] } });
  const tab = new CompareTab(page);
  const card = tab.card('rate');
  await tab.open({
    sources: [{ experiment: 'down to zero', run_ids: [run] }],
    charts: [{ id: 'a', type: 'line', metrics: ['rate'], log_y: true }]
  });
  await expect(card.locator('.jp-StudioChart-note')).toHaveText('1 value that is not above zero is left out');
  await expect.poll(() => legendOf(card)).toEqual({ cooled: '0' });
  expect((await copied(page, card)).map(each => each[3])).toEqual(['value', '1', '0.1', '0']);
});

test('A chart that began with one value shows those that follow', async ({ page, request, baseURL }) => {
  const recorder = new Recorder(request, baseURL!, 'one at first');
  const run = await recorder.record({ name: 'young', metrics: { loss: [4] }, isRunning: true });
  const tab = new CompareTab(page);
  const plot = tab.plot('loss');
  await listen(page);
  await tab.open({
    sources: [{ experiment: 'one at first', run_ids: [run] }],
    charts: [{ id: 'a', type: 'line', metrics: ['loss'] }]
  });
  expect((await across(plot)).filter(each => each !== '')).toEqual(['0']);
  await recorder.log(run, { loss: Array.from({ length: 400 }, (_, at) => at) }, 1);
  await expect.poll(() => legendOf(tab.card('loss'))).toEqual({ young: '399' });
  await expect.poll(() => across(plot)).toContain('400');
  await recorder.end(run);
});
