import { expect, test } from '../fixtures';
import { code, notebook, waitFor } from '../notebooks';

test('Panel, tabs and jobs survive a reload', async ({ page, tmpPath, server, panel, jobTab }) => {
  const path = `${tmpPath}/patient.ipynb`;
  const root = await page.getServerRoot();
  const gate = `${root}/${tmpPath}/go.txt`;
  await page.contents.uploadContent(
    notebook(code('print("first line")'), waitFor(gate, 'Wait to go on'), code('print("last line")')),
    'text',
    path
  );
  const { id } = await server.submit(path, { name: 'patient' });
  await panel.open();
  await panel.main(panel.row('patient')).click();
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText('first line');
  // JupyterLab writes down what is open a moment later.
  await expect
    .poll(() =>
      page.evaluate(async () => {
        const response = await fetch('/lab/api/workspaces/default');
        const { data } = await response.json();
        return JSON.stringify(data);
      })
    )
    .toMatch(new RegExp(`"studio-jobs:${id}".*"tab":"log".*`));

  // What is in front after the reload is the job: nothing waits for a launcher.
  await page.reload({ waitForIsReady: false } as object);
  await expect(panel.region).toBeVisible();
  await expect(panel.row('patient')).toContainText('1/3');
  await expect(jobTab.heading).toHaveText('patient');
  await expect(jobTab.views.getByRole('tab', { name: 'Log' })).toHaveAttribute('aria-selected', 'true');
  await expect(jobTab.log).toContainText('first line');
  expect((await server.job(id)).status).toBe('InProgress');

  await server.write(`${tmpPath}/go.txt`, 'go');
  await expect(jobTab.state).toContainText('Completed');
  await expect(jobTab.log).toContainText('last line');
});
