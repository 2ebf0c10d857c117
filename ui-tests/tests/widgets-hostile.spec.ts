import { expect, test } from '../fixtures';
import { code, notebook, parameters, runCell, saveAndClose, waitFor } from '../notebooks';
import { Widgets } from '../pages/Widgets';
import { image, link, script, Traps } from '../traps';

const python = (value: unknown): string => JSON.stringify(value);

test('Text in widgets is never markup, live or as a picture', async ({ page, tmpPath, server }) => {
  const root = `${await page.getServerRoot()}/${tmpPath}`;
  const bait = (where: string) => `${image(where)}${script(where)}\u001b]8;;${link(where)}\u0007`;
  await server.write(
    `${tmpPath}/bad.ipynb`,
    notebook(
      parameters(`text: str = ""`),
      code(`import mlflow
with mlflow.start_run(run_name=${python(bait('run'))}):
    mlflow.log_param("logged", ${python(bait('logged'))})
    mlflow.log_metric("loss", float("nan"), step=0)
    mlflow.log_metric("loss", float("inf"), step=1)
    mlflow.log_metric("loss", 1e308, step=2)
    mlflow.log_metric("loss", -1e308, step=3)
print(${python(bait('log'))})
print("x" * 1_000_000)`),
      waitFor(`${root}/go`, image('label')),
      code(`raise type(${python(image('ename'))}, (Exception,), {})(${python(bait('error'))} + "y" * 1_000_000)`)
    )
  );
  await server.write(
    `${tmpPath}/watch.ipynb`,
    notebook(
      code(`import studio_ext as studio
from studio_ext.widgets import JobProgress, MetricChart, TrialTable
job = studio.submit("bad.ipynb", name=${python(image('name').slice(0, 190))}, experiment=${python(image('experiment').replace(/[/"]/g, ''))},
                    parameters={"text": ${python(link('parameter') + bait('parameter'))}})
display(JobProgress(job), MetricChart(job), TrialTable(job.experiment))`),
      code('JobProgress(job)')
    )
  );
  await page.notebook.openByPath(`${tmpPath}/watch.ipynb`);
  const traps = await Traps.set(page);
  const widgets = new Widgets(page);
  await runCell(page, 0);
  const job = widgets.job.first();
  await expect(job).toContainText(image('label').slice(0, 20));
  await job.getByRole('button', { name: 'Log' }).click();
  await expect(job.locator('.studio-log')).toContainText('xxxx');
  await expect(widgets.panel).toContainText('loss');
  await expect(widgets.live.nth(1)).toContainText('2 values that are NaN or infinite');
  await expect(widgets.table.locator('tbody')).toContainText(image('run').slice(0, 20));
  await server.write(`${tmpPath}/go`, 'go');
  await expect(job).toContainText('Failed');
  await expect(job.locator('.studio-end')).toContainText('Traceback');
  await expect(job.locator('.studio-end')).toContainText(image('ename'));

  // Press everything there is.
  await widgets.live.locator('button, summary, input').evaluateAll(all => all.forEach(each => (each as HTMLElement).click()));
  await expect(widgets.live.locator('img, script, iframe, a[href]')).toHaveCount(0);

  // The pictures, in a notebook without its kernel.
  await runCell(page, 1);
  await expect(widgets.job).toHaveCount(2);
  await saveAndClose(page);
  await expect(widgets.main).toHaveCount(0);
  await page.notebook.openByPath(`${tmpPath}/watch.ipynb`);
  await expect(widgets.picture).toHaveCount(4);
  await expect(widgets.picture.first()).toContainText(image('ename'));
  await expect(widgets.picture.first().locator('details')).toBeVisible();
  await widgets.picture.first().locator('summary').click();
  await expect(widgets.live).toHaveCount(0);
  await expect(widgets.picture.locator('img:not([src^="data:image/svg+xml;base64,"]), script, iframe, a')).toHaveCount(0);
  expect(await traps.sprung()).toEqual([]);
  await traps.prove();
});
