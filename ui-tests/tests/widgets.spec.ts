import { findings } from '../axe';
import { expect, test } from '../fixtures';
import { code, notebook, parameters, runCell, saveAndClose, waitFor } from '../notebooks';
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

test('Two trainings are watched live from a notebook, and their picture stays', async ({ page, tmpPath, server }) => {
  test.setTimeout(400_000);
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
    await expect(widgets.jobNamed(name)).toContainText('Running, cell 2 of 3: Learn');
    await expect(widgets.jobNamed(name).locator('.studio-metrics')).toContainText('loss');
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
  await expect(widgets.table.locator('tbody tr:not(.studio-space)')).toHaveCount(2, { timeout: 120_000 });
  await widgets.table.getByRole('checkbox', { name: 'Select run b' }).check();
  await expect(widgets.live.locator('.studio-note').last()).toContainText('1 selected');
  await runCell(page, 3);
  await expect(widgets.main).toContainText('chosen True 1');

  // Nothing keeps people who do not see or point from it, in either theme.
  await widgets.jobNamed('run a').getByRole('button', { name: 'Log' }).click();
  await widgets.jobNamed('run b').getByRole('button', { name: 'Stop' }).click();
  for (const theme of ['dark', 'light']) {
    await (theme === 'dark' ? page.theme.setDarkTheme() : page.theme.setLightTheme());
    for (const live of await widgets.live.all()) {
      expect(await findings(page, live)).toEqual([]);
    }
  }
  await widgets.jobNamed('run b').getByRole('button', { name: 'Keep running' }).click();

  // They end, and everything says so.
  for (const name of ['go-a', 'go-b', 'end']) {
    await server.write(`${tmpPath}/${name}`, 'go');
  }
  for (const name of ['run a', 'run b']) {
    await expect(widgets.jobNamed(name)).toContainText('Completed');
    await expect(widgets.jobNamed(name).getByRole('button', { name: 'Stop' })).toBeHidden();
  }
  await expect(widgets.table.locator('tbody')).toContainText('Completed');
  await expect(widgets.table.locator('tbody')).not.toContainText('Running');

  // Reload with the kernel: live again.
  await page.notebook.save();
  // It comes back with the layout; the address would open it once more, at a moment of its own, even when it is closed.
  await page.evaluate(() => history.replaceState(null, '', '/lab'));
  await page.reload({ waitForIsReady: false } as object);
  await expect(widgets.job).toHaveCount(2);
  await expect(widgets.panel).toHaveCount(2);

  // Saved, the kernel shut down, opened again: the pictures, and no error in the place of a widget.
  await saveAndClose(page);
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

test('A kernel that ends in the middle leaves a picture that says when it was taken', async ({
  page,
  tmpPath,
  server
}) => {
  const root = `${await page.getServerRoot()}/${tmpPath}`;
  await server.write(`${tmpPath}/long.ipynb`, notebook(code('1'), waitFor(`${root}/end`, 'Wait long')));
  await server.write(
    `${tmpPath}/watch.ipynb`,
    notebook(code('import studio_ext as studio\nstudio.submit("long.ipynb", name="long one")'))
  );
  await page.notebook.openByPath(`${tmpPath}/watch.ipynb`);
  const widgets = new Widgets(page);
  await runCell(page, 0);
  await expect(widgets.jobNamed('long one')).toContainText('Running, cell 2 of 2: Wait long');
  await page.notebook.save();

  // The kernel goes, the notebook stays open: the picture is back where the live view was.
  await page.evaluate(() => window.jupyterapp.serviceManager.sessions.shutdownAll());
  await expect(widgets.live).toHaveCount(0);
  await expect(widgets.picture).toContainText('As of');
  await saveAndClose(page);
  await expect(widgets.main).toHaveCount(0);
  await page.notebook.openByPath(`${tmpPath}/watch.ipynb`);
  await expect(widgets.picture).toContainText('long one');
  await expect(widgets.picture).toContainText('As of');
  await expect(widgets.main).not.toContainText(/Error displaying|model not found|Loading widget/);
});

test('A job is stopped from its widget, also while the kernel is busy', async ({ page, tmpPath, server }) => {
  const root = `${await page.getServerRoot()}/${tmpPath}`;
  await server.write(`${tmpPath}/long.ipynb`, notebook(waitFor(`${root}/end`, 'Wait long')));
  await server.write(
    `${tmpPath}/watch.ipynb`,
    notebook(code('import studio_ext as studio\nstudio.submit("long.ipynb", name="long one").wait()'))
  );
  await page.notebook.openByPath(`${tmpPath}/watch.ipynb`);
  const widgets = new Widgets(page);
  const running = runCell(page, 0);
  const job = widgets.jobNamed('long one');
  await expect(job).toContainText('Running');
  await job.getByRole('button', { name: 'Stop' }).click();
  await expect(job.getByRole('alertdialog')).toContainText('Stop this job?');
  await job.getByRole('alertdialog').getByRole('button', { name: 'Stop' }).click();
  await expect(job).toContainText('Stopped');
  await expect(job).toContainText('job.run_again()');
  await running;
});
