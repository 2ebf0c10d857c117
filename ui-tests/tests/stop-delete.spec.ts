import { expect, test } from '../fixtures';
import { code, notebook, waitFor } from '../notebooks';

test('A long job is stopped from the list, deleted, and brought back', async ({
  page,
  tmpPath,
  server,
  panel
}) => {
  const path = `${tmpPath}/long.ipynb`;
  await page.contents.uploadContent(
    notebook(code('print("started")'), waitFor('/nonexistent/never', 'Wait for ever')),
    'text',
    path
  );
  const { id } = await server.submit(path, { name: 'long-one' });

  // The rest of JupyterLab knows that something runs.
  await page.sidebar.openTab('jp-running-sessions');
  const running = page.getByRole('region', { name: 'Studio Jobs' });
  await expect(running).toContainText('long-one');
  await page.getByRole('button', { name: 'Jobs: 1 running' }).click();
  await expect(panel.region).toBeVisible();

  const row = panel.row('long-one');
  await expect(row.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '1');
  await expect(row).toContainText('1/2');
  await expect(row).toContainText('Wait for ever');
  await panel.press(row, 'Stop long-one');
  await expect(row.getByRole('img', { name: 'Stopped' })).toBeVisible();
  expect((await server.job(id)).status).toBe('Stopped');

  await panel.choose(row, 'Delete Job');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('long-one');
  await expect(dialog.getByRole('checkbox')).not.toBeChecked();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
  expect((await server.jobs()).map(job => job.id)).not.toContain(id);

  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toHaveCount(1);
  expect((await server.job(id)).status).toBe('Stopped');
});
