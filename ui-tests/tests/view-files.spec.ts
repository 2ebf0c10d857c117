import { expect, test } from '../fixtures';
import { CompareTab } from '../pages/CompareTab';
import { Recorder } from '../recorder';

const EXPERIMENT = 'sent to a colleague';

test('A view opens from the file browser, comes back with the layout, and two windows do not write over each other', async ({
  page,
  request,
  baseURL,
  server,
  tmpPath
}) => {
  const recorder = new Recorder(request, baseURL!, EXPERIMENT);
  for (const rate of ['slow', 'quick']) {
    await recorder.record({ name: rate, parameters: { rate }, metrics: { loss: [3, 2, 1] } });
  }
  const file = `${tmpPath}/sent.studio-view`;
  await server.write(file, JSON.stringify({ version: 1, title: 'As it was sent', sources: [{ experiment: EXPERIMENT }] }));

  await page.filebrowser.openDirectory(tmpPath);
  await page.locator('.jp-DirListing-item', { hasText: 'sent.studio-view' }).dblclick();
  const tab = new CompareTab(page);
  await expect(tab.chips).toHaveCount(2);
  await expect(tab.title).toHaveValue('As it was sent');

  await page.reload({ waitForIsReady: false } as object);
  await expect(tab.chips).toHaveCount(2);
  await expect(tab.title).toHaveValue('As it was sent');

  // Another window of the same file writes first.
  const other = await page.context().newPage();
  await other.goto(`${baseURL}/lab/workspaces/other/tree/${file}`);
  const there = other.locator('.jp-StudioCompare:visible').getByRole('textbox', { name: 'Title' });
  await expect(there).toHaveValue('As it was sent');
  await there.fill('Of the other window');
  await there.press('Enter');
  await there.press('ControlOrMeta+s');
  await server.holds(file, { title: 'Of the other window' });
  await other.close();

  // Who writes second is asked, and can have what is there by now.
  await tab.title.fill('Of this window');
  await tab.title.press('Enter');
  await tab.button('Save').click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(/changed on disk/i);
  await dialog.getByRole('button', { name: 'Revert' }).click();
  await expect(tab.title).toHaveValue('Of the other window');
  await server.holds(file, { title: 'Of the other window' });
});
