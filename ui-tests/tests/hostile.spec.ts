import { expect, test } from '../fixtures';
import { code, notebook, parameters } from '../notebooks';

/** Sets a variable of the page when it runs; `where` says which text it was. */
const image = (where: string) => `<img src=x onerror="window.top.planted='${where}'">`;
const script = (where: string) => `<script>window.top.planted='${where}'</script>`;
const link = (where: string) => `javascript:window.top.planted='${where}'`;

test('Text of a job is never markup, wherever it shows', async ({
  page,
  tmpPath,
  server,
  panel,
  jobTab,
  trials,
  form
}) => {
  const file = `${image('file').replace(/"/g, '')}.ipynb`;
  const path = `${tmpPath}/${file}`;
  const output = JSON.stringify(
    [
      image('output'),
      script('output'),
      `<a id="bait" href="${link('link')}">bait</a>`,
      `<iframe srcdoc="${script('frame').replace(/"/g, '&quot;')}"></iframe>`,
      `<svg onload="window.top.planted='svg'"></svg>`,
      `<math href="${link('math')}">x</math>`,
      `<details open ontoggle="window.top.planted='toggle'">d</details>`
    ].join('\n')
  );
  await server.write(
    path,
    notebook(
      {
        cell_type: 'markdown',
        source: `${image('markdown')} [go](${link('markdown link')}) ${script('markdown')}`
      },
      parameters('text: str = "<b onclick>"  # <b onclick>help</b>'),
      code(`# ${image('label')}
from IPython.display import HTML, Javascript, SVG, Markdown, display
display(HTML(${output}), Javascript("window.top.planted='javascript'"), Markdown(${output}))`),
      code(`print(${JSON.stringify(image('log') + script('log'))})
print("\\x1b]8;;${link('osc')}\\x07link\\x1b]8;;\\x07 \\x1b[31;1mred\\x1b[0m \\x1b[2J\\x1b[H\\x1b[8mhidden\\x1b[0m end of log")`),
      code(`raise RuntimeError(${JSON.stringify(`${image('error')} said the error`)})`)
    )
  );
  const dialogs: string[] = [];
  page.on('dialog', dialog => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  const name = image('name');
  const { id } = await server.submit(path, {
    name,
    experiment: image('experiment').replace(/[/"]/g, ''),
    parameters: { text: image('parameter') + link('parameter') }
  });
  await server.reaches(id, 'Failed');

  await panel.open();
  const row = panel.row(name);
  await expect(row).toBeVisible();
  await expect(row).toContainText('said the error');
  await panel.main(row).hover();
  await panel.main(row).click();
  await expect(jobTab.heading).toHaveText(name);
  await expect(jobTab.failure).toContainText(image('error'));
  await expect(jobTab.parameters).toContainText(image('parameter').slice(0, 40));

  await jobTab.show('Log');
  await expect(jobTab.log).toContainText(image('log'));
  await expect(jobTab.log).toContainText('end of log');
  for (const anchor of await jobTab.log.getByRole('link').all()) {
    expect(await anchor.getAttribute('href')).toMatch(/^https?:/);
  }

  await jobTab.show('Notebook');
  await expect(jobTab.main.locator('.jp-StudioNotebook:visible')).toContainText('bait');
  for (const anchor of await jobTab.main.locator('.jp-StudioNotebook:visible a').all()) {
    expect((await anchor.getAttribute('href')) ?? '').not.toMatch(/^\s*javascript:/i);
  }
  await jobTab.show('Files');
  await jobTab.files.getByRole('button', { name: 'output', exact: true }).click();
  await expect(jobTab.files.getByRole('button', { name: file, exact: true })).toBeVisible();

  await jobTab.button('Open output notebook').click();
  const opened = page.locator('.jp-NotebookPanel:visible');
  await expect(opened).toContainText('bait');
  await page.activity.closeAll();

  await panel.press(row, /^Run .* again$/);
  await expect(form.heading).toContainText('onerror');
  await expect(form.field('text')).toHaveValue(image('parameter') + link('parameter'));
  await trials.open((await server.job(id)).trial.experiment);
  await expect(trials.table).toContainText(image('parameter').slice(0, 20));

  expect(dialogs).toEqual([]);
  expect(await page.evaluate(() => (window as any).planted)).toBeUndefined();
  // The bait works where it is taken for markup: else this test could not fail.
  await page.evaluate(text => document.body.insertAdjacentHTML('beforeend', text), image('bait'));
  await expect.poll(() => page.evaluate(() => (window as any).planted)).toBe('bait');
});
