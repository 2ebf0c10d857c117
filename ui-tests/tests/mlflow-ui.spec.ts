import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { expect, test } from '../fixtures';
import { mlflowServer } from '../mlflow';
import { code, notebook, parameters } from '../notebooks';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

const plain = (folds: number) =>
  notebook(
    parameters('alpha: float = 1.0'),
    code(`# Read the data
import pandas as pd
houses = pd.read_csv('houses.csv')
houses.head()`),
    code(`# Train
from sklearn.linear_model import Ridge
folds = ${folds}
model = Ridge(alpha=alpha).fit(houses[['rooms', 'size']], houses['price'])`)
  );
const DATA = ['rooms,size,price', ...Array.from({ length: 60 }, (_, n) => `${n % 5},${n},${n * 3}`), ''].join('\n');

test("MLflow's own page shows all that was recorded of a plain notebook", async ({ page, tmpPath, server }) => {
  test.setTimeout(300_000);
  const folder = path.join((await page.getServerRoot())!, tmpPath);
  await server.write(`${tmpPath}/houses.csv`, DATA);
  await server.write(`${tmpPath}/plain.ipynb`, plain(3));
  git(folder, 'init', '--quiet');
  git(folder, 'add', '.');
  git(folder, 'commit', '--quiet', '--message', 'Three folds');
  const commit = git(folder, 'rev-parse', 'HEAD');
  await server.write(`${tmpPath}/plain.ipynb`, plain(5));
  const { id } = await server.submit(`${tmpPath}/plain.ipynb`, {
    name: 'plain',
    experiment: 'read by MLflow',
    parameters: { alpha: 0.25 }
  });
  await server.reaches(id, 'Completed');
  const run = (await server.job(id)).trial.run_id!;

  const mlflow = await mlflowServer(path.join(folder, '../../studio/mlflow.db'), folder);
  try {
    const ui = await page.context().newPage();
    const elsewhere: string[] = [];
    await ui.route(/^https?:/, route => {
      const url = route.request().url();
      if (url.startsWith(`${mlflow.url}/`)) {
        return route.continue();
      }
      elsewhere.push(url);
      return route.abort();
    });
    await ui.goto(`${mlflow.url}/#/experiments/${await server.experimentOf(run)}/runs/${run}`);
    const main = ui.getByRole('main');
    await expect(main.getByRole('heading', { name: 'plain', exact: true })).toBeVisible();

    // What went in and what came out.
    await expect(main.getByRole('row', { name: 'alpha 0.25', exact: true })).toBeVisible();
    await expect(main.getByRole('row', { name: /^training_r2_score 0\.99/ })).toBeVisible();
    await expect(main.getByText('Finished', { exact: true })).toBeVisible();
    await expect(main.getByText(commit.slice(0, 7))).toBeVisible();
    await ui.screenshot({ path: path.join(LOOK, 'mlflow-overview.png') });

    // The file that was read, beside what scikit-learn was given.
    const data = ui.getByRole('dialog', { name: /^Data details/ });
    await main.getByText('+1', { exact: true }).click();
    await ui.getByText(/houses\.csv/).last().click();
    await expect(data).toContainText('2 datasets used');
    await data.getByRole('button', { name: /^houses\.csv/ }).click();
    await expect(data).toContainText(`sha256: ${createHash('sha256').update(DATA).digest('hex')}`);
    await expect(data).toContainText('num rows: 60');
    await ui.screenshot({ path: path.join(LOOK, 'mlflow-dataset.png') });
    await ui.keyboard.press('Escape');
    await expect(data).toBeHidden();

    // What the job used: curves, or bars where it was too short for more than one sample.
    await main.getByRole('tab', { name: 'System metrics' }).click();
    await expect(main.getByRole('heading', { name: 'cpu_utilization_percentage' })).toBeVisible();
    await expect(main.locator('.js-plotly-plot').first()).toContainText(/plain|%|\d/);
    await ui.screenshot({ path: path.join(LOOK, 'mlflow-system.png') });

    // The files: what was in no commit, what was displayed, and the notebook with its outputs.
    await main.getByRole('tab', { name: 'Artifacts' }).click();
    await main.getByText('code', { exact: true }).click();
    await main.getByText('uncommitted.diff.txt', { exact: true }).click();
    await expect(main).toContainText('code/uncommitted.diff.txt');
    await expect(main).toContainText('folds = 5');
    await ui.screenshot({ path: path.join(LOOK, 'mlflow-diff.png') });
    await main.getByText('tables', { exact: true }).click();
    await main.getByText('cell-02.json', { exact: true }).click();
    await expect(main.getByRole('columnheader', { name: 'rooms' })).toBeVisible();
    await expect(main.getByRole('row', { name: '4 4 4 12', exact: true })).toBeVisible();
    await ui.screenshot({ path: path.join(LOOK, 'mlflow-table.png') });
    await main.getByText('notebook', { exact: true }).click();
    await main.getByText('plain.ipynb', { exact: true }).click();
    await expect(main.locator('code')).toContainText('injected-parameters');
    await ui.screenshot({ path: path.join(LOOK, 'mlflow-notebook.png') });
    expect(elsewhere).toEqual([]);
  } finally {
    await mlflow.close();
  }
});

/** Run git in a folder, whoever works here. */
function git(folder: string, ...command: string[]): string {
  const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  return execFileSync('git', [...who, ...command], { cwd: folder, encoding: 'utf8' }).trim();
}
