import { expect, test } from '../fixtures';
import { code, notebook } from '../notebooks';
import { runFromPalette } from '../pages/palette';

test.describe('From the file browser', () => {
  test.beforeEach(async ({ page, tmpPath }) => {
    for (const name of ['one', 'two', 'three']) {
      await page.contents.uploadContent(
        notebook(code(`print("this is ${name}")`)),
        'text',
        `${tmpPath}/${name}.ipynb`
      );
    }
    await page.contents.uploadContent('a,b\n1,2\n', 'text', `${tmpPath}/data.csv`);
    await page.filebrowser.refresh();
  });

  test('one notebook opens the form for it', async ({ page, form, jobTab }) => {
    await page.locator('.jp-DirListing-content').getByText('one.ipynb').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Run as Job' }).click();
    await expect(form.heading).toHaveText('Run one.ipynb as a job');
    await form.run.click();
    await expect(jobTab.state).toContainText('Completed');
    await jobTab.show('Log');
    await expect(jobTab.log).toContainText('this is one');
  });

  test('several notebooks become one job each', async ({ page, form, panel, server }) => {
    const files = page.locator('.jp-DirListing-content');
    await files.getByText('one.ipynb').click();
    await files.getByText('two.ipynb').click({ modifiers: ['ControlOrMeta'] });
    await files.getByText('two.ipynb').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Run as Job' }).click();
    await expect(form.heading).toHaveText('Run 2 notebooks as jobs');
    await expect(form.form.getByRole('listitem')).toHaveText([/one\.ipynb$/, /two\.ipynb$/]);
    await form.run.click();
    await expect(panel.region).toBeVisible();
    await expect(panel.jobs.getByRole('listitem')).toHaveCount(2);
    const notebooks = (await server.jobs()).map(job => job.notebook.split('/').pop());
    expect(notebooks.sort()).toEqual(['one.ipynb', 'two.ipynb']);
  });

  test('the entry is not offered for other files', async ({ page }) => {
    await page.locator('.jp-DirListing-content').getByText('data.csv').click({ button: 'right' });
    await expect(page.getByRole('menuitem', { name: 'Rename' })).toBeVisible();
    await expect(page.getByRole('menuitem', { name: 'Run as Job' })).toBeHidden();
  });

  test('the button takes the notebook of its own panel', async ({ page, tmpPath, form }) => {
    await page.notebook.openByPath(`${tmpPath}/one.ipynb`);
    await page.evaluate(
      ({ path }) =>
        void window.jupyterapp.commands.execute('docmanager:open', {
          path,
          options: { mode: 'split-right' }
        }),
      { path: `${tmpPath}/two.ipynb` }
    );
    await expect(page.locator('.jp-NotebookPanel:visible')).toHaveCount(2);
    await page.locator('.jp-DirListing-content').getByText('three.ipynb').click();

    const left = page.locator('.jp-NotebookPanel', { hasText: 'this is one' });
    await left.getByRole('button', { name: 'Run as job' }).click();
    await expect(form.heading).toHaveText('Run one.ipynb as a job');
  });
});

test('The palette takes the notebook that is in front', async ({ page, tmpPath, form }) => {
  await page.contents.uploadContent(notebook(code('1')), 'text', `${tmpPath}/front.ipynb`);
  await page.notebook.openByPath(`${tmpPath}/front.ipynb`);
  // The notebook takes the focus when its kernel is ready, which closes the palette.
  await expect(page.getByText('Python 3 (ipykernel) | Idle')).toBeVisible();
  await runFromPalette(page, 'Run Notebook as Job');
  await expect(form.heading).toHaveText('Run front.ipynb as a job');
});

test('The launcher has a card that asks which notebook', async ({ page }) => {
  await page.getByRole('main').getByText('Run Notebook as Job').click();
  await expect(page.getByRole('dialog')).toContainText('Which notebook');
});

test('What was typed into an untitled notebook is saved before it runs', async ({ page, form, jobTab }) => {
  await page.notebook.createNew();
  await page.notebook.setCell(0, 'code', 'print("typed and " + "never saved")');
  await form.openFromToolbar();
  await expect(form.heading).toHaveText(/Run Untitled.*\.ipynb as a job/);
  await form.submitByKey();
  await expect(jobTab.state).toContainText('Completed');
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText('typed and never saved');
});

test('A notebook of the drive of real-time collaboration runs', async ({ page, tmpPath, form, jobTab }) => {
  const path = `${tmpPath}/shared.ipynb`;
  await page.contents.uploadContent(notebook(code('print("shared")')), 'text', path);
  await page.evaluate(path => {
    // As collaboration does it: another drive of the same files.
    const contents = window.jupyterapp.serviceManager.contents as any;
    const drive = Object.create(contents.defaultDrive, { name: { value: 'RTC' } });
    contents.addDrive(drive);
    return void window.jupyterapp.commands.execute('studio-submit:run-as-job', {
      path: `RTC:${path}`
    });
  }, path);
  await expect(form.heading).toHaveText('Run shared.ipynb as a job');
  await form.submitByKey();
  await expect(jobTab.state).toContainText('Completed');
  await expect(jobTab.about).toContainText(path);
  await expect(jobTab.about).not.toContainText('RTC:');
});

test('JupyterLab starts with little of ours; the rest comes when it is asked for', async ({ page, panel }) => {
  const sizes = new Map<string, Promise<number>>();
  page.on('response', response => {
    const name = /\/studio_ext\/static\/([\w.]+\.js)/.exec(response.url())?.[1];
    if (name && !name.startsWith('remoteEntry')) {
      // What still comes when the page closes has no body.
      sizes.set(
        name,
        response.body().then(
          body => body.length,
          () => 0
        )
      );
    }
  });
  const others: string[] = [];
  page.on('request', request => {
    if (request.url().includes('/nbdime-jupyterlab/')) {
      others.push(request.url());
    }
  });
  const total = async () => (await Promise.all(sizes.values())).reduce((sum, size) => sum + size, 0);
  await page.reload();
  await page.locator('#jp-main-dock-panel').waitFor();
  await expect(page.getByRole('tab', { name: /^Studio/ })).toBeVisible();
  const atStart = await total();
  expect(atStart).toBeGreaterThan(10_000);
  expect(atStart).toBeLessThanOrEqual(60_000);
  // What comes along with nbdime is off, and is not fetched.
  expect(others).toEqual([]);
  const commands = await page.evaluate(() => window.jupyterapp.commands.listCommands());
  expect(commands.filter(each => each.startsWith('nbdime'))).toEqual([]);
  await panel.open();
  await expect.poll(total).toBeGreaterThan(atStart);
});
