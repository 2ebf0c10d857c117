import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import type { Locator } from '@playwright/test';
import { findings } from '../axe';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { python } from '../python';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

const EXPERIMENT = 'promote <b>the</b> best';
const MODEL = `Häuser "${'x'.repeat(20)}" <img src=x>`;

async function shot(page: Page, name: string): Promise<void> {
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await page.theme.setTheme(theme);
    await page.screenshot({ path: path.join(LOOK, `${name}-${theme.split(' ')[1].toLowerCase()}.png`) });
  }
  await page.theme.setTheme('JupyterLab Light');
}

/** Trials with models and data, recorded by MLflow's own client; and what it says of the registry. */
function mlflow(home: string, code: string): string {
  const uri = `sqlite:///${path.join(home, 'mlflow.db')}`;
  const head = `import mlflow, sys\nmlflow.set_tracking_uri(${JSON.stringify(uri)})\n`;
  return execFileSync(python(), ['-W', 'ignore', '-c', head + code], {
    cwd: home,
    encoding: 'utf8',
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
    stdio: ['ignore', 'pipe', 'pipe']
  });
}

const RECORD = `
import pandas
frame = pandas.DataFrame({"rooms": [1, 2, 3], "price": [10.0, 20.0, 30.0]})
data = mlflow.data.from_pandas(frame, source="/data/houses.csv", name="houses.csv", digest="0123456789abcdef")
class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [7] * len(model_input)
experiment = mlflow.set_experiment(${JSON.stringify(EXPERIMENT)})
for rmse in (3.0, 1.0, 2.0):
    with mlflow.start_run(run_name=f"depth {rmse}"):
        mlflow.log_input(data, context="training")
        mlflow.log_metric("rmse", rmse)
        if rmse < 3:
            mlflow.pyfunc.log_model(name="model", python_model=Model(), pip_requirements=[])
`;

test('The best trial is promoted, and an unmodified client loads it', async ({ page, panel, trials, server }) => {
  const home = path.resolve((await page.getServerRoot())!, '../studio');
  await server.createExperiment(EXPERIMENT);
  await panel.open();
  const models = page.locator('#studio-models-section');
  await expect(models.getByText('No models yet.')).toBeVisible();
  mlflow(home, RECORD);

  // From the table to the dialog.
  await trials.open(EXPERIMENT);
  await expect(trials.count).toHaveText('3 trials');
  await trials.sortBy('rmse');
  await expect(trials.cell(trials.rows.first(), 'rmse')).toHaveText('1');
  await choose(page, trials.cell(trials.rows.first(), 'Trial'), 'Register Model…');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Model of depth 1.0')).toContainText('model');
  await expect(dialog.getByRole('combobox', { name: 'Name' })).toBeFocused();
  await dialog.getByRole('combobox', { name: 'Name' }).fill(MODEL);
  await dialog.getByRole('combobox', { name: 'Alias' }).fill('champion');
  await expect(dialog.getByText('No version has this alias yet.')).toBeVisible();
  await dialog.getByLabel('Note').fill('The lowest rmse so far.');
  await shot(page, 'models-register');
  expect.soft(await findings(page, dialog), 'dialog').toEqual([]);
  await dialog.getByRole('button', { name: 'Register' }).click();
  await expect(models.getByRole('button', { name: MODEL })).toContainText('v1');

  // A better one comes: what happens to the holder of the alias is said before.
  await choose(page, trials.cell(trials.row('depth 2.0'), 'Trial'), 'Register Model…');
  await dialog.getByRole('combobox', { name: 'Name' }).fill(MODEL);
  await dialog.getByRole('combobox', { name: 'Alias' }).fill('champion');
  await expect(dialog.getByText('champion stands for version 1 now.')).toBeVisible();
  await dialog.getByRole('combobox', { name: 'Alias' }).press('Enter');
  await expect(models.getByRole('button', { name: MODEL })).toContainText('v2');

  // A trial without a model says what to do.
  await choose(page, trials.cell(trials.row('depth 3.0'), 'Trial'), 'Register Model…');
  await expect(dialog.getByText('The trial depth 3.0 has no model.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Register' })).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(page.locator('.jp-StudioGrid:visible :focus')).toHaveCount(1);

  // The tab of the model; the alias goes back to where it was.
  await models.getByRole('button', { name: MODEL }).click();
  const tab = page.locator('.jp-StudioModel:visible');
  const row = (version: string) => tab.locator(`tr[data-version="${version}"]`);
  await expect(row('2').getByRole('button', { name: 'champion', exact: true })).toBeVisible();
  await row('1').getByRole('button', { name: 'Add an alias' }).click();
  await dialog.getByRole('combobox').fill('champion');
  await dialog.getByRole('button', { name: 'Set' }).click();
  await expect(dialog.getByText('champion stands for version 2 now.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Move' }).click();
  await expect(row('1').getByRole('button', { name: 'champion', exact: true })).toBeVisible();
  await expect(row('2').getByRole('button', { name: 'champion', exact: true })).toHaveCount(0);
  await shot(page, 'models-tab');
  expect.soft(await findings(page, tab), 'tab').toEqual([]);

  // Another client sees the same, and gets the model.
  const seen = mlflow(
    home,
    `name = ${JSON.stringify(MODEL)}
version = mlflow.MlflowClient().get_model_version_by_alias(name, "champion")
loaded = mlflow.pyfunc.load_model(f"models:/{name}@champion")
print(version.version, version.description, loaded.predict([1, 2]))`
  );
  expect(seen.trim()).toBe('1 The lowest rmse so far. [7, 7]');

  // Somebody else writes a note while one is being written: neither is lost.
  await row('1').getByRole('button', { name: 'Edit the note on version 1' }).click();
  const note = dialog.getByLabel('Note on version 1');
  await expect(note).toBeFocused();
  await note.fill('mine');
  const client = `client, name = mlflow.MlflowClient(), ${JSON.stringify(MODEL)}\n`;
  mlflow(home, `${client}client.update_model_version(name, "1", description="theirs")`);
  await note.press('Control+Enter');
  await expect(dialog.getByText('The note was changed since you began to write.')).toBeVisible();
  await expect(dialog.getByText('theirs', { exact: true })).toBeVisible();
  await shot(page, 'models-note');
  expect.soft(await findings(page, dialog), 'note').toEqual([]);
  await dialog.getByRole('button', { name: 'Put both together' }).click();
  await expect(note).toHaveValue('theirs\n\nmine');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row('1').getByText('theirs')).toBeVisible();
  const written = mlflow(home, `${client}print(client.get_model_version(name, "1").description)`);
  expect(written.trim()).toBe('theirs\n\nmine');

  // What is done to a tag of its trial can be undone.
  await row('1').getByRole('button', { name: 'depth 1.0' }).click();
  const tags = page.locator('.jp-StudioTrial:visible').getByRole('region', { name: 'Tags' });
  const setTag = async (value: string) => {
    await tags.getByLabel('Name of a new tag').fill('stage');
    await tags.getByLabel('Value of the new tag').fill(value);
    await tags.getByRole('button', { name: 'Add tag' }).click();
    await expect(tags.getByRole('listitem')).toHaveText(`stage${value}`);
  };
  const undo = page.getByRole('button', { name: 'Undo' });
  await setTag('old');
  await setTag('new');
  await undo.click();
  await expect(tags.getByRole('listitem')).toHaveText('stageold');
  await expect(undo).toHaveCount(0);
  await tags.getByRole('button', { name: 'Remove the tag stage' }).click();
  await expect(tags.getByRole('listitem')).toHaveCount(0);
  await undo.click();
  await expect(tags.getByRole('listitem')).toHaveText('stageold');
  await models.getByRole('button', { name: MODEL }).click();

  // What it came from: data, trial, model.
  await row('1').getByRole('button', { name: 'Show the lineage of version 1' }).click();
  const lineage = page.locator('.jp-StudioLineage:visible');
  const node = (name: string | RegExp) => lineage.locator('.jp-StudioLineage-open').filter({ hasText: name });
  await expect(node('houses.csv')).toBeVisible();
  await expect(node('depth 1.0')).toBeVisible();
  await expect(node('champion')).toBeVisible();
  const left = async (of: Locator) => (await of.boundingBox())!.x;
  expect(await left(node('houses.csv'))).toBeLessThan(await left(node('depth 1.0')));
  expect(await left(node('depth 1.0'))).toBeLessThan(await left(node('champion')));
  // By keyboard along the lines to the data, and to what else read it.
  await node('champion').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(node('depth 1.0')).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(node('houses.csv')).toBeFocused();
  await page.keyboard.press('+');
  await expect(node('depth 3.0')).toBeVisible();
  await shot(page, 'models-lineage');
  expect.soft(await findings(page, lineage), 'lineage').toEqual([]);
  await lineage.getByRole('radio', { name: 'List' }).click();
  await expect(lineage.getByRole('listitem').filter({ hasText: 'houses.csv' }).first()).toBeVisible();
  await shot(page, 'models-lineage-list');

  // Hostile names stayed words.
  expect(await page.locator('img[src="x"], main b').count()).toBe(0);
});

/** Choose from the context menu of a cell. */
async function choose(page: Page, cell: Locator, label: string): Promise<void> {
  await cell.focus();
  await cell.click({ force: true, button: 'right' });
  await page.getByRole('menuitem', { name: label }).click();
}
