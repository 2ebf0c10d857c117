import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { code, notebook, parameters, waitFor } from '../notebooks';
import { Widgets } from '../pages/Widgets';

const TRAIN = (root: string) =>
  notebook(
    parameters('rate: float = 0.1\nname: str = "a"'),
    code(`# Learn
import mlflow, pathlib, time
step = 0
while step < 4 or not pathlib.Path(f"${root}/go-{name}").exists():
    mlflow.log_metric("loss", 1 / (1 + rate * step), step=step)
    mlflow.log_metric("accuracy", 1 - 1 / (2 + rate * step), step=step)
    step += 1
    time.sleep(0.2)
print("learned")`),
    waitFor(`${root}/end`, 'Save')
  );

/** Run a cell of the notebook in front, once its kernel is there. */
async function runCell(page: Page, index: number): Promise<void> {
  await page.evaluate(async index => {
    const panel = window.jupyterapp.shell.currentWidget as any;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    panel.content.deselectAll();
    panel.content.activeCellIndex = index;
    await window.jupyterapp.commands.execute('notebook:run-cell');
  }, index);
}

test('Two trainings are watched live from a notebook, and their picture stays', async ({ page, tmpPath, server }) => {
  test.setTimeout(180_000);
  const root = `${await page.getServerRoot()}/${tmpPath}`;
  await server.write(`${tmpPath}/train.ipynb`, TRAIN(root));
  await server.write(
    `${tmpPath}/watch.ipynb`,
    notebook(
      code(`import studio_ext as studio
from studio_ext.widgets import JobProgress, MetricChart, TrialTable
jobs = [studio.submit("train.ipynb", name=f"run {n}", experiment="watched", parameters={"name": n, "rate": rate})
        for n, rate in (("a", 0.1), ("b", 0.5))]
JobProgress(jobs)`),
      code('MetricChart(jobs)'),
      code('table = TrialTable("watched")\ntable'),
      code('print("chosen", table.selected == [jobs[1].trial.run_id], len(table.selected))')
    )
  );
  await page.notebook.openByPath(`${tmpPath}/watch.ipynb`);
  const widgets = new Widgets(page);

  // Both jobs say which cell runs, and count the time.
  await runCell(page, 0);
  for (const name of ['run a', 'run b']) {
    await expect(widgets.jobNamed(name)).toContainText('Running, cell 2 of 3: Learn', { timeout: 60_000 });
    await expect(widgets.jobNamed(name).locator('.studio-metrics')).toContainText('loss', { timeout: 30_000 });
  }

  // A chart a metric with two lines that grow.
  await runCell(page, 1);
  await expect(widgets.panel).toHaveCount(2);
  const loss = widgets.panel.filter({ hasText: 'loss' });
  await expect(loss.locator('.studio-key')).toHaveCount(2);
  const value = () => loss.locator('.studio-value').first().innerText();
  const before = await value();
  await expect.poll(value).not.toBe(before);
  await expect(loss.locator('canvas')).toBeVisible();

  // The table knows both while they run; a row that is picked is known in Python.
  await runCell(page, 2);
  await expect(widgets.table.locator('tbody tr:not(.studio-space)')).toHaveCount(2, { timeout: 30_000 });
  await widgets.table.getByRole('checkbox', { name: 'Select run b' }).check();
  await expect(widgets.live.locator('.studio-note').last()).toContainText('1 selected');
  await runCell(page, 3);
  await expect(widgets.main).toContainText('chosen True 1');

  // They end, and everything says so.
  for (const name of ['go-a', 'go-b', 'end']) {
    await server.write(`${tmpPath}/${name}`, 'go');
  }
  for (const name of ['run a', 'run b']) {
    await expect(widgets.jobNamed(name)).toContainText('Completed', { timeout: 60_000 });
    await expect(widgets.jobNamed(name).getByRole('button', { name: 'Stop' })).toBeHidden();
  }
  await expect(widgets.table.locator('tbody')).toContainText('Completed', { timeout: 30_000 });
  await expect(widgets.table.locator('tbody')).not.toContainText('Running', { timeout: 30_000 });

  // Reload with the kernel: live again.
  await page.notebook.save();
  await page.reload({ waitForIsReady: false } as object);
  await expect(widgets.job).toHaveCount(2, { timeout: 60_000 });
  await expect(widgets.panel).toHaveCount(2);

  // Saved, the kernel shut down, opened again: the pictures, and no error in the place of a widget.
  await page.notebook.save();
  await page.evaluate(async () => {
    (window.jupyterapp.shell.currentWidget as any).close();
    await window.jupyterapp.serviceManager.sessions.shutdownAll();
  });
  await expect(widgets.main).toHaveCount(0);
  await page.notebook.openByPath(`${tmpPath}/watch.ipynb`);
  await expect(widgets.picture).toHaveCount(3);
  await expect(widgets.picture.nth(0)).toContainText('run b');
  await expect(widgets.picture.nth(0)).toContainText('Completed');
  await expect(widgets.picture.nth(1).locator('img')).toBeVisible();
  await expect(widgets.picture.nth(2)).toContainText('run a');
  await expect(widgets.main).not.toContainText(/Error displaying|model not found|Loading widget/);
  await expect(widgets.live).toHaveCount(0);
});
