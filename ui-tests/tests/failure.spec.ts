import { expect, test } from '../fixtures';
import { code, notebook, parameters } from '../notebooks';

const LOOKUP = '# Look up\nprices = {"a": 1}\nprices[key]';

test('A failed job says why in the list and in its tab, and runs again with its values', async ({
  page,
  tmpPath,
  server,
  panel,
  jobTab,
  form
}) => {
  const path = `${tmpPath}/lookup.ipynb`;
  await page.contents.uploadContent(
    notebook(parameters('key: str = "a"'), code('print("before the failure")'), code(LOOKUP)),
    'text',
    path
  );
  const { id } = await server.submit(path, { name: 'look-up', parameters: { key: 'absent' } });
  await server.reaches(id, 'Failed');

  await panel.open();
  const row = panel.row('look-up');
  await expect(row.getByRole('img', { name: 'Failed' })).toBeVisible();
  const reason = row.getByText(/KeyError.*absent/);
  await expect(reason).toBeVisible();
  const lines = await reason.evaluate(
    node => node.getBoundingClientRect().height / parseFloat(getComputedStyle(node).fontSize)
  );
  expect(lines, 'the reason stands on one line').toBeLessThan(2);

  await panel.main(row).click();
  await expect(jobTab.heading).toHaveText('look-up');
  await expect(jobTab.state).toContainText('Failed');
  await expect(jobTab.failure).toContainText('prices[key]');
  await expect(jobTab.failure).toContainText("KeyError: 'absent'");
  await expect(jobTab.failure.getByRole('heading', { name: /cell 3/i }).first()).toBeVisible();

  await jobTab.failure.getByRole('button', { name: 'Show log' }).click();
  await expect(jobTab.log).toContainText('before the failure');

  await jobTab.show('Overview');
  await jobTab.failure.getByRole('button', { name: 'Open failing cell' }).click();
  await expect(page.getByRole('main').getByRole('tab', { name: 'lookup.ipynb' })).toHaveAttribute(
    'aria-selected',
    'true'
  );
  await expect(page.locator('.jp-Notebook-cell.jp-mod-active:visible')).toContainText('prices[key]');

  await panel.press(row, 'Run look-up again');
  await expect(form.field('key')).toHaveValue('absent');
  await form.field('key').fill('a');
  await form.submitByKey();
  await expect(jobTab.state).toContainText('Completed');
});
