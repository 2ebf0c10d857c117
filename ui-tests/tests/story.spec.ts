import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, needContainers, test } from '../fixtures';
import type { RunAsJobForm } from '../pages/RunAsJobForm';

/** Name and default of each parameter, as the example's parameters cell says them. */
function declared(): [string, string][] {
  const file = path.resolve(__dirname, '../../examples/house-prices/train.ipynb');
  const { cells } = JSON.parse(readFileSync(file, 'utf8'));
  const cell = cells.find((cell: any) => cell.metadata.tags?.includes('parameters'));
  return [...cell.source.join('').matchAll(/^(\w+): \w+ = (\S+)/gm)].map(match => [match[1], match[2]]);
}

interface IPlace {
  name: string;
  /** What the overview says that the job runs in. */
  runsIn: RegExp;
  /** Choose it in the form, which opens with the process. */
  choose: (form: RunAsJobForm) => Promise<void>;
}

const PLACES: IPlace[] = [
  {
    name: 'a process',
    runsIn: /Process · Python 3 \(ipykernel\)/,
    choose: async form => {
      await expect(form.runner('Process')).toBeChecked();
      await expect(form.field('Kernel')).toHaveValue('python3');
    }
  },
  {
    name: 'a container',
    runsIn: /Docker · studio\/notebook:1 \([0-9a-f]{8}\) · Python 3\.\d+, MLflow 3/,
    choose: async form => {
      await form.runner('Docker').check();
      await expect(form.field('Kernel')).toHaveCount(0);
      await expect(form.field('Image')).toHaveValue('studio/notebook:1');
      await expect(form.field('May reach the network')).not.toBeChecked();
      await expect(form.field('Fetch it if it is not there')).toHaveCount(0);
    }
  }
];

for (const place of PLACES) {
  test(`A notebook becomes a job in ${place.name}, the job becomes a trial`, async ({
    page,
    form,
    panel,
    jobTab,
    trials,
    server
  }) => {
    test.setTimeout(300_000);
    if (place.name === 'a container') {
      await needContainers(server);
    }
    const job = `deeper trees in ${place.name}`;
    await page.notebook.openByPath('house-prices/train.ipynb');
    await form.openFromToolbar();

    // The form knows the parameters, their types and their defaults.
    await expect(form.heading).toHaveText('Run train.ipynb as a job');
    const parameters = declared();
    expect(parameters.map(([name]) => name)).toContain('max_depth');
    for (const [name, value] of parameters) {
      await expect(form.field(name)).toHaveValue(value);
    }
    await expect(form.field('Experiment')).toHaveValue('house-prices');
    await place.choose(form);
    await expect(form.runsIn).toHaveText(place.runsIn);

    // Wrong values are marked where they are, and nothing is sent.
    await form.field('max_depth').fill('deep');
    await form.field('Memory').fill('lots');
    await form.submitByKey();
    await expect(form.field('max_depth')).toHaveAttribute('aria-invalid', 'true');
    expect(await form.error('max_depth')).toMatch(/whole number/i);
    await expect(form.field('Memory')).toHaveAttribute('aria-invalid', 'true');
    await expect(form.field('max_depth')).toBeFocused();
    expect(await server.jobs()).toEqual([]);

    await form.field('max_depth').fill('8');
    await form.field('Memory').fill('4 GiB');
    await form.field('Name').fill(job);
    await form.submitByKey();

    // The job's tab opens, and says which cell runs while it runs.
    await expect(jobTab.heading).toHaveText(job);
    await expect(jobTab.state).toContainText(/cell \d+ of 12/);
    const first = await jobTab.cell();
    await panel.open();
    const row = panel.row(job);
    await expect(row.getByRole('progressbar').or(row.getByRole('img', { name: 'Completed' }))).toBeVisible();
    await expect.poll(() => jobTab.cell(), { intervals: [50] }).toBeGreaterThan(first);

    // It is told at the end for some seconds, whatever is looked at then.
    const told = expect(page.getByText(`${job} completed`)).toBeVisible({ timeout: 180_000 });
    told.catch(() => undefined);
    await expect(jobTab.about).toContainText(place.runsIn);

    // The output notebook opens while the job writes it, and grows.
    await jobTab.show('Notebook');
    const view = jobTab.main.locator('.jp-StudioNotebook:visible');
    await expect(view).toContainText('block groups, 10 columns');
    await jobTab.show('Log');
    await expect(jobTab.log).toContainText('block groups, 10 columns');
    await expect(jobTab.state).toContainText('Completed', { timeout: 120_000 });
    await told;
    await expect(row.getByRole('img', { name: 'Completed' })).toBeVisible();
    await expect(jobTab.log).toContainText(/rmse: \d\d,\d{3}/);

    await jobTab.button('Open output notebook').click();
    const output = page.locator('.jp-NotebookPanel:visible');
    await expect(output).toContainText('block groups, 10 columns');
    await expect(output).toContainText('max_depth = 8');
    const cells = await page.evaluate(() => {
      const { content } = window.jupyterapp.shell.currentWidget as any;
      return content.widgets
        .filter((cell: any) => cell.model.type === 'code')
        .map((cell: any) => cell.model.trusted as boolean);
    });
    expect(cells.length).toBeGreaterThan(10);
    expect(cells).not.toContain(true);

    // The trial is in the table of its experiment.
    await panel.experiment('house-prices').getByRole('button').first().click();
    await trials.sortBy('rmse');
    const trial = trials.row(job);
    await expect(trial).toBeVisible();
    await expect(trials.cell(trial, 'max_depth')).toHaveText('8');
    await expect
      .poll(async () => Number((await trials.cell(trial, 'rmse').innerText()).replace(/,/g, '')))
      .toBeGreaterThan(30_000);
  });
}
