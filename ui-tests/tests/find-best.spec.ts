import { readFileSync, renameSync } from 'node:fs';
import * as path from 'node:path';
import type { Locator } from '@playwright/test';
import { findings } from '../axe';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { addTrials } from '../trials';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

const MANY = 'a hundred thousand';
const TRIALS = 100_000;
/** Time for the index to read them, in milliseconds. */
const READING = 180_000;

async function storeOf(page: Page): Promise<string> {
  return path.resolve((await page.getServerRoot())!, '../studio/mlflow.db');
}

/** How many trials match, of how many. */
async function counted(count: Locator): Promise<number> {
  const text = (await count.innerText()).replace(/,(?=\d)/g, '');
  return Number(/^\d+/.exec(text)?.[0] ?? NaN);
}

async function shot(page: Page, name: string): Promise<void> {
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark', 'JupyterLab Dark High Contrast']) {
    await page.theme.setTheme(theme);
    const last = theme.toLowerCase().split(' ').pop()!;
    await page.screenshot({ path: path.join(LOOK, `${name}-${last}.png`) });
  }
  await page.theme.setTheme('JupyterLab Light');
}

test('The best of a hundred thousand trials is found in three clicks', async ({ page, panel, trials, server }) => {
  test.setTimeout(READING + 240_000);
  await server.createExperiment(MANY);
  addTrials(await storeOf(page), MANY, { trials: TRIALS });

  // Click one: the panel; two: the experiment; three: the metric.
  await panel.open();
  await panel.experiment(MANY).getByRole('button').click();
  await expect(trials.count).toHaveText('100,000 trials', { timeout: READING });
  await expect(trials.table).toHaveAttribute('aria-rowcount', '100001');
  await trials.sortBy('rmse');
  const best = trials.rows.first();
  await expect(trials.cell(best, 'Trial')).toHaveText('trial-050000');
  await expect(trials.cell(best, 'rmse')).toHaveText('41,001');
  await expect(trials.cell(best, 'rmse')).toHaveAttribute('data-best', 'true');
  await expect(trials.header('rmse')).toHaveAttribute('aria-sort', 'ascending');
  await shot(page, 'trials-best');
  expect.soft(await findings(page, trials.content), 'table').toEqual([]);

  // A filter that is typed, with what can stand at the caret.
  await trials.filter.click();
  await trials.filter.pressSequentially('optim');
  await trials.completions.getByText('params.optimizer').click();
  await trials.filter.pressSequentially('= ');
  await trials.completions.getByText('lion').click();
  await expect(trials.filter).toHaveValue(/^params\.optimizer = "?lion"? $/);
  await shot(page, 'trials-filter');
  await trials.filter.press('Enter');
  await expect.poll(() => counted(trials.count)).toBeLessThan(30_000);
  await expect(trials.cell(trials.rows.first(), 'optimizer')).toHaveText('lion');

  // What is wrong with one is said where it is wrong; the rows stay.
  await trials.apply('metrics.rmse < and');
  await expect(trials.content.getByRole('alert')).toBeVisible();
  await shot(page, 'trials-wrong-filter');
  await expect(trials.cell(trials.rows.first(), 'optimizer')).toHaveText('lion');
  await trials.filter.press('Escape');
  await trials.filter.press('Escape');
  await expect(trials.filter).toHaveValue(/lion/);

  // The same as conditions, and one more.
  await trials.content.getByRole('button', { name: 'Conditions' }).click();
  const dialog = trials.content.getByRole('dialog', { name: 'Conditions' });
  await expect(dialog.getByLabel('Column')).toHaveValue('params.optimizer');
  await dialog.getByRole('button', { name: 'Add condition' }).click();
  const second = dialog.getByRole('group', { name: 'Condition 2' });
  await second.getByLabel('Column').fill('params.max_depth');
  await second.getByLabel('Comparison').selectOption('>=');
  await second.getByLabel('Value').fill('14');
  await shot(page, 'trials-conditions');
  expect.soft(await findings(page, trials.content), 'conditions').toEqual([]);
  await dialog.getByRole('button', { name: 'Apply' }).click();
  await expect(trials.filter).toHaveValue(/lion"? and params\.max_depth >= 14$/);
  await expect.poll(() => counted(trials.count)).toBeLessThan(6_000);

  // Under a name, and gone and back.
  await trials.content.getByRole('button', { name: 'Saved', exact: true }).click();
  const saved = trials.content.getByRole('dialog', { name: 'Saved filters' });
  await saved.getByLabel('Name of the filter').fill('deep lions');
  await saved.getByRole('button', { name: 'Save filter' }).click();
  await expect(saved.getByRole('listitem')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await trials.apply('');
  await expect(trials.count).toHaveText('100,000 trials');
  await trials.content.getByRole('button', { name: 'Saved', exact: true }).click();
  await saved.getByRole('button', { name: /^deep lions/ }).click();
  await expect(trials.filter).toHaveValue(/max_depth >= 14/);
  await expect.poll(() => counted(trials.count)).toBeLessThan(6_000);

  // Everything as it was after a reload.
  const value = await trials.filter.inputValue();
  const matched = await counted(trials.count);
  // The workspace is kept a moment after the change.
  await expect
    .poll(() =>
      page.evaluate(async () => {
        const response = await fetch(`${document.baseURI.replace(/lab.*/, '')}lab/api/workspaces`);
        return response.text();
      })
    )
    .toContain('max_depth');
  await page.reload({ waitForIsReady: false } as object);
  await expect(trials.filter).toHaveValue(value);
  await expect(trials.header('rmse')).toHaveAttribute('aria-sort', 'ascending');
  await expect.poll(() => counted(trials.count)).toBe(matched);
});

test('Columns, groups, trees, exports, and what is deleted comes back', async ({ page, trials, server }) => {
  await server.createExperiment('nested');
  const store = await storeOf(page);
  addTrials(store, 'nested', { trials: 400, parameters: 6, metrics: 4, components: 3 });
  await trials.open('nested');
  await expect(trials.count).toHaveText('400 trials');
  await expect(trials.header('rmse')).toHaveCount(1);

  // A column that is searched, and the smallest value of a metric.
  await trials.content.getByRole('button', { name: 'Columns', exact: true }).click();
  await trials.columns.getByLabel('Search columns').fill('stage');
  await trials.columns.getByRole('checkbox', { name: 'stage' }).check();
  await expect(trials.header('stage')).toHaveCount(1);
  await trials.columns.getByLabel('Search columns').fill('rmse');
  await trials.columns.getByLabel('rmse (min)').check();
  await expect(trials.header('rmse (min)')).toHaveCount(1);
  await shot(page, 'trials-columns');
  expect.soft(await findings(page, trials.content), 'columns').toEqual([]);
  await trials.columns.getByRole('button', { name: 'Close the columns' }).click();

  // A column is dragged, and one is made wider.
  const order = () => trials.table.getByRole('columnheader').allInnerTexts();
  const before = await order();
  const from = (await trials.header('rmse').boundingBox())!;
  const to = (await trials.header('loss').boundingBox())!;
  await page.mouse.move(from.x + from.width / 2, from.y + 10);
  await page.mouse.down();
  await page.mouse.move(to.x + 10, to.y + 10, { steps: 5 });
  await page.mouse.up();
  await expect.poll(order).not.toEqual(before);
  expect((await order()).indexOf('rmse')).toBeLessThan((await order()).indexOf('loss'));
  const narrow = (await trials.header('rmse').boundingBox())!;
  await page.mouse.move(narrow.x + narrow.width - 2, narrow.y + 10);
  await page.mouse.down();
  await page.mouse.move(narrow.x + narrow.width + 58, narrow.y + 10, { steps: 5 });
  await page.mouse.up();
  await expect.poll(async () => (await trials.header('rmse').boundingBox())!.width).toBeGreaterThan(narrow.width + 50);

  // Components below their trials, also when they are filtered.
  await trials.content.getByRole('button', { name: 'Tree' }).click();
  await expect(trials.table).toHaveAttribute('role', 'treegrid');
  await expect(trials.rows.first()).toHaveAttribute('aria-expanded', 'true');
  await expect(trials.rows.nth(1)).toHaveAttribute('aria-level', '2');
  await shot(page, 'trials-tree');
  await trials.press(trials.cell(trials.rows.first(), 'Status'));
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowLeft');
  await expect(trials.rows.first()).toHaveAttribute('aria-expanded', 'false');
  await expect(trials.rows.nth(1)).toHaveAttribute('aria-level', '1');

  // Groups with what they have on the average.
  await trials.content.getByLabel('Group by').selectOption('params.optimizer');
  await expect(trials.rows).toHaveCount(4);
  await expect(trials.cell(trials.rows.first(), 'Trial')).toHaveText(/^(adam|adamw|lion|sgd) \(\d+\)$/);
  await shot(page, 'trials-groups');
  expect.soft(await findings(page, trials.content), 'groups').toEqual([]);
  await trials.content.getByLabel('Group by').selectOption('');

  // All rows as a file.
  await trials.sortBy('rmse');
  const download = page.waitForEvent('download');
  await trials.content.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: 'Export Trials as CSV' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('nested.csv');
  const lines = readFileSync(await file.path(), 'utf8').trim().split(/\r?\n/);
  expect(lines).toHaveLength(401);
  expect(lines[1]).toContain('trial-000200');

  // Deleted from the context menu, and back by its notice.
  await trials.press(trials.cell(trials.row('trial-000200'), 'rmse'), { button: 'right' });
  await page.getByRole('menuitem', { name: 'Delete Trials' }).click();
  await expect(trials.row('trial-000200')).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(trials.row('trial-000200')).toHaveCount(1);
  await expect(trials.count).toContainText('1 selected');

  // By the keyboard alone.
  await page.keyboard.press('Escape');
  await trials.filter.focus();
  await page.keyboard.press('Control+f');
  await expect(trials.filter).toBeFocused();

  // The store is away: a banner, and the rows stay; then it is back.
  renameSync(store, `${store}.away`);
  try {
    await expect(trials.content.getByRole('alert')).toBeVisible();
    await expect(trials.row('trial-000200')).toHaveCount(1);
    await shot(page, 'trials-away');
  } finally {
    renameSync(`${store}.away`, store);
  }
  await expect(trials.content.getByRole('alert')).toHaveCount(0);
});

test('Twelve thousand metrics are searched, not waited for', async ({ page, trials, server }) => {
  await server.createExperiment('layers');
  addTrials(await storeOf(page), 'layers', { trials: 1_000, parameters: 4, metrics: 13, spread: 1_000 });
  await trials.open('layers');
  await expect(trials.count).toHaveText('1,000 trials');
  await expect(trials.cell(trials.rows.first(), 'rmse')).toHaveText(/\d/);
  await trials.content.getByRole('button', { name: 'Columns', exact: true }).click();
  await trials.columns.getByLabel('Search columns').fill('metric_12');
  await expect(trials.columns).toContainText(/100 of 1,\d{3}/);
  await trials.columns.getByLabel('Search columns').fill('metric_12999');
  await trials.columns.getByRole('checkbox', { name: 'metric_12999', exact: true }).check();
  await expect(trials.header('metric_12999')).toHaveCount(1);
  await shot(page, 'trials-many-columns');
});
