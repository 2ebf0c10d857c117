import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { Locator } from '@playwright/test';
import { findings } from '../axe';
import { expect, test } from '../fixtures';
import { code, notebook, waitFor } from '../notebooks';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

/** Logs a value of each metric until the file `stop` appears. */
const train = (stop: string) =>
  code(`# Train
import math, pathlib, time
import mlflow
mlflow.log_metric("lr", 0.1, step=0)
step, held = 0, []
while not pathlib.Path(${JSON.stringify(stop)}).exists():
    mlflow.log_metrics({"loss": 3 * math.exp(-step / 40) + 0.02 * math.sin(step), "accuracy": 1 - math.exp(-step / 60)}, step=step)
    if step < 40:
        held.append(bytearray(2_000_000))
    step += 1
    time.sleep(0.05)
mlflow.log_metric("loss", float("nan"), step=step)
mlflow.log_metric("loss", 0.5, step=step + 1)
print("steps", step)`);

/** Steps that a chart knows of, by what it says at its last point. */
async function lastStep(chart: Locator): Promise<number> {
  const plot = chart.getByRole('group');
  await plot.focus();
  await plot.press('End');
  const text = (await chart.locator('.jp-StudioChart-where').textContent()) ?? '';
  return Number(/step ([\d,]+)/.exec(text)?.[1].replace(/,/g, '') ?? -1);
}

test('What a job logs and uses is drawn while it runs', async ({ page, tmpPath, server, panel, jobTab }) => {
  const stop = path.join(tmpdir(), `studio-live-${Date.now()}`);
  const notebookPath = `${tmpPath}/train.ipynb`;
  await page.contents.uploadContent(notebook(train(stop)), 'text', notebookPath);
  const job = await server.submit(notebookPath, { name: 'train', resources: { memory_bytes: 1 << 30 } });
  const asked: string[] = [];
  page.on('request', request => {
    if (/\/(metrics|resources)(\?|$)/.test(request.url())) {
      asked.push(request.url());
    }
  });

  await panel.open();
  await panel.main(panel.row('train')).click();
  await expect(jobTab.heading).toHaveText('train');
  await expect(jobTab.chart('loss').locator('canvas')).toBeVisible();
  await page.screenshot({ path: path.join(LOOK, 'live-overview.png') });

  await jobTab.show('Metrics');
  for (const metric of ['loss', 'accuracy']) {
    await expect(jobTab.chart(metric).locator('canvas')).toBeVisible();
  }
  const first = await lastStep(jobTab.chart('loss'));
  expect(first).toBeGreaterThanOrEqual(0);
  await expect.poll(() => lastStep(jobTab.chart('loss'))).toBeGreaterThan(first + 40);
  const began = asked.length;
  const before = Date.now();
  await expect.poll(() => asked.length).toBeGreaterThan(began + 3);
  expect(Date.now() - before, 'it is not asked for more than twice a second').toBeGreaterThan(1_400);
  for (const theme of ['dark', 'light'] as const) {
    await (theme === 'dark' ? page.theme.setDarkTheme() : page.theme.setLightTheme());
    const tab = page.getByRole('main').locator('.jp-StudioJob:visible');
    expect.soft(await findings(page, tab), `metrics, ${theme}`).toEqual([]);
    await page.screenshot({ path: path.join(LOOK, `live-metrics-${theme}.png`) });
  }

  const loss = jobTab.chart('loss');
  await loss.getByRole('button', { name: 'log', exact: true }).click();
  await expect(loss.getByRole('button', { name: 'log', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await jobTab.main.getByRole('button', { name: 'Time', exact: true }).click();
  await expect(loss.locator('canvas')).toBeVisible();
  await loss.getByRole('group').hover({ position: { x: 200, y: 60 } });
  await expect(jobTab.chart('accuracy').locator('.jp-StudioChart-where')).toHaveText(/\d:\d\d/);
  await page.screenshot({ path: path.join(LOOK, 'live-log-time.png') });

  await loss.getByRole('button', { name: 'Copy loss as picture' }).click();
  await expect(loss.locator('.jp-StudioChart-where')).toHaveText(/^(Copied|Saved) the picture$/);

  await jobTab.show('Resources');
  const memory = jobTab.chart('Memory');
  await expect(memory.locator('canvas')).toBeVisible();
  await expect(memory.getByRole('group')).toHaveAttribute('aria-label', /limit 1 GiB/);
  await expect(jobTab.main.getByText(/of memory at most \(limit 1 GiB\)/)).toBeVisible();
  for (const theme of ['dark', 'light'] as const) {
    await (theme === 'dark' ? page.theme.setDarkTheme() : page.theme.setLightTheme());
    const tab = page.getByRole('main').locator('.jp-StudioJob:visible');
    expect.soft(await findings(page, tab), `resources, ${theme}`).toEqual([]);
    await page.screenshot({ path: path.join(LOOK, `live-resources-${theme}.png`) });
  }

  await jobTab.show('Metrics');
  writeFileSync(stop, '');
  await server.reaches(job.id, 'Completed');
  rmSync(stop);
  await expect(jobTab.chart('loss').locator('.jp-StudioChart-head .jp-StudioChart-value')).toHaveText('0.5');
  await expect(jobTab.chart('loss').locator('.jp-StudioChart-note')).toContainText('1 value is NaN or infinite');
  const end = asked.length;
  await page.reload({ waitForIsReady: false } as object);
  await expect(jobTab.heading).toHaveText('train');
  await jobTab.show('Metrics');
  await expect(jobTab.chart('loss').locator('canvas')).toBeVisible();
  expect(asked.length - end).toBeLessThan(5);
  await jobTab.show('Overview');
  await expect(jobTab.chart('accuracy').locator('canvas')).toBeVisible();
  await page.screenshot({ path: path.join(LOOK, 'live-overview-done.png') });
});

test('A job that logs nothing says what would be drawn', async ({ page, tmpPath, server, panel, jobTab }) => {
  const notebookPath = `${tmpPath}/quiet.ipynb`;
  await page.contents.uploadContent(notebook(waitFor('/nonexistent/never')), 'text', notebookPath);
  await server.submit(notebookPath, { name: 'quiet' });
  await panel.open();
  await panel.main(panel.row('quiet')).click();
  await jobTab.show('Metrics');
  await expect(jobTab.main.getByText('No metrics yet.')).toBeVisible();
  await jobTab.show('Resources');
  await expect(jobTab.chart('CPUs').locator('canvas')).toBeVisible();
});
