import { expect, test } from '../fixtures';
import { code, notebook, waitFor } from '../notebooks';

test('The output notebook opens while its job runs, grows, and is not trusted', async ({
  page,
  tmpPath,
  server,
  panel,
  jobTab
}) => {
  const root = await page.getServerRoot();
  await page.contents.uploadContent(
    notebook(
      code('print("first output")'),
      waitFor(`${root}/${tmpPath}/go.txt`, 'Wait to go on'),
      code('print("last output")')
    ),
    'text',
    `${tmpPath}/grow.ipynb`
  );
  const { id } = await server.submit(`${tmpPath}/grow.ipynb`, { name: 'growing' });
  await panel.open();
  const row = panel.row('growing');
  await expect(row).toContainText('1/3');
  await panel.main(row).click();

  // In the job's own tab and in a tab of JupyterLab.
  await jobTab.show('Notebook');
  const view = jobTab.main.locator('.jp-StudioNotebook:visible');
  await expect(view).toContainText('first output');
  await panel.press(row, 'Output notebook of growing');
  const opened = page.locator('.jp-NotebookPanel:visible');
  await expect(opened).toContainText('first output');
  await expect(opened.getByRole('button', { name: 'No Kernel' })).toBeVisible();
  expect((await server.job(id)).status).toBe('InProgress');

  await server.write(`${tmpPath}/go.txt`, 'go');
  await expect(opened.locator('.jp-OutputArea').filter({ hasText: 'last output' })).toBeVisible();
  const trusted = await page.evaluate(() => {
    const panel = window.jupyterapp.shell.currentWidget as any;
    return panel.content.widgets.map((cell: any) => cell.model.trusted as boolean);
  });
  expect(trusted).toEqual([false, false, false]);

  // A copy lies beside the notebook and can be changed.
  await panel.choose(row, 'Save a Copy of the Output Notebook');
  await expect(page.getByText(/^Saved .*grow.*\.ipynb/)).toBeVisible();
  const names = await page.evaluate(async folder => {
    const model = await window.jupyterapp.serviceManager.contents.get(folder);
    return (model.content as { name: string }[]).map(item => item.name);
  }, tmpPath);
  expect(names.filter(name => /^grow-.*\.ipynb$/.test(name))).toHaveLength(1);
});
