import { expect, test } from '../fixtures';
import { Recorder } from '../recorder';

test('The charts of a trial follow while it runs', async ({ page, request, baseURL, trials, trialTab }) => {
  const recorder = new Recorder(request, baseURL!, 'still running');
  const run = await recorder.record({ name: 'live', metrics: { loss: [3, 2] }, isRunning: true });
  await trials.open('still running');
  await trials.press(trials.row('live').getByRole('rowheader'), { button: 'right' });
  await page.getByRole('menuitem', { name: 'Show Trial', exact: true }).click();
  await trialTab.show('Metrics');
  const chart = trialTab.content.locator('.jp-StudioChart:visible').filter({ hasText: 'loss' });
  await expect(chart.locator('canvas')).toBeVisible();
  await expect(chart).toContainText('2');
  await recorder.log(run, { loss: [0.125] }, 2);
  await expect(chart).toContainText('0.125');
  await recorder.end(run);
});
