import type { Locator } from '@playwright/test';
import { findings } from '../axe';
import { expect, test } from '../fixtures';
import { code, notebook, parameters, waitFor } from '../notebooks';
import { runFromPalette } from '../pages/palette';

for (const theme of ['light', 'dark'] as const) {
  test(`axe finds nothing serious in the ${theme} theme`, async ({
    page,
    tmpPath,
    server,
    panel,
    form,
    jobTab,
    trials
  }) => {
    if (theme === 'dark') {
      await page.theme.setDarkTheme();
    }
    const path = `${tmpPath}/mixed.ipynb`;
    await page.contents.uploadContent(
      notebook(
        parameters(
          'kind: str = "good"  # What the job does\ndepth: int = 3\nfast: bool = True\nsizes: list = [1, 2]'
        ),
        code(
          'print("\\x1b[31mred\\x1b[0m and \\x1b[32mgreen\\x1b[0m and \\x1b[33;1myellow\\x1b[0m and \\x1b[2mfaint")'
        ),
        code('if kind == "bad":\n    raise ValueError("not good")'),
        waitFor('/nonexistent/never', 'Wait')
      ),
      'text',
      path
    );
    const bad = await server.submit(path, { name: 'bad', experiment: 'axe', parameters: { kind: 'bad' } });
    await server.reaches(bad.id, 'Failed');
    const going = await server.submit(path, { name: 'going', experiment: 'axe' });

    await panel.open();
    await expect(panel.row('going')).toContainText('3/4');
    await panel.main(panel.row('going')).focus();
    expect.soft(await findings(page, panel.region), 'panel').toEqual([]);

    const tab = page.getByRole('main').locator('.jp-StudioJob:visible');
    await panel.main(panel.row('bad')).click();
    await expect(jobTab.failure).toContainText('not good');
    expect.soft(await findings(page, tab), 'a failed job').toEqual([]);
    for (const view of ['Log', 'Files'] as const) {
      await jobTab.show(view);
      await expect(view === 'Log' ? jobTab.log : jobTab.files).toContainText(
        view === 'Log' ? 'red' : 'output'
      );
      expect.soft(await findings(page, tab), view).toEqual([]);
    }
    await panel.main(panel.row('going')).click();
    await expect(jobTab.heading).toHaveText('going');
    await expect(jobTab.state).toContainText('cell 4 of 4');
    expect.soft(await findings(page, tab), 'a running job').toEqual([]);

    await jobTab.button('Run again').click();
    await form.field('depth').fill('many');
    await form.field('depth').blur();
    expect(await form.error('depth')).not.toBe('');
    expect.soft(await findings(page, form.form), 'form').toEqual([]);

    await trials.open('axe');
    await expect(trials.table).toBeVisible();
    expect.soft(await findings(page, trials.content), 'trials').toEqual([]);
    await server.stop(going.id);
  });
}

test('Everything can be done with the keyboard', async ({ page, tmpPath, server, panel, form, jobTab }) => {
  const path = `${tmpPath}/keys.ipynb`;
  await page.contents.uploadContent(
    notebook(parameters('depth: int = 3'), code('print("depth", depth)')),
    'text',
    path
  );
  for (const name of ['first', 'second']) {
    const { id } = await server.submit(path, { name });
    await server.reaches(id, 'Completed');
  }
  const tabTo = async (wanted: Locator) => {
    for (let presses = 0; presses < 40; presses++) {
      if (await wanted.evaluate(node => node === document.activeElement)) {
        return;
      }
      await page.keyboard.press('Tab');
    }
    await expect(wanted).toBeFocused();
  };

  await runFromPalette(page, 'Show Studio Panel');
  await expect(panel.region).toBeVisible();
  const headings = panel.region.getByRole('heading');
  await expect(headings, 'in the order in which they are seen').toHaveText([/Jobs/, /Experiments/, /Models/]);
  const first = panel.main(panel.row('first'));
  const second = panel.main(panel.row('second'));
  await tabTo(second);
  await page.keyboard.press('ArrowDown');
  await expect(first).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(second).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(jobTab.heading).toHaveText('second');

  await tabTo(jobTab.views.getByRole('tab', { name: 'Overview' }));
  await page.keyboard.press('ArrowRight');
  await expect(jobTab.views.getByRole('tab', { name: 'Log' })).toBeFocused();
  await expect(jobTab.log).toContainText('depth 3');

  await second.focus();
  await tabTo(panel.row('second').getByRole('button', { name: 'Run second again' }));
  await page.keyboard.press('Enter');
  await expect(form.heading).toBeVisible();
  await tabTo(form.field('depth'));
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type('11');
  await page.keyboard.press('ControlOrMeta+Enter');
  await expect(jobTab.state).toContainText('Completed');
  await expect(jobTab.parameters).toContainText('11');
});
