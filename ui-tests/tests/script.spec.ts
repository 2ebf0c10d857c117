import * as path from 'node:path';
import { galata } from '@jupyterlab/galata';
import { findings } from '../axe';
import { expect, test } from '../fixtures';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');

const EXPERIMENT = 'recorded by a script';

/** What a person writes; it goes on past half of the values when the file `go` is there. */
const SCRIPT = `import pathlib
import sys
import time

import studio_ext as studio

rate = float(sys.argv[1])
with studio.Tracker.create(f"rate {rate}", experiment_name="${EXPERIMENT}") as tracker:
    tracker.log_parameters({"rate": rate, "optimizer": "adam"})
    for step in range(50):
        if rate > 1 and step == 10:
            raise ValueError(f"a rate of {rate} diverges")
        while step == 25 and not pathlib.Path("go").exists():
            time.sleep(0.05)
        tracker.log_metric("loss", 1 / (1 + step), step=step)
    pathlib.Path("weights.txt").write_text("0.25 0.5")
    tracker.log_artifact("weights.txt")
    tracker.log_table("Errors", {"fold": [1, 2, 3], "error": [0.5, 0.25, 0.125]})
`;

// The terminal draws on a canvas; what it says is text for people who have it read to them.
test.use({
  mockSettings: { ...galata.DEFAULT_SETTINGS, '@jupyterlab/terminal-extension:plugin': { screenReaderMode: true } }
});

test('A script that records with the tracker is seen while it runs, and how it ended', async ({
  page,
  tmpPath,
  panel,
  trials,
  server
}) => {
  let loads = 0;
  page.on('domcontentloaded', () => void (loads += 1));
  await server.write(`${tmpPath}/train.py`, SCRIPT);
  await panel.open();
  await expect(panel.region.getByLabel('Loading experiments')).toHaveCount(0);
  await expect(panel.experiment(EXPERIMENT)).toHaveCount(0);

  // The terminal opens in the folder of the script.
  await page.getByRole('main').getByRole('button', { name: 'Terminal' }).click();
  const terminal = page.locator('.jp-Terminal:visible .xterm-accessibility');
  await expect(terminal).toContainText('$');
  await page.locator('.jp-Terminal:visible').click();
  await page.keyboard.type('python train.py 0.1\n');

  // The panel notices by itself, and the table shows the component that is in progress.
  await expect(panel.experiment(EXPERIMENT)).toContainText('1 trial');
  await panel.experiment(EXPERIMENT).getByRole('button').first().click();
  const good = trials.row('rate 0.1');
  await expect(trials.cell(good, 'Status')).toHaveText('Running');
  await expect(trials.cell(good, 'rate')).toHaveText('0.1');
  await expect(trials.cell(good, 'optimizer')).toHaveText('adam');
  await expect(trials.cell(good, 'loss')).toHaveText('0.04');

  // The last value is that of the last step, and the files are there.
  await server.write(`${tmpPath}/go`, 'go');
  await expect(trials.cell(good, 'Status')).toHaveText('Completed');
  await expect(trials.cell(good, 'loss')).toHaveText('0.02');
  const [trial] = await server.trials(EXPERIMENT);
  expect(trial).toMatchObject({ name: 'rate 0.1', parameters: { rate: '0.1', optimizer: 'adam' }, job_id: null });
  expect(await server.artifact(trial.run_id, 'weights.txt')).toBe('0.25 0.5');
  expect(JSON.parse(await server.artifact(trial.run_id, 'graphs/Errors.json'))).toMatchObject({
    title: 'Errors',
    data: { fold: [1, 2, 3], error: [0.5, 0.25, 0.125] }
  });

  // One that raises is marked, also while its table is behind the terminal.
  await page.getByRole('main').locator('.lm-TabBar-tab', { hasText: 'Terminal' }).click();
  await page.locator('.jp-Terminal:visible').click();
  await page.keyboard.type('python train.py 2.5\n');
  await expect(terminal).toContainText('ValueError: a rate of 2.5 diverges');
  await expect(panel.experiment(EXPERIMENT)).toContainText('2 trials');
  await page.screenshot({ path: path.join(LOOK, 'script-terminal.png') });
  await panel.experiment(EXPERIMENT).getByRole('button').first().click();
  const bad = trials.row('rate 2.5');
  await expect(trials.cell(bad, 'Status')).toHaveText('Failed');
  await expect(trials.cell(bad, 'loss')).toHaveText('0.1');
  await expect(trials.cell(good, 'Status')).toHaveText('Completed');
  expect(loads).toBe(0);

  for (const theme of ['dark', 'light'] as const) {
    await (theme === 'dark' ? page.theme.setDarkTheme() : page.theme.setLightTheme());
    expect.soft(await findings(page, trials.content), theme).toEqual([]);
    await page.screenshot({ path: path.join(LOOK, `script-trials-${theme}.png`) });
  }
});
