import * as path from 'node:path';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { CompareTab } from '../pages/CompareTab';
import { Recorder } from '../recorder';

/** Where the pictures of the documentation lie. */
const IMAGES = path.resolve(__dirname, '../../docs/images');
/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

const STEPS = Array.from({ length: 300 }, (_, step) => step);

/** The same noise every time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647 - 0.5;
  };
}

async function record(recorder: Recorder): Promise<void> {
  for (const [at, optimizer] of ['adam', 'sgd', 'lion'].entries()) {
    for (const [place, rate] of [0.001, 0.003, 0.01, 0.03].entries()) {
      const next = noise(7 + 31 * at + place);
      const floor = 0.24 + 0.05 * at + Math.abs(Math.log10(rate) + 2.2) * 0.12;
      const loss = STEPS.map(step => floor + Math.exp((-step * (rate + 0.004)) / 0.6) + 0.02 * next());
      await recorder.record({
        name: `${optimizer}-${rate}`,
        parameters: { learning_rate: String(rate), optimizer, depth: String(4 + 2 * ((at + place) % 3)), batch: '64' },
        metrics: {
          'train/loss': loss.map(value => value * 0.92),
          'val/loss': loss,
          'val/accuracy': loss.map(value => 1 - value / 1.9)
        },
        tags: { stage: 'sweep' }
      });
    }
  }
}

/** Take a picture in all themes; the pages show two of them. */
async function shot(page: Page, name: string): Promise<void> {
  await page.mouse.move(720, 895);
  for (const theme of ['JupyterLab Dark High Contrast', 'JupyterLab Dark', 'JupyterLab Light']) {
    await page.theme.setTheme(theme);
    const folder = theme.endsWith('Contrast') ? LOOK : IMAGES;
    const word = theme.endsWith('Contrast') ? 'contrast' : theme.split(' ')[1].toLowerCase();
    await page.screenshot({
      path: path.join(folder, `${name}-${word}.png`),
      animations: 'disabled',
      caret: 'hide'
    });
  }
}

test('Pictures of a comparison and of charts beside a table', async ({ page, request, baseURL, trials }) => {
  test.setTimeout(300_000);
  const experiment = 'house-prices';
  await record(new Recorder(request, baseURL!, experiment));
  await page.sidebar.close('left');
  await trials.open(experiment);
  await expect(trials.count).toHaveText('12 trials', { timeout: 40_000 });
  await trials.content.getByRole('button', { name: 'Both', exact: true }).click();
  await expect(trials.content.locator('.jp-StudioCard canvas').first()).toBeVisible();
  await shot(page, 'experiment-charts');
  await trials.content.getByRole('button', { name: 'Table', exact: true }).click();

  await trials.apply('params.optimizer in (adam, lion)');
  await expect(trials.count).toContainText('8 of 12');
  await trials.press(trials.row('adam-0.001').getByRole('rowheader'));
  await page.evaluate(() => window.jupyterapp.commands.execute('studio-trials:select-all'));
  await trials.content.getByRole('button', { name: 'Compare', exact: true }).click();
  const tab = new CompareTab(page);
  await expect(tab.chips).toHaveCount(8);
  await tab.content.getByLabel('Baseline').selectOption({ label: 'adam-0.01' });
  await expect(tab.cards.locator('canvas').first()).toBeVisible();
  await shot(page, 'compare');
  await tab.button('Charts').click();
  await tab.cards.last().scrollIntoViewIfNeeded();
  await expect(tab.content.locator('.jp-StudioCard[data-type="scatter"] svg').first()).toBeVisible();
  await shot(page, 'compare-charts');
});
