import { expect, test } from '../fixtures';
import { take } from '../pictures';

const EXPERIMENT = 'house-prices';

test('Pictures of models', async ({ page, server, panel }) => {
  test.setTimeout(600_000);
  const execute = (command: string, args: Record<string, string>) =>
    page.evaluate(([id, given]) => void window.jupyterapp.commands.execute(id, given), [command, args] as const);

  const runs: string[] = [];
  for (const max_depth of [4, 6, 8, 10]) {
    const parameters = { max_depth, learning_rate: 0.1 };
    const more = { experiment: EXPERIMENT, name: `depth ${max_depth}`, autolog: 'off', parameters };
    const { id } = await server.submit('house-prices/train.ipynb', more);
    await server.reaches(id, 'Completed');
    runs.push((await server.job(id)).trial.run_id!);
  }
  await server.register(runs[0], 'house-prices', 'challenger', 'A small one, for the edge devices.');
  await server.register(runs[1], 'house-prices', '', '');
  await server.register(runs[2], 'house-prices', 'champion', 'The lowest rmse so far.');
  await panel.open();
  await execute('studio-models:open', { name: 'house-prices' });
  await expect(page.locator('.jp-StudioModel-table tbody tr')).toHaveCount(3);
  await take(page, 'models');

  await execute('studio-models:register', { run: runs[3] });
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Model of depth 10')).toBeVisible();
  await dialog.getByRole('combobox', { name: 'Name' }).fill('house-prices');
  await dialog.getByRole('combobox', { name: 'Alias' }).fill('champion');
  await expect(dialog.getByText('champion stands for version 3 now.')).toBeVisible();
  await dialog.getByLabel('Note').fill('Deeper, and a little better on the coast.');
  await take(page, 'register-model', { keepFocus: true });
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await execute('studio-lineage:open', { kind: 'model', id: 'house-prices/3' });
  const expand = page.locator('.jp-StudioLineage-node.jp-mod-data button.jp-StudioLineage-expand');
  await expand.first().click();
  await expect(page.locator('.jp-StudioLineage-node.jp-mod-trial')).not.toHaveCount(1);
  await take(page, 'lineage');
  await page.getByRole('main').getByRole('radio', { name: 'List' }).click();
  await take(page, 'lineage-list');
});
