import { expect, test } from '../fixtures';
import { take } from '../pictures';

const FOLDER = 'house-prices';
const NOTEBOOK = `${FOLDER}/train.ipynb`;
const DATA = `${FOLDER}/california-housing.csv`;

/** What both trials record on top: a classifier's view of the same predictions. */
const REPORT = `# Expensive or not: how often is that right?
import studio_ext as studio
from bands import BOUNDS, NAMES
bands = lambda values: list(pd.cut(values, BOUNDS, labels=NAMES).astype(str))
with studio.Tracker.load() as tracker:
    tracker.log_confusion_matrix(bands(y_test), bands(predicted.clip(1)), "price band")
    tracker.log_roc_curve((y_test > 300_000).astype(int).tolist(), (predicted / 500_000).tolist(), "above 300,000")`;

const BANDS = `"""Bands of prices, in dollars."""

BOUNDS = [0, 120_000, 200_000, 300_000, 10**9]
NAMES = ["low", "middle", "high", "very high"]
`;

test('Pictures of what differs between two trials', async ({ page, server }) => {
  test.setTimeout(600_000);
  const original = await server.read(NOTEBOOK);
  const data = await server.read(DATA);
  const isInContainer = (await server.lacksContainers()) === '';
  const runs: string[] = [];
  for (const [depth, rate] of [
    [3, 0.1],
    [9, 0.2]
  ]) {
    const document = JSON.parse(original) as { cells: { cell_type: string; source: string | string[] }[] };
    const measure = document.cells.find(({ source }) => [source].flat().join('').startsWith('# Plot predicted'))!;
    const report = { ...structuredClone(measure), id: 'report', source: REPORT };
    document.cells.splice(document.cells.indexOf(measure), 0, report);
    await server.write(`${FOLDER}/bands.py`, BANDS);
    if (depth === 9) {
      measure.source = [measure.source].flat().join('').replace('s=3, alpha=0.4', 's=5, alpha=0.25');
      await server.write(`${FOLDER}/bands.py`, BANDS.replace('120_000, 200_000', '125_000, 210_000'));
      // Block groups with nothing missing.
      const complete = data.split('\n').filter(line => !line.includes(',,'));
      await server.write(DATA, complete.join('\n'));
    }
    await server.write(NOTEBOOK, JSON.stringify(document));
    const { id } = await server.submit(NOTEBOOK, {
      name: `depth-${depth}`,
      experiment: 'house-prices',
      parameters: { max_depth: depth, learning_rate: rate },
      ...(isInContainer && depth === 9 ? { runner: 'docker' } : {})
    });
    await server.reaches(id, 'Completed');
    const run = (await server.job(id)).trial.run_id!;
    await expect
      .poll(async () => (await server.trials('house-prices')).find(({ run_id }) => run_id === run)?.status)
      .toBe('FINISHED');
    runs.push(run);
  }
  await server.write(NOTEBOOK, original);
  await server.write(DATA, data);

  await page.sidebar.close('left');
  await page.evaluate(
    ([first, second]) => window.jupyterapp.commands.execute('studio-diffs:open', { first, second }).then(() => 0),
    runs
  );
  const content = page.locator('.jp-StudioDiffs');
  const said = content.locator('.jp-StudioDiffs-said');
  await expect(said).toContainText('differ');
  await expect(content.getByRole('region').first()).toBeVisible();
  await take(page, 'differences-notebook');
  await content.getByRole('tab', { name: 'Code' }).click();
  await expect(content.getByRole('region', { name: 'bands.py' })).toContainText('210_000');
  await take(page, 'differences-code');
  await content.getByRole('tab', { name: 'Environment' }).click();
  await expect(said).toContainText('They differ in');
  await take(page, 'differences-environment');
  await content.getByRole('tab', { name: 'Data' }).click();
  await expect(said).toContainText('data set');
  await take(page, 'differences-data');
  await content.getByRole('tab', { name: 'Artefacts' }).click();
  await content.getByRole('button', { name: 'graphs/price band.json' }).click();
  await expect(content.locator('.jp-StudioDiff-matrix')).toHaveCount(3);
  await take(page, 'differences-matrices');
  await content.getByRole('button', { name: 'graphs/above 300_000.json' }).click();
  await expect(content.locator('polyline')).toHaveCount(2);
  await take(page, 'differences-curves');
  await content.getByRole('button', { name: 'predicted-vs-actual.png' }).click();
  await expect(content.getByRole('img', { name: /predicted-vs-actual/ })).toHaveCount(2);
  await take(page, 'differences-pictures');
});
