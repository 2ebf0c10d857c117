import { expect, needContainers, test } from '../fixtures';
import { code, notebook, parameters, waitFor } from '../notebooks';
import { look, noToasts, take } from '../pictures';

const EVALUATE = notebook(
  parameters('fold: int = 1  # Which fifth of the data is kept for the test'),
  code('# Load the model\nmodels = {"trees": 0.83, "linear": 0.61}\nprint(f"{len(models)} models")'),
  code('# Pick the best\nbest = max(models, key=models.get)\nprint("best:", best)'),
  code(
    '# Compare with last week\nlast_week = {"trees": 0.81}\nfor name, r2 in models.items():\n    print(name, r2 - last_week[name])'
  )
);

const PREPARE = notebook(
  parameters('rows: int = 20640  # How many block groups to read'),
  code(
    '# Read\nimport time\nfor part in range(1, 41):\n    print(f"\\x1b[32mread\\x1b[0m part {part} of 40: {part * 516:,} rows")'
  ),
  code(
    '# Clean\nprint("\\x1b[33mwarning\\x1b[0m 207 rows without total_bedrooms")\nprint("\\x1b[1m20,433\\x1b[0m rows complete")'
  ),
  waitFor('/nonexistent/never', 'Impute what is missing'),
  code('# Scale\n1'),
  code('# Write\n2')
);

const BOOST = notebook(
  parameters('rounds: int = 400  # How many trees'),
  code(`# Boost
import math, random, time
import mlflow
source, held = random.Random(1), []
for step in range(400):
    loss = 1.2 * math.exp(-step / 90) + 0.18 + source.gauss(0, 0.004)
    mlflow.log_metrics(
        {"train/loss": loss, "val/loss": loss + 0.05 + step / 9000 + source.gauss(0, 0.012), "val/r2": 0.83 * (1 - math.exp(-step / 60))},
        step=step,
    )
    held.append(bytearray(800_000))
    time.sleep(0.03)
mlflow.log_metric("learning_rate", 0.05)`),
  waitFor('/nonexistent/never', 'Try the test set')
);

test('Pictures of jobs, trials and the form', async ({
  page,
  server,
  panel,
  form,
  jobTab,
  trials,
  trialTab,
  registry
}) => {
  await needContainers(server);
  await panel.open();
  await look(page, 'empty');

  await server.write('house-prices/evaluate.ipynb', EVALUATE);
  await server.write('house-prices/prepare.ipynb', PREPARE);
  await server.write('house-prices/boost.ipynb', BOOST);
  const experiment = 'house-prices';
  for (const [max_depth, learning_rate] of [
    [4, 0.1],
    [6, 0.1],
    [8, 0.2]
  ]) {
    const { id } = await server.submit('house-prices/train.ipynb', {
      experiment,
      parameters: { max_depth, learning_rate }
    });
    await server.reaches(id, 'Completed');
  }
  const inside = await server.submit('house-prices/train.ipynb', {
    name: 'train-inside',
    experiment,
    runner: 'docker',
    parameters: { max_depth: 7, learning_rate: 0.1 },
    resources: { cpus: 2, memory_bytes: 2 * 1024 ** 3 }
  });
  await server.reaches(inside.id, 'Completed');
  const failed = await server.submit('house-prices/evaluate.ipynb', { experiment });
  await server.reaches(failed.id, 'Failed');
  const running = await server.submit('house-prices/prepare.ipynb', { experiment });
  await expect.poll(async () => (await server.job(running.id)).progress.done).toBe(3);
  await noToasts(page);

  await panel.main(panel.row('prepare')).click();
  await expect(jobTab.state).toContainText('cell 4 of 6');
  await page.activity.activateTab('Launcher');
  await page.evaluate(() => void window.jupyterapp.commands.execute('application:close'));
  await expect(jobTab.heading).toBeVisible();
  await take(page, 'job-running');
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText('20,433');
  await take(page, 'job-log');

  const boosting = await server.submit('house-prices/boost.ipynb', {
    experiment,
    resources: { memory_bytes: 2 * 1024 ** 3 }
  });
  await panel.main(panel.row('boost')).click();
  await jobTab.show('Resources');
  await expect(jobTab.chart('Memory').locator('canvas')).toBeVisible();
  await expect.poll(async () => (await server.job(boosting.id)).progress.done).toBe(2);
  await take(page, 'job-resources');
  await jobTab.show('Metrics');
  await expect(jobTab.main.getByRole('region', { name: 'Single values' })).toContainText('learning_rate');
  await take(page, 'job-metrics');
  await server.stop(boosting.id);

  await panel.main(panel.row('evaluate')).click();
  await expect(jobTab.failure).toContainText('KeyError');
  await take(page, 'job-failed');

  await panel.main(panel.row('train-inside')).click();
  await expect(jobTab.state).toContainText('Completed');
  await look(page, 'job-container');

  await panel.main(panel.row(/train-(?!inside)/).first()).click();
  await expect(jobTab.state).toContainText('Completed');
  await look(page, 'job-completed');
  await jobTab.show('Notebook');
  await expect(jobTab.main.locator('.jp-StudioNotebook:visible img').first()).toBeVisible();
  await take(page, 'job-notebook');
  await jobTab.show('Files');
  await jobTab.files.getByRole('button', { name: 'output', exact: true }).click();
  await look(page, 'job-files');

  await jobTab.button('Run again').click();
  await form.loaded();
  await form.field('max_depth').fill('10');
  await take(page, 'run-as-job');
  await form.field('max_depth').fill('deep');
  await form.field('Memory').fill('lots');
  await form.submitByKey();
  await expect(form.field('Memory')).toHaveAttribute('aria-invalid', 'true');
  await look(page, 'run-as-job-wrong');

  await form.runner('Docker').check();
  await form.field('max_depth').fill('10');
  await form.field('Memory').fill('2 GiB');
  await take(page, 'run-as-job-container');
  await form.otherImage(`${registry.host}/team/slow:1`);
  await look(page, 'run-as-job-other-image');
  await form.field('Fetch it if it is not there').check();
  await form.submitByKey();
  await expect(jobTab.state).toContainText('Fetching');
  await look(page, 'job-fetching');
  await jobTab.button('Stop').click();

  await page.route('**/studio/api/options*', async route => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), images: [] } });
  });
  await panel.main(panel.row('train-inside')).click();
  await jobTab.button('Run again').click();
  await form.loaded();
  await look(page, 'run-as-job-no-image');

  await trials.open(experiment);
  await trials.sortBy('rmse');
  await take(page, 'trials');

  const best = trials.cell(trials.rows.first(), 'Trial');
  await best.focus();
  await best.press('Enter');
  await expect(trialTab.content.locator('canvas, dd').first()).toBeVisible();
  await trialTab.note.getByRole('button', { name: 'Add a note' }).click();
  await trialTab.text.fill('**Best so far.** Deeper trees learn the districts by heart.');
  await take(page, 'trial-note', { keepFocus: true });
  await trialTab.text.press('Control+Enter');
  await expect(trialTab.note.getByText('Best so far.')).toBeVisible();
  await take(page, 'trial');
  await trialTab.show('Artefacts');
  await trialTab.look('notebook', 'train.ipynb');
  await expect(trialTab.preview.locator('.jp-CodeCell').first()).toBeVisible();
  await take(page, 'trial-artefacts');
  for (const view of ['Parameters', 'Code', 'Environment', 'Data'] as const) {
    await trialTab.show(view);
    await page.waitForLoadState('networkidle');
    await take(page, `trial-${view.toLowerCase()}`);
  }

  // Half the width stands for a zoom of 200 %.
  await page.setViewportSize({ width: 720, height: 450 });
  await look(page, 'zoom-trials');
  await panel.main(panel.row('evaluate')).click();
  await look(page, 'zoom-job-failed');
  await page.activity.activateTab('Run train.ipynb');
  await look(page, 'zoom-run-as-job');
  await form.field('Image').evaluate(node => node.scrollIntoView());
  await look(page, 'zoom-run-as-job-image');
});
