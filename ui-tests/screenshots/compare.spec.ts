import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Locator } from '@playwright/test';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { code, notebook, runCell } from '../notebooks';
import { CompareTab } from '../pages/CompareTab';
import { take, takePage } from '../pictures';
import { python } from '../python';

const EXPERIMENT = 'tuning';
const TRIALS = 27;

const VIEW = {
  version: 1,
  title: 'What the learning rate does',
  notes: 'Small steps need more trees than these 120. On average **squared error** is ahead.',
  sources: [{ experiment: EXPERIMENT, limit: 200 }],
  charts: [
    {
      id: 'axes',
      type: 'parallel',
      keys: ['params.max_depth', 'params.learning_rate', 'params.loss', 'params.min_samples_leaf', 'metrics.test/rmse'],
      log: ['params.learning_rate'],
      colour: 'metrics.test/rmse',
      wide: true
    },
    { id: 'grouped', type: 'line', metrics: ['test/rmse'], group_by: 'params.loss' },
    { id: 'matter', type: 'importance', metric: 'metrics.test/rmse' },
    {
      id: 'points',
      type: 'scatter',
      x: 'params.learning_rate',
      y: 'metrics.test/rmse',
      colour: 'params.max_depth',
      log_x: true
    },
    { id: 'boxes', type: 'box', by: 'params.loss', value: 'metrics.test/rmse' },
    { id: 'bars', type: 'histogram', value: 'metrics.test/rmse' },
    { id: 'cells', type: 'heatmap', x: 'params.learning_rate', y: 'params.max_depth', value: 'metrics.test/rmse' }
  ]
};

test('Pictures of comparisons: beside a table, in a tab, in a notebook, and as a file', async ({
  page,
  browser,
  server,
  trials,
  trialTab
}, info) => {
  test.setTimeout(600_000);
  const home = path.dirname((await page.getServerRoot())!);
  await server.createExperiment('house-prices'); // makes the store
  execFileSync(python(), ['-W', 'ignore', path.join(__dirname, 'sweep.py'), home], {
    // Threads of OpenMP hinder each other where the machine has other work.
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', OMP_NUM_THREADS: '1' },
    stdio: ['ignore', 'ignore', 'inherit']
  });
  await page.sidebar.close('left');

  // The charts beside a table, and one trial.
  await trials.open(EXPERIMENT);
  await expect(trials.count).toHaveText(`${TRIALS} trials`);
  await trials.content.getByRole('button', { name: 'Both', exact: true }).click();
  await expect(trials.content.locator('.jp-StudioCard canvas').first()).toBeVisible();
  await trials.sortBy('test/rmse');
  await take(page, 'experiment-charts');
  await trials.content.getByRole('button', { name: 'Table', exact: true }).click();
  const best = trials.cell(trials.rows.first(), 'Trial');
  await best.focus();
  await best.press('Enter');
  await trialTab.show('Metrics');
  await expect(trialTab.content.locator('canvas')).toHaveCount(3);
  await take(page, 'trial-metrics');

  // Some of them side by side.
  await trials.open(EXPERIMENT);
  await trials.apply('params.max_depth = 5 and params.loss != gamma');
  await expect(trials.count).toContainText(`6 of ${TRIALS}`);
  await trials.press(trials.rows.first().getByRole('rowheader'));
  await page.evaluate(() => window.jupyterapp.commands.execute('studio-trials:select-all'));
  await trials.content.getByRole('button', { name: 'Compare', exact: true }).click();
  const tab = new CompareTab(page);
  await expect(tab.chips).toHaveCount(6);
  await tab.content.getByLabel('Baseline').selectOption({ label: 'squared-5-0.1' });
  await expect(tab.cards.locator('canvas').first()).toBeVisible();
  await take(page, 'compare');

  // Every kind of chart, of all of them.
  const file = 'tuning.studio-view';
  await server.write(file, JSON.stringify(VIEW, null, 1));
  await open(page, file);
  await expect(page.getByRole('tab', { name: file })).toBeVisible();
  await expect(tab.chips).toHaveCount(TRIALS);
  await tab.button('Charts').click();
  for (const { id } of VIEW.charts) {
    const card = tab.content.locator(`.jp-StudioCard[data-chart="${id}"]`);
    await card.scrollIntoViewIfNeeded();
    await expect(card.locator('svg, canvas').first()).toBeVisible();
  }
  await brush(page, tab.cards.first().locator('.jp-StudioChart-plot'));
  await expect.poll(() => tab.chips.locator('[aria-pressed="true"]').count()).toBeGreaterThan(2);
  await tab.cards.first().evaluate(node => node.scrollIntoView());
  await take(page, 'compare-charts');
  await tab.cards.last().scrollIntoViewIfNeeded();
  await take(page, 'compare-more-charts');

  // As a file, which is read without a server.
  const download = page.waitForEvent('download');
  await page.evaluate(() => window.jupyterapp.commands.execute('studio-compare:export'));
  const report = info.outputPath('report.html');
  await (await download).saveAs(report);
  const context = await browser.newContext({ offline: true, viewport: { width: 1440, height: 900 } });
  const reader = await context.newPage();
  await reader.goto(pathToFileURL(report).href);
  await expect(reader.locator('.jp-StudioReport-chart svg path[d]:not([d=""])').first()).toBeAttached();
  await takePage(reader, 'report');
  await context.close();

  // In a notebook.
  const shown = `import studio_ext as studio\n\nstudio.view("${file}", height=640)`;
  await server.write('tuning.ipynb', notebook(code(shown)));
  await open(page, 'tuning.ipynb');
  await runCell(page, 0);
  const frame = page.locator('.jp-NotebookPanel:visible .jp-OutputArea iframe').contentFrame();
  await expect(frame.locator('svg path[d]:not([d=""])').first()).toBeAttached();
  await take(page, 'view-in-notebook');
});

/** Open a file as the file browser does. */
async function open(page: Page, path: string): Promise<void> {
  await page.evaluate(path => window.jupyterapp.commands.execute('docmanager:open', { path }).then(() => 0), path);
}

/** Drag along the upper half of the first of parallel axes, beyond its end. */
async function brush(page: Page, drawn: Locator): Promise<void> {
  await drawn.scrollIntoViewIfNeeded();
  const box = (await drawn.boundingBox())!;
  await page.mouse.move(box.x + 48, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 48, box.y + 10, { steps: 8 });
  await page.mouse.up();
}
