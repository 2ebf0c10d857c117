import * as path from 'node:path';
import { expect, test } from '../fixtures';

/** Where the pictures of the documentation lie. */
const IMAGES = path.resolve(__dirname, '../../docs/images');

const EXPERIMENT = 'house-prices';

test('Pictures of models in both themes', async ({ page, server, panel }) => {
  test.setTimeout(400_000);
  const shot = async (name: string) => {
    await page.mouse.move(720, 895);
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    for (const theme of ['dark', 'light']) {
      await (theme === 'dark' ? page.theme.setDarkTheme() : page.theme.setLightTheme());
      await page.screenshot({ path: path.join(IMAGES, `${name}-${theme}.png`), animations: 'disabled', caret: 'hide' });
    }
  };
  const execute = (command: string, args: Record<string, string>) =>
    page.evaluate(([id, given]) => void window.jupyterapp.commands.execute(id, given), [command, args] as const);

  const runs: string[] = [];
  for (const max_depth of [4, 6, 8]) {
    const parameters = { max_depth, learning_rate: 0.1 };
    const more = { experiment: EXPERIMENT, name: `depth ${max_depth}`, autolog: 'models', parameters };
    const { id } = await server.submit('house-prices/train.ipynb', more);
    await server.reaches(id, 'Completed', 180_000);
    runs.push((await server.job(id)).trial.run_id!);
  }
  await server.register(runs[0], 'house-prices', 'challenger', 'A small one, for the edge devices.');
  await server.register(runs[1], 'house-prices', '', '');
  await server.register(runs[2], 'house-prices', 'champion', 'The lowest rmse so far.');
  await panel.open();
  await execute('studio-models:open', { name: 'house-prices' });
  await expect(page.locator('.jp-StudioModel-table tbody tr')).toHaveCount(3);
  await shot('models');
  await execute('studio-lineage:open', { kind: 'model', id: 'house-prices/3' });
  const expand = page.locator('.jp-StudioLineage-node.jp-mod-data button.jp-StudioLineage-expand');
  await expand.first().click();
  await expect(page.locator('.jp-StudioLineage-node.jp-mod-trial')).toHaveCount(3);
  await shot('lineage');
});
