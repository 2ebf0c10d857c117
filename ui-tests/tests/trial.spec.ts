import * as path from 'node:path';
import { findings } from '../axe';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { code, notebook, parameters } from '../notebooks';
import { image, script, Traps } from '../traps';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');
const EXPERIMENT = 'one trial';

const python = (value: unknown): string => JSON.stringify(value);

/** What logs one of everything. */
const LOGS = notebook(
  parameters('max_depth: int = 8\nlearning_rate: float = 0.1'),
  code(`import json, math, pathlib
import mlflow
for step in range(200):
    mlflow.log_metrics({"rmse": 60_000 * math.exp(-step / 40) + 46_904, "r2": 0.83 * (1 - math.exp(-step / 30))}, step=step)
mlflow.log_metric("score", 0.91)`),
  code(`matrix = {"type": "ConfusionMatrix", "title": "Flowers", "labels": ["setosa", "versicolor", "virginica"],
          "confusionMatrix": [[50, 0, 0], [0, 46, 4], [0, 3, 47]]}
mlflow.log_dict(matrix, "graphs/matrix.json")
curve = {"type": "ROCCurve", "title": "ROC", "areaUnderCurve": 0.94,
         "falsePositiveRate": [n / 50 for n in range(51)], "truePositiveRate": [(n / 50) ** 0.25 for n in range(51)]}
mlflow.log_dict(curve, "graphs/roc.json")
mlflow.log_text("city,price\\n" + "".join(f"town {n},{n * 1.5}\\n" for n in range(1000)), "tables/prices.csv")
mlflow.log_text(${python(script('page') + '<h1>A page</h1>')}, "hostile/page.html")
mlflow.log_text('<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40">${script('svg').replace(/'/g, "\\'")}<rect width="80" height="40" fill="tan"/></svg>', "hostile/picture.svg")
mlflow.log_text("flavors:\\n  sklearn:\\n    version: 1.7\\n", "model/MLmodel")`),
  code(`from IPython.display import HTML, display
display(HTML(${python(image('output'))}))`)
);

async function shot(page: Page, name: string): Promise<void> {
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await page.theme.setTheme(theme);
    await page.screenshot({ path: path.join(LOOK, `${name}-${theme.split(' ')[1].toLowerCase()}.png`) });
  }
  await page.theme.setTheme('JupyterLab Light');
}

test('Everything about one trial, and a note that stays', async ({ page, tmpPath, server, trials, trialTab }) => {
  await server.write(`${tmpPath}/train.ipynb`, LOGS);
  const { id } = await server.submit(`${tmpPath}/train.ipynb`, {
    experiment: EXPERIMENT,
    name: 'first',
    parameters: { max_depth: 8 }
  });
  await server.reaches(id, 'Completed');
  const [{ run_id: run }] = await server.trials(EXPERIMENT);

  // From the table into the trial.
  await trials.open(EXPERIMENT);
  const cell = trials.cell(trials.row('first'), 'Trial');
  await cell.focus();
  await cell.dblclick({ force: true });
  await expect(trialTab.heading).toHaveText('first');
  const traps = await Traps.set(page);
  await expect(trialTab.content.locator('canvas').first()).toBeVisible();
  await expect(trialTab.content.getByRole('region', { name: 'About' })).toContainText('mlflow ui --backend-store-uri');
  await shot(page, 'trial-overview');
  expect.soft(await findings(page, trialTab.content), 'overview').toEqual([]);

  await trialTab.show('Metrics');
  await expect(trialTab.content.getByRole('region', { name: 'Summary of the metrics' })).toContainText('rmse');
  await shot(page, 'trial-metrics');
  expect.soft(await findings(page, trialTab.content), 'metrics').toEqual([]);
  await trialTab.show('Parameters');
  await expect(trialTab.content.getByRole('row', { name: 'max_depth 8' })).toBeVisible();

  // Artefacts of every kind, none of which does anything.
  await trialTab.show('Artefacts');
  await trialTab.look('graphs', 'matrix.json');
  await expect(trialTab.preview.getByRole('cell', { name: '47', exact: true })).toBeVisible();
  await shot(page, 'trial-matrix');
  expect.soft(await findings(page, trialTab.content), 'artefacts').toEqual([]);
  await trialTab.look('roc.json');
  await expect(trialTab.preview.getByRole('img', { name: /Area below the curve: 0.94/ })).toBeVisible();
  await shot(page, 'trial-roc');
  await trialTab.look('tables', 'prices.csv');
  await expect(trialTab.preview).toContainText('Rows: the first 200 of 1,000. Columns: 2.');
  await shot(page, 'trial-table');
  await trialTab.look('hostile', 'page.html');
  await expect(trialTab.preview).toContainText('<script>');
  await trialTab.preview.getByRole('button', { name: 'Show as a page' }).click();
  await expect(trialTab.preview.frameLocator('iframe').getByRole('heading', { name: 'A page' })).toBeVisible();
  await trialTab.look('picture.svg');
  await expect(trialTab.preview.getByText('80 × 40')).toBeVisible();
  await trialTab.look('notebook', 'train.ipynb');
  await expect(trialTab.preview.locator('.jp-CodeCell')).toHaveCount(5); // with that of the job's parameters
  await shot(page, 'trial-notebook');
  await trialTab.look('model', 'MLmodel');
  await expect(trialTab.preview).toContainText('sklearn');
  await shot(page, 'trial-text');
  for (const view of ['Code', 'Environment', 'Data'] as const) {
    await trialTab.show(view);
    await shot(page, `trial-${view.toLowerCase()}`);
  }
  await expect(trialTab.content.locator('.jp-StudioJob-view:visible')).toBeVisible();

  // A note, in Markdown, with what it must not do.
  await trialTab.show('Overview');
  await trialTab.note.getByRole('button', { name: 'Add a note' }).click();
  await trialTab.text.fill(`# The best so far\n\n- deeper **overfits**\n\n${image('note')}${script('note')}`);
  await trialTab.text.press('Control+Enter');
  await expect(trialTab.note.getByRole('heading', { name: 'The best so far' })).toBeVisible();
  await expect.poll(async () => (await server.tagsOf(run))['mlflow.note.content']).toContain('# The best so far');
  await shot(page, 'trial-note');
  expect.soft(await findings(page, trialTab.content), 'note').toEqual([]);
  expect(await traps.sprung()).toEqual([]);
  await traps.prove();

  // What is being written survives a reload, and so does the tab.
  await trialTab.note.getByRole('button', { name: 'Edit' }).click();
  await trialTab.text.fill('unsaved words');
  await expect
    .poll(() =>
      page.evaluate(async () => {
        const response = await fetch(`${document.baseURI.replace(/lab.*/, '')}lab/api/workspaces`);
        return response.text();
      })
    )
    .toContain('studio-trials:');
  await page.reload({ waitForIsReady: false } as object);
  await expect(trialTab.text).toHaveValue('unsaved words');
  await trialTab.note.getByRole('button', { name: 'Discard' }).click();
  await expect(trialTab.note.getByRole('heading', { name: 'The best so far' })).toBeVisible();

  // Deleted while it is shown, and restored.
  await trialTab.button('Delete').click();
  await expect(trialTab.content.getByRole('alert')).toContainText('This trial was deleted.');
  await shot(page, 'trial-deleted');
  await trialTab.content.getByRole('button', { name: 'Restore' }).click();
  await expect(trialTab.content.getByRole('alert')).toHaveCount(0);
  await expect.poll(async () => (await server.trials(EXPERIMENT)).length).toBe(1);
});
