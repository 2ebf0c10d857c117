import { expect, test } from '../fixtures';
import { code, notebook } from '../notebooks';

const PLAIN = notebook(
  code(`# Read the data
import pandas as pd
houses = pd.read_csv('houses.csv')
houses.head()`),
  code(`# Train
from sklearn.linear_model import Ridge
model = Ridge(alpha=0.25).fit(houses[['rooms', 'size']], houses['price'])`)
);
const DATA = ['rooms,size,price', ...Array.from({ length: 60 }, (_, n) => `${n % 5},${n},${n * 3}`)].join('\n');

test('A plain notebook is recorded without a line of code for it', async ({
  page,
  tmpPath,
  form,
  jobTab,
  trials,
  server
}, info) => {
  test.setTimeout(300_000);
  await server.write(`${tmpPath}/houses.csv`, `${DATA}\n`);
  await server.write(`${tmpPath}/plain.ipynb`, PLAIN);
  await page.notebook.openByPath(`${tmpPath}/plain.ipynb`);
  await form.openFromToolbar();
  await form.field('Name').fill('plain');
  await form.field('Experiment').selectOption({ label: 'New experiment…' });
  await form.field('Its name').fill('captured');

  // What most people leave as it is stays out of the way, and opens with the keyboard.
  await expect(form.field('Autologging')).toBeHidden();
  await form.form.getByText('More', { exact: true }).first().focus();
  await page.keyboard.press('Enter');
  await expect(form.field('Autologging')).toHaveValue('on');
  for (const theme of ['Dark', 'Light'] as const) {
    await (theme === 'Dark' ? page.theme.setDarkTheme() : page.theme.setLightTheme());
    await form.form.screenshot({ path: info.outputPath(`form-${theme}.png`) });
  }
  await form.submitByKey();
  await expect(jobTab.state).toContainText('Completed', { timeout: 200_000 });

  await trials.open('captured');
  const row = trials.row('plain');
  await expect(trials.cell(row, 'alpha')).toHaveText('0.25');
  await expect(trials.cell(row, 'training_r2_score')).toHaveText(/^[01]/);
  await page.screenshot({ path: info.outputPath('trials.png') });
});
