import { galata } from '@jupyterlab/galata';
import { findings } from '../axe';
import { expect, needContainers, test } from '../fixtures';
import { code, notebook } from '../notebooks';

const IMAGE = 'studio/notebook:1';

test.beforeEach(async ({ page, server, tmpPath }) => {
  await needContainers(server);
  await page.contents.uploadContent(
    notebook(code('import socket\nprint("on", socket.gethostname())')),
    'text',
    `${tmpPath}/where.ipynb`
  );
});

for (const theme of ['light', 'dark'] as const) {
  test(`An image that is not there is said at its field, in the ${theme} theme`, async ({
    page,
    tmpPath,
    server,
    form
  }) => {
    if (theme === 'dark') {
      await page.theme.setDarkTheme();
    }
    await page.notebook.openByPath(`${tmpPath}/where.ipynb`);
    await form.openFromToolbar();
    await form.runner('Docker').check();
    expect.soft(await findings(page, form.form), 'an image that is there').toEqual([]);
    await form.otherImage('studio/notebook:never-built');
    await expect(form.field('Fetch it if it is not there')).not.toBeChecked();
    expect.soft(await findings(page, form.form), 'an image that is not there').toEqual([]);

    await form.submitByKey();
    await expect(form.field('Its name')).toHaveAttribute('aria-invalid', 'true');
    expect(await form.error('Its name')).toMatch(/no image studio\/notebook:never-built.*studio image build/);
    await expect(form.field('Its name')).toBeFocused();
    expect.soft(await findings(page, form.form), 'an image that was refused').toEqual([]);
    expect(await server.jobs()).toEqual([]);
  });
}

test('A job says that its image is being fetched, and can be stopped meanwhile', async ({
  page,
  tmpPath,
  server,
  panel,
  form,
  jobTab,
  registry
}) => {
  const image = `${registry.host}/team/slow:1`;
  await page.notebook.openByPath(`${tmpPath}/where.ipynb`);
  await form.openFromToolbar();
  await form.runner('Docker').check();
  await form.otherImage(image);
  await form.field('Fetch it if it is not there').check();
  await expect(form.runsIn).toHaveText(`Docker · ${image} · to be fetched`);
  await form.submitByKey();

  await expect(jobTab.state).toContainText('Fetching');
  await expect(jobTab.state).toContainText(image);
  await panel.open();
  const row = panel.row('where');
  await expect(row.getByRole('img', { name: 'Fetching' })).toBeVisible();
  await expect(row).toContainText('team/slow:1');
  await expect.poll(registry.asked).toBeGreaterThan(0);

  await jobTab.button('Stop').click();
  await expect(row.getByRole('img', { name: 'Stopped' })).toBeVisible();
  expect((await server.jobs()).map(({ status }) => status)).toEqual(['Stopped']);
});

test('A job in a container runs again in the same image, with the same network and limits', async ({
  tmpPath,
  server,
  panel,
  form,
  jobTab
}) => {
  const { id } = await server.submit(`${tmpPath}/where.ipynb`, {
    name: 'inside',
    runner: 'docker',
    image: IMAGE,
    network_access: true,
    resources: { memory_bytes: 1024 ** 3 }
  });
  await server.reaches(id, 'Completed');
  await panel.open();
  await panel.main(panel.row('inside')).click();
  await expect(jobTab.about).toContainText(`Docker · ${IMAGE}`);
  await expect(jobTab.about.getByTitle('May reach the network')).toBeVisible();
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText('on algo-1');

  await jobTab.button('Run again').click();
  await form.loaded();
  await expect(form.runner('Docker')).toBeChecked();
  await expect(form.field('Image')).toHaveValue(IMAGE);
  await expect(form.field('May reach the network')).toBeChecked();
  await expect(form.field('Memory')).toHaveValue('1 GiB');
  await form.field('May reach the network').uncheck();
  await form.submitByKey();
  await expect(jobTab.state).toContainText('Completed');
  await expect(jobTab.about.getByTitle('Has no network')).toBeVisible();
});

test.describe('With settings of the person', () => {
  test.use({
    mockSettings: {
      ...galata.DEFAULT_SETTINGS,
      'studio_ext:submit': { runner: 'docker', image: 'studio/notebook:of-mine' }
    }
  });

  test('the form opens with the runner and the image that they name', async ({ page, tmpPath, form }) => {
    await page.notebook.openByPath(`${tmpPath}/where.ipynb`);
    await form.openFromToolbar();
    await expect(form.runner('Docker')).toBeChecked();
    await expect(form.field('Image')).toHaveValue('studio/notebook:of-mine');
    await expect(form.field('Image').locator('option:checked')).toHaveText('studio/notebook:of-mine (not there)');
  });
});
