import * as path from 'node:path';
import { expect, test } from '../fixtures';

/** Where the pictures of the documentation lie. */
const IMAGES = path.resolve(__dirname, '../../docs/images');

const NOTEBOOK = 'house-prices/train.ipynb';
/** What the second trial records on top: a classifier's view of the same predictions. */
const REPORT = `# Expensive or not: how often is that right?
import studio_ext as studio
bounds = [0, 120_000, 200_000, 300_000, 10**9]
names = ["low", "middle", "high", "very high"]
bands = lambda values: list(pd.cut(values, bounds, labels=names).astype(str))
with studio.Tracker.load() as tracker:
    tracker.log_confusion_matrix(bands(y_test), bands(predicted.clip(1)), "price band")
    tracker.log_roc_curve((y_test > 300_000).astype(int).tolist(), (predicted / 500_000).tolist(), "above 300,000")`;

test('Pictures of what differs between two trials', async ({ page, server }) => {
  const original = await server.read(NOTEBOOK);
  const runs: string[] = [];
  for (const [depth, rate] of [
    [3, 0.1],
    [9, 0.2]
  ]) {
    const document = JSON.parse(original) as { cells: { cell_type: string; source: string | string[] }[] };
    const measure = document.cells.find(({ source }) => [source].flat().join('').startsWith('# Plot predicted'))!;
    const report = { ...structuredClone(measure), id: 'report', source: REPORT };
    document.cells.splice(document.cells.indexOf(measure), 0, report);
    if (depth === 9) {
      measure.source = [measure.source].flat().join('').replace('s=3, alpha=0.4', 's=5, alpha=0.25');
    }
    await server.write(NOTEBOOK, JSON.stringify(document));
    const { id } = await server.submit(NOTEBOOK, {
      name: `depth-${depth}`,
      experiment: 'house-prices',
      parameters: { max_depth: depth, learning_rate: rate }
    });
    await server.reaches(id, 'Completed', 180_000);
    const run = (await server.job(id)).trial.run_id!;
    await expect
      .poll(async () => (await server.trials('house-prices')).find(({ run_id }) => run_id === run)?.status)
      .toBe('FINISHED');
    runs.push(run);
  }
  const shot = async (name: string) => {
    await page.mouse.move(720, 895);
    for (const theme of ['dark', 'light']) {
      await (theme === 'dark' ? page.theme.setDarkTheme() : page.theme.setLightTheme());
      await page.screenshot({
        path: path.join(IMAGES, `${name}-${theme}.png`),
        animations: 'disabled',
        caret: 'hide'
      });
    }
  };
  await page.sidebar.close('left');
  await page.evaluate(
    ([first, second]) => window.jupyterapp.commands.execute('studio-diffs:open', { first, second }).then(() => 0),
    runs
  );
  const content = page.locator('.jp-StudioDiffs');
  await expect(content.locator('.jp-StudioDiffs-said')).toContainText('differ');
  await expect(content.getByRole('region').first()).toBeVisible();
  await shot('differences-notebook');
  await content.getByRole('tab', { name: 'Artefacts' }).click();
  await content.getByRole('button', { name: 'graphs/price band.json' }).click();
  await expect(content.locator('.jp-StudioDiff-matrix')).toHaveCount(3);
  await shot('differences-matrices');
  await content.getByRole('button', { name: 'graphs/above 300_000.json' }).click();
  await expect(content.locator('polyline')).toHaveCount(2);
  await shot('differences-curves');
  await content.getByRole('button', { name: 'predicted-vs-actual.png' }).click();
  await expect(content.getByRole('img', { name: /predicted-vs-actual/ })).toHaveCount(2);
  await shot('differences-pictures');
});
