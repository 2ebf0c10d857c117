import * as path from 'node:path';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { code, notebook } from '../notebooks';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

const NOTEBOOK = notebook(
  { ...code('from pathlib import Path\nfactor = 2'), metadata: { tags: ['setup'] } },
  code('%load_ext studio_ext\n%experiment prices by magic'),
  code('%%trial deep trees\nmax_depth = 8\nlearning_rate = 0.1\n{"rmse": 0.25, "r2": 0.9}'),
  code('%%trial flat trees\nmax_depth = 2\nlearning_rate = 0.1\n{"rmse": 0.5, "r2": 0.7}'),
  code('%compare --metric rmse'),
  code('%%job\nprint("forty-two:", int(Path("numbers.txt").read_text()) * factor)'),
  code('%%trial\n1 / 0')
);

test('A cell as a trial, and a cell as a job', async ({ page, tmpPath, server, panel, jobTab, trials }) => {
  test.setTimeout(300_000);
  await server.write(`${tmpPath}/by-magic.ipynb`, NOTEBOOK);
  await server.write(`${tmpPath}/numbers.txt`, '21');
  await page.notebook.openByPath(`${tmpPath}/by-magic.ipynb`);
  await expect(page.getByText('Python 3 (ipykernel) | Idle')).toBeVisible();
  await panel.open();

  // The first trial of a kernel opens the record, which takes a while.
  for (const cell of [0, 1, 2, 3]) {
    await run(page, cell);
  }
  const main = page.getByRole('main');
  await expect(main.getByText("Trial 'deep trees' in prices by magic")).toContainText('rmse = 0.25');
  await expect(panel.experiment('prices by magic')).toBeVisible();

  await run(page, 4);
  const table = main.locator('.jp-OutputArea table');
  await expect(table.getByRole('columnheader')).toHaveText(['', 'deep trees', 'flat trees']);
  await expect(table.getByRole('row').filter({ hasText: 'rmse' })).toContainText('0.25 ★');
  await expect(main.locator('[data-mime-type="application/vnd.jupyter.stderr"]')).toHaveCount(0);
  await shot(page, 'magics-trials');

  // The name of the experiment leads to its trials.
  await main.getByRole('link', { name: 'prices by magic' }).first().click();
  await expect(trials.row('deep trees')).toBeVisible();
  await expect(trials.cell(trials.row('deep trees'), 'rmse')).toHaveText('0.25');
  await expect(trials.cell(trials.row('flat trees'), 'max_depth')).toHaveText('2');
  await shot(page, 'magics-table');

  await page.activity.activateTab('by-magic.ipynb');
  await run(page, 5);
  await expect(main.getByText('Submitted this cell after code cell 1 of by-magic.ipynb.')).toBeVisible();
  const row = panel.row('by-magic [');
  await expect(row).toBeVisible();
  const [job] = await server.jobs();
  await server.reaches(job.id, 'Completed');
  expect(job.trial.experiment).toBe('prices by magic');
  await shot(page, 'magics-job');
  await panel.main(row).click();
  await expect(jobTab.state).toContainText('Completed');
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText('forty-two: 42');

  // The error of a trial is the error of its cell.
  await page.activity.activateTab('by-magic.ipynb');
  await run(page, 6);
  await expect(main.getByText('ZeroDivisionError: division by zero')).toHaveCount(1);
  await expect(main.getByText(/Trial 'by-magic \[\d+\]' in/)).toContainText('Failed');
  await shot(page, 'magics-failed');
});

/** Run a cell of the notebook that is in front, and wait until it is over. */
async function run(page: Page, cell: number): Promise<void> {
  await page.evaluate(async index => {
    const { shell, commands } = window.jupyterapp;
    const panel = shell.currentWidget as unknown as { content: { activeCellIndex: number } };
    panel.content.activeCellIndex = index;
    await commands.execute('notebook:run-cell');
  }, cell);
  await expect(page.locator('.jp-Notebook:visible .jp-Cell').nth(cell).locator('.jp-InputPrompt')).toHaveText(
    /\[\d+\]:/
  );
}

/** Take a picture in both themes. */
async function shot(page: Page, name: string): Promise<void> {
  await page.locator('.jp-Notebook:visible .jp-OutputArea').last().scrollIntoViewIfNeeded().catch(() => undefined);
  for (const theme of ['dark', 'light']) {
    await (theme === 'dark' ? page.theme.setDarkTheme() : page.theme.setLightTheme());
    await page.screenshot({ path: path.join(LOOK, `${name}-${theme}.png`), animations: 'disabled', caret: 'hide' });
  }
}
