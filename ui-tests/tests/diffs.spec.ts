import * as path from 'node:path';
import type { Locator } from '@playwright/test';
import { findings } from '../axe';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { code, notebook, parameters } from '../notebooks';
import { deed, image, script, Traps } from '../traps';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

const bait = image('diff') + script('diff');

const DRAWING =
  `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" onload="${deed('svg')}">` +
  `${script('svg')}<circle cx="50" cy="50" r="RADIUS"/></svg>`;

/** A notebook whose second cell, whose helper and whose results depend on the rate. */
function training(rate: number): string {
  return notebook(
    parameters('depth: int = 3  # How deep'),
    code('# Read\nimport csv\nrows = list(csv.reader(open("data.csv")))\nprint(len(rows), "rows")'),
    code(`# Fit ${bait}\nfrom helper import scale\nrate = ${rate}\nprint("score", scale(depth) * rate)`),
    code(`# Report
import json
import studio_ext as studio
tracker = studio.Tracker.load()
truth = [number % 2 for number in range(40)]
scores = [((number * 7 + depth) % 11) / 11 for number in range(40)]
names = ["cat", ${JSON.stringify(image('label'))}]
tracker.log_confusion_matrix([names[each] for each in truth], [names[round(each)] for each in scores], "matrix")
tracker.log_roc_curve(truth, scores, "roc")
tracker.log_table("scores", {"fold": [1, 2, 3], "r2": [0.5, depth / 16, 0.7]})
open("page.html", "w").write(${JSON.stringify(`<p>${bait}</p>`)} + "\\n" + str(depth))
tracker.log_artifact("page.html")
drawing = ${JSON.stringify(DRAWING)}.replace("RADIUS", str(depth * 4))
open("drawing.svg", "w").write(drawing)
tracker.log_artifact("drawing.svg")`)
  );
}

async function shot(page: Page, name: string): Promise<void> {
  await page.mouse.move(720, 895);
  for (const theme of ['JupyterLab Dark', 'JupyterLab Dark High Contrast', 'JupyterLab Light']) {
    await page.theme.setTheme(theme);
    const ending = theme.replace('JupyterLab ', '').toLowerCase().replace(/ /g, '-');
    await page.screenshot({ path: path.join(LOOK, `${name}-${ending}.png`), animations: 'disabled' });
  }
}

test('What differs between two trials is told part by part, and what they hold is never markup', async ({
  page,
  tmpPath,
  server
}) => {
  const traps = await Traps.set(page);
  const runs: string[] = [];
  const jobs: string[] = [];
  await server.write(`${tmpPath}/data.csv`, 'a,b\n1,2\n3,4\n');
  for (const [rate, depth] of [
    [0.1, 4],
    [0.25, 8]
  ]) {
    await server.write(`${tmpPath}/train.ipynb`, training(rate));
    await server.write(`${tmpPath}/helper.py`, `def scale(x):\n    return x * ${depth}  # ${bait}\n`);
    const parameters = { depth };
    const { id } = await server.submit(`${tmpPath}/train.ipynb`, { name: `depth-${depth}`, parameters });
    jobs.push(id);
  }
  for (const id of jobs) {
    await server.reaches(id, 'Completed');
    const run = (await server.job(id)).trial.run_id!;
    const { experiment } = (await server.job(id)).trial;
    await expect(async () => {
      const trial = (await server.trials(experiment)).find(({ run_id }) => run_id === run);
      expect(trial?.status).toBe('FINISHED');
    }).toPass();
    runs.push(run);
  }

  const open = (args: object) =>
    page.evaluate(args => window.jupyterapp.commands.execute('studio-diffs:open', args as any).then(() => 0), args);
  await open({ first: runs[0], second: runs[1] });
  const content = page.locator('.jp-StudioDiffs');
  const tab = (name: string) => content.getByRole('tab', { name });
  const said = content.locator('.jp-StudioDiffs-said');
  await expect(page.getByRole('tab', { name: 'depth-4 ↔ depth-8' })).toBeVisible();

  // The notebook: the parameter, the cell that was changed, and what it printed.
  await expect(said).toContainText('2 cells differ');
  const cell = content.getByRole('region', { name: /^Cell 4: Fit/ });
  const source = cell.getByRole('table', { name: 'Source of Cell 4' });
  await expect.poll(async () => (await cell.boundingBox())?.height ?? 0).toBeGreaterThan(40);
  await expect(line(source, 'removed')).toHaveText(['rate = 0.1']);
  await expect(line(source, 'added')).toHaveText(['rate = 0.25']);
  await expect(source.locator('mark')).toHaveText(['0.1', '0.25']);
  await expect(source).toContainText(image('diff'));
  const outputs = cell.getByRole('table', { name: 'Outputs of Cell 4' });
  await expect(line(outputs, 'removed')).toHaveText(['score 1.6']);
  await expect(line(outputs, 'added')).toHaveText(['score 16.0']);
  const folded = content.getByRole('button', { name: /unchanged cell/ }).first();
  await folded.click();
  await expect(content.getByRole('region', { name: 'Cell 1: depth: int = 3' })).toBeVisible();
  await folded.click();
  await tab('Notebook').press('n');
  await expect(content.locator('[data-change="current"]')).toHaveCount(1);
  await shot(page, 'diff-notebook');
  expect.soft(await findings(page, content), 'notebook').toEqual([]);

  // The other way round.
  await content.getByRole('button', { name: 'Swap the sides' }).click();
  await expect(line(source, 'added')).toHaveText(['rate = 0.1']);
  await content.getByRole('button', { name: 'Swap the sides' }).click();
  await expect(line(source, 'added')).toHaveText(['rate = 0.25']);

  await tab('Code').click();
  await expect(said).toContainText('1 file differs.');
  await expect(content.getByRole('region', { name: 'helper.py' })).toContainText(`return x * 8  # ${bait}`);
  await shot(page, 'diff-code');
  await tab('Environment').click();
  await expect(said).toContainText('The environments are the same');
  await tab('Data').click();
  await expect(said).toContainText('Both read the same data.');
  await shot(page, 'diff-data');

  // Artefacts: matrices, curves, tables, pictures and texts.
  await tab('Artefacts').click();
  const artefact = (name: string) => content.getByRole('list', { name: 'Artefacts' }).getByRole('button', { name });
  await artefact('graphs/matrix.json').click();
  const matrices = content.locator('.jp-StudioDiff-matrix');
  await expect(matrices.locator('caption strong')).toHaveText(['depth-4', 'depth-8', 'Difference']);
  await expect(matrices.first().getByRole('columnheader')).toHaveText([image('label'), 'cat']);
  await shot(page, 'diff-matrices');
  expect.soft(await findings(page, content), 'matrices').toEqual([]);
  await artefact('graphs/roc.json').click();
  await expect(content.locator('.jp-StudioDiff-curves polyline')).toHaveCount(2);
  await shot(page, 'diff-curves');
  await artefact('graphs/scores.json').click();
  await expect(content.locator('td.jp-mod-changed')).toHaveText(['0.5 ≠']);
  await artefact('drawing.svg').click();
  await expect(content.getByRole('img', { name: /drawing\.svg/ })).toHaveCount(2);
  await content.getByRole('button', { name: 'Slider' }).click();
  await content.getByRole('slider').fill('30');
  await shot(page, 'diff-pictures');
  await artefact('page.html').click();
  const text = content.getByRole('table', { name: 'page.html' });
  await expect(line(text, 'added')).toHaveText(['8']);
  await expect(text).toContainText(bait);
  expect.soft(await findings(page, content), 'artefacts').toEqual([]);

  // Nothing to tell, and nobody there any more.
  await open({ first: runs[0], second: runs[0] });
  await expect(page.locator('.Toastify')).toContainText('Choose two trials');
  expect(await traps.sprung()).toEqual([]);

  // As it was after a reload.
  await expect
    .poll(() =>
      page.evaluate(async () => {
        const response = await fetch(`${document.baseURI.replace(/lab.*/, '')}lab/api/workspaces`);
        return response.text();
      })
    )
    .toContain('studio-diffs');
  await page.reload({ waitForIsReady: false } as object);
  await expect(tab('Artefacts')).toHaveAttribute('aria-selected', 'true');
  await expect(said).toContainText('artefacts');
});

/** The text of the lines that were added or removed. */
function line(table: Locator, kind: 'added' | 'removed'): Locator {
  return table.locator(`tr.jp-mod-${kind} .jp-StudioDiff-code`);
}
