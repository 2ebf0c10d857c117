import { expect, test } from '../fixtures';
import { code, notebook } from '../notebooks';

const LINE = 'print("x" * 200_000_000)';
const LINES = 'for number in range(500_000):\n    print("line", number)';
const PICTURES = `import base64, os
from IPython.display import display
for number in range(60):
    display({"image/png": base64.b64encode(os.urandom(750_000)).decode()}, raw=True)`;

test('A job that puts out far too much can be looked at', async ({ page, tmpPath, server, panel, jobTab }) => {
  await page.contents.uploadContent(
    notebook(code(LINE), code(LINES), code(PICTURES), code('print("the end")')),
    'text',
    `${tmpPath}/loud.ipynb`
  );
  const { id } = await server.submit(`${tmpPath}/loud.ipynb`, { name: 'loud' });
  await server.reaches(id, 'Completed');

  await panel.open();
  const row = panel.row('loud');
  await panel.main(row).click();
  await jobTab.show('Log');
  await expect(jobTab.log).toContainText('the end');

  await jobTab.show('Notebook');
  const view = jobTab.main.locator('.jp-StudioNotebook:visible');
  await expect(view).toContainText('of text left out here; the log has it');

  await panel.press(row, 'Output notebook of loud');
  const opened = page.locator('.jp-NotebookPanel:visible');
  const began = Date.now();
  await expect(opened).toContainText('of text left out here; the log has it');
  const outputs: string[][] = await page.evaluate(() => {
    const panel = window.jupyterapp.shell.currentWidget as any;
    return panel.content.model.sharedModel.cells.map((cell: any) =>
      cell.toJSON().outputs.map((output: any) => (output.text ? [output.text].flat().join('') : output.output_type))
    );
  });
  const [line, lines, pictures, end] = outputs.map(texts => texts.join(''));
  expect(line).toMatch(/^x+\n--- .* MiB of text left out here; the log has it, up to 1 GiB ---\nx+\n$/);
  expect(lines).toMatch(/^line 0\nline 1\n/);
  expect(lines).toMatch(/line 499998\nline 499999\n$/);
  expect(pictures).toMatch(/^(display_data)+--- \d+ outputs of .* MiB left out here/);
  expect(end).toBe('the end\n');
  console.log(`opened ${Date.now() - began} ms after it was asked for`);

  // The page still answers.
  await panel.filter.fill('loud');
  await expect(row).toBeVisible();
  await panel.filter.fill('');
});
