import * as path from 'node:path';
import { findings } from '../axe';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { CompareTab } from '../pages/CompareTab';
import { Recorder } from '../recorder';
import { Traps, image } from '../traps';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

const STEPS = Array.from({ length: 60 }, (_, step) => step);
const falling = (from: number, rate: number) => STEPS.map(step => from * Math.exp(-step * rate) + 0.2);
const HOSTILE = `${image('name')}${'n'.repeat(120)}`;

async function shot(page: Page, name: string): Promise<void> {
  for (const theme of ['JupyterLab Dark', 'JupyterLab Light']) {
    await page.theme.setTheme(theme);
    await page.screenshot({ path: path.join(LOOK, `${name}-${theme.split(' ')[1].toLowerCase()}.png`) });
  }
}

test('Why one trial is better than another, and a view that is sent to a colleague', async ({
  page,
  request,
  baseURL,
  trials,
  server,
  tmpPath
}) => {
  const traps = await Traps.set(page);
  const recorder = new Recorder(request, baseURL!, 'why is it better');
  const shared = { optimizer: 'adam', batch: '64', seed: '7', path: HOSTILE };
  const first = await recorder.record({
    name: 'slow',
    parameters: { ...shared, lr: '0.001', depth: '4' },
    metrics: { 'val/loss': falling(1, 0.02), 'val/accuracy': STEPS.map(step => step / 100) }
  });
  const second = await recorder.record({
    name: 'quick',
    parameters: { ...shared, lr: '0.01', depth: '8' },
    metrics: { 'val/loss': falling(1, 0.06), 'val/accuracy': STEPS.map(step => 0.2 + step / 100) }
  });
  await recorder.record({
    name: HOSTILE,
    parameters: { ...shared, lr: '0.1', depth: '8' },
    metrics: { 'val/loss': STEPS.map(() => NaN) },
    tags: { note: HOSTILE }
  });

  // Two are selected in the table and compared.
  await trials.open('why is it better');
  await expect(trials.row('quick')).toBeVisible();
  // Rows that come later move those that are there.
  await expect(trials.count).toHaveText('3 trials');
  await trials.press(trials.row('quick').getByRole('rowheader'));
  await trials.press(trials.row('slow').getByRole('rowheader'), { modifiers: ['Control'] });
  await trials.content.getByRole('button', { name: 'Compare', exact: true }).click();
  const tab = new CompareTab(page);
  await expect(tab.chips).toHaveCount(2);
  await expect(page.getByRole('tab', { name: 'Compare 2 trials' })).toBeVisible();

  // Only what differs is there, until everything is asked for.
  await expect(tab.row('params.lr')).toBeVisible();
  await expect(tab.row('params.optimizer')).toHaveCount(0);
  await tab.button('Only what differs').click();
  await expect(tab.row('params.optimizer')).toBeVisible();
  await tab.button('Only what differs').click();
  await expect(tab.row('params.optimizer')).toHaveCount(0);

  // Held against the slow one, what is better says so in words, too.
  await tab.content.getByLabel('Baseline').selectOption({ label: 'slow' });
  const loss = tab.row('metrics.val/loss').getByRole('cell');
  await expect(loss.nth(1)).toContainText('better than the baseline');
  await expect(loss.nth(1)).toContainText('−');
  await expect(loss.nth(1).getByRole('img', { name: 'best' })).toBeVisible();
  await expect(tab.row('params.lr').getByRole('cell').nth(1)).toContainText('+0.009 (+900 %)');

  // The histories are drawn.
  await expect(tab.cards.first()).toBeVisible();
  await expect(tab.cards.locator('canvas').first()).toBeVisible();
  await shot(page, 'compare');
  expect.soft(await findings(page, tab.content), 'compare').toEqual([]);

  // A trial that is pointed at or selected stands out everywhere.
  await tab.chip('quick').getByRole('button', { name: 'quick' }).first().click();
  await expect(tab.chip('quick').getByRole('button').first()).toHaveAttribute('aria-pressed', 'true');
  await expect(tab.table.getByRole('columnheader', { name: 'quick' }).getByRole('button')).toHaveAttribute(
    'aria-pressed',
    'true'
  );

  // It is still there after a reload, and can be saved as a file.
  await page.reload({ waitForIsReady: false } as object);
  await expect(tab.chips).toHaveCount(2);
  await expect(tab.content.getByLabel('Baseline')).toHaveValue(first);
  await tab.title.fill('Why quick is better');
  await tab.title.press('Enter');
  await expect(page.getByRole('tab', { name: 'Why quick is better' })).toBeVisible();
  await tab.button('Save view…').click();
  const file = `${tmpPath}/why.studio-view`;
  await page.getByRole('dialog').getByRole('textbox').fill(file);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('tab', { name: 'why.studio-view' })).toBeVisible();
  await expect(tab.chips).toHaveCount(2);
  await server.holds(file, { version: 1, title: 'Why quick is better', baseline: first });

  // What somebody else changes in the file is seen when it is read again; what is wrong in it is said.
  await tab.chip('quick').getByRole('button', { name: /^Hide/ }).click();
  await expect.poll(() => page.evaluate(() => document.querySelector('.lm-TabBar-tab.lm-mod-current.jp-mod-dirty') !== null)).toBe(true);
  await page.evaluate(() => window.jupyterapp.commands.execute('docmanager:save'));
  await server.holds(file, { hidden: [second] });
  await server.write(file, JSON.stringify({ version: 1, title: HOSTILE, sources: [{ experiment: 'why is it better' }] }));
  await page.evaluate(() => window.jupyterapp.commands.execute('docmanager:reload'));
  await page.getByRole('dialog').getByRole('button', { name: 'Reload' }).click({ timeout: 2_000 }).catch(() => undefined);
  await expect(tab.chips).toHaveCount(3);
  await shot(page, 'compare-hostile');
  await server.write(file, JSON.stringify({ version: 9 }));
  await page.evaluate(() => window.jupyterapp.commands.execute('docmanager:reload'));
  await page.getByRole('dialog').getByRole('button', { name: 'Reload' }).click({ timeout: 2_000 }).catch(() => undefined);
  await expect(tab.content.getByRole('alert')).toContainText('newer Studio');
  // The page was loaded again once, by us.
  expect(await traps.sprung()).toEqual(['page left, or loaded again']);
});

test('Two trainings are watched beside each other, and what is selected is selected everywhere', async ({
  page,
  request,
  baseURL,
  trials
}) => {
  const recorder = new Recorder(request, baseURL!, 'followed');
  const loss = { loss: falling(1, 0.05) };
  const runs: string[] = [];
  for (const [name, lr] of [
    ['left', '0.1'],
    ['right', '0.2']
  ]) {
    runs.push(await recorder.record({ name, parameters: { lr }, metrics: loss, isRunning: true }));
  }

  // The charts of the table draw what matches, each line in the colour of its row.
  await trials.open('followed');
  await trials.content.getByRole('button', { name: 'Both', exact: true }).click();
  const chart = trials.content.locator('.jp-StudioCard[data-type="line"]').first();
  await expect(chart.locator('canvas')).toBeVisible();
  await expect(chart).toContainText('left');
  await trials.press(trials.row('left').getByRole('rowheader'));
  await shot(page, 'experiment-charts');
  expect.soft(await findings(page, trials.content), 'charts of an experiment').toEqual([]);

  // What is changed of these charts is still there after a reload.
  const isLog = () => chart.getByRole('button', { name: 'log', exact: true });
  const kept = page.waitForRequest(each => each.method() === 'PUT' && (each.postData() ?? '').includes('log_y'));
  await isLog().click();
  await expect(isLog()).toHaveAttribute('aria-pressed', 'true');
  await kept;
  await page.reload({ waitForIsReady: false } as object);
  await expect(chart.locator('canvas')).toBeVisible();
  await expect(isLog()).toHaveAttribute('aria-pressed', 'true');
  await trials.press(trials.row('left').getByRole('rowheader'));
  await trials.content.getByRole('button', { name: 'Table', exact: true }).click();
  await expect(chart).toBeHidden();

  // Side by side, the lines grow while they are looked at.
  await trials.press(trials.row('right').getByRole('rowheader'), { modifiers: ['Control'] });
  await trials.content.getByRole('button', { name: 'Compare', exact: true }).click();
  const tab = new CompareTab(page);
  await expect(tab.chips).toHaveCount(2);
  await expect(tab.chip('left').getByRole('img', { name: 'Running' })).toBeVisible();
  const card = tab.cards.first();
  await expect(card.locator('canvas')).toBeVisible();
  const last = () => card.locator('.jp-StudioChart-legend').innerText();
  await expect.poll(last).toContain(String(Number(loss.loss[59].toPrecision(3))));
  await recorder.log(runs[0], { loss: [0.0625] }, 60);
  await recorder.log(runs[1], { loss: [0.0312] }, 60);
  await expect.poll(last).toMatch(/0\.0625[^]*0\.0312/);
  await expect(tab.row('metrics.loss').getByRole('cell').first()).toContainText('0.0625');
  for (const run of runs) {
    await recorder.end(run);
  }
  await expect(tab.chip('left').getByRole('img', { name: 'Running' })).toHaveCount(0);

  // A chart that is added is kept, and can be moved by the keyboard.
  await tab.button('Add chart').click();
  const form = tab.content.getByRole('form', { name: 'Add chart' });
  await form.getByLabel('Kind of chart').selectOption('scatter');
  await form.getByLabel('x axis', { exact: true }).fill('params.lr');
  await form.getByLabel('y axis', { exact: true }).fill('metrics.loss');
  await form.getByRole('button', { name: 'Add', exact: true }).click();
  const scatter = tab.content.locator('.jp-StudioCard[data-type="scatter"]');
  await expect(scatter.locator('svg').first()).toBeVisible();
  await scatter.getByRole('button', { name: /^Options of/ }).click();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(tab.cards.first()).toHaveAttribute('data-type', 'scatter');
  await shot(page, 'compare-charts');

  // A trial that is deleted meanwhile is told; the other stays.
  const gone = await request.post(`${baseURL}/studio/api/trials/delete`, { data: { run_ids: [runs[1]] } });
  expect(gone.status()).toBe(204);
  await expect(tab.chips).toHaveCount(1);
  await expect(tab.content.getByText('1 trial is not there any more')).toBeVisible();
  await tab.button('Take out of the view').click();
  await expect(tab.content.getByText('1 trial is not there any more')).toHaveCount(0);
});
