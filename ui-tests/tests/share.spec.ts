import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Locator, Page as BrowserPage } from '@playwright/test';
import { findings } from '../axe';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { code, notebook, runCell } from '../notebooks';
import { CompareTab } from '../pages/CompareTab';
import { Recorder } from '../recorder';
import { Traps, image } from '../traps';

/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, '../test-results/look');
const EXPERIMENT = 'to be shared';
const HOSTILE = `</script>${image('name')}${'n'.repeat(120)}`;
const COUNT = 24;

const CHARTS = [
  { id: 'lines', type: 'line', metrics: ['loss'] },
  { id: 'points', type: 'scatter', x: 'params.lr', y: 'metrics.loss', colour: 'params.optimizer', log_x: true },
  { id: 'boxes', type: 'box', by: 'params.optimizer', value: 'metrics.loss' },
  { id: 'bars', type: 'histogram', value: 'metrics.loss' },
  { id: 'cells', type: 'heatmap', x: 'params.optimizer', y: 'params.depth', value: 'metrics.loss' },
  { id: 'matter', type: 'importance', metric: 'metrics.loss' },
  {
    id: 'axes',
    type: 'parallel',
    keys: ['params.lr', 'params.depth', 'params.optimizer', 'metrics.loss'],
    log: ['params.lr'],
    colour: 'metrics.loss',
    wide: true
  }
];

async function shot(page: Page, name: string): Promise<void> {
  for (const theme of ['JupyterLab Dark High Contrast', 'JupyterLab Dark', 'JupyterLab Light']) {
    await page.theme.setTheme(theme);
    const last = theme.toLowerCase().split(' ').pop()!;
    await page.screenshot({ path: path.join(LOOK, `${name}-${last}.png`) });
  }
}

/** The chart with a title. */
function chart(place: Locator | BrowserPage, title: string): Locator {
  return place.locator('.jp-StudioChart').filter({ hasText: title });
}

/** Drag along an axis of parallel ones, `at` pixels from the left, over its upper half. */
async function brush(page: BrowserPage, drawn: Locator, at: number): Promise<void> {
  await drawn.scrollIntoViewIfNeeded();
  const box = (await drawn.boundingBox())!;
  await page.mouse.move(box.x + at, box.y + 45);
  await page.mouse.down();
  await page.mouse.move(box.x + at, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
}

test('What the parameters do is seen in charts, and handed on as a file that needs no server', async ({
  page,
  request,
  baseURL,
  browser,
  server,
  tmpPath
}, info) => {
  const traps = await Traps.set(page);
  const recorder = new Recorder(request, baseURL!, EXPERIMENT);
  for (let at = 0; at < COUNT; at++) {
    const lr = 10 ** (-4 + ((at * 7) % COUNT) / 8);
    const depth = 2 + (at % 5);
    const floor = 1 + Math.abs(Math.log10(lr) + 2.5) + depth / 10;
    await recorder.record({
      name: at === 1 ? HOSTILE : `trial ${at}`,
      parameters: { lr: String(lr), depth: String(depth), optimizer: ['adam', 'sgd', 'rmsprop'][at % 3] },
      metrics: { loss: Array.from({ length: 30 }, (_, step) => floor + 3 * Math.exp(-step / 6)) }
    });
  }
  const file = `${tmpPath}/lr.studio-view`;
  const notes = `**Deep** trees win.\n\n<img src="https://example.org/x.png" onerror="window.__planted=1">\n\n[more](javascript:window.__planted=1)`;
  const view = { version: 1, title: HOSTILE, notes, sources: [{ experiment: EXPERIMENT, limit: 200 }], charts: CHARTS };
  await server.write(file, JSON.stringify(view));
  await page.evaluate(path => window.jupyterapp.commands.execute('docmanager:open', { path }), file);
  const tab = new CompareTab(page);
  await expect(tab.chips).toHaveCount(COUNT);

  // The notes are Markdown, in which nothing can act.
  const shown = tab.content.locator('.jp-StudioCompare-notes');
  await expect(shown.locator('strong')).toHaveText('Deep');
  await expect(shown.locator('a[href^="javascript"], [onerror]')).toHaveCount(0);

  // Every chart is drawn when it comes into sight.
  const plots = tab.cards.locator('.jp-StudioChart-plot svg');
  await tab.button('Charts').click();
  for (const title of [
    'loss over lr',
    'loss by optimizer',
    'How often: loss',
    'loss by optimizer and depth',
    'What matters for loss',
    'Parallel coordinates'
  ]) {
    const card = tab.content.getByRole('region', { name: title, exact: true });
    await card.scrollIntoViewIfNeeded();
    await expect(card.locator('.jp-StudioChart-plot svg')).toBeVisible();
  }
  await expect(chart(tab.content, 'What matters for loss').locator('svg').getByText('lr')).toBeVisible();
  await shot(page, 'charts');
  expect.soft(await findings(page, tab.content), 'charts').toEqual([]);

  // What is brushed is selected in all of them.
  const axes = chart(tab.content, 'Parallel coordinates').locator('.jp-StudioChart-plot');
  await brush(page, axes, 48);
  const pressed = tab.chips.locator('[aria-pressed="true"]');
  await expect.poll(() => pressed.count()).toBeGreaterThan(3);
  await shot(page, 'charts-brushed');
  await tab.content.getByRole('region', { name: 'How often: loss' }).scrollIntoViewIfNeeded();
  await shot(page, 'charts-selected');
  expect(await plots.count()).toBeGreaterThan(4);

  // An axis is moved by dragging its name, and by keys; the chart's form makes it logarithmic. The file keeps all that.
  const parallel = tab.content.getByRole('region', { name: 'Parallel coordinates' });
  await parallel.scrollIntoViewIfNeeded();
  const names = parallel.getByRole('button', { name: /^Move the axis/ });
  const order = () => names.evaluateAll(each => each.map(one => one.getAttribute('aria-label')!.split(' ').pop()));
  expect(await order()).toEqual(['lr', 'depth', 'optimizer', 'loss']);
  const middle = async (at: number) => {
    const box = (await names.nth(at).boundingBox())!;
    return [box.x + box.width / 2, box.y + box.height / 2] as const;
  };
  const to = await middle(2);
  await page.mouse.move(...(await middle(0)));
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 5 });
  await page.screenshot({ path: path.join(LOOK, 'charts-dragged.png') });
  await page.mouse.up();
  await expect.poll(order).toEqual(['depth', 'optimizer', 'lr', 'loss']);
  await names.nth(0).focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(order).toEqual(['optimizer', 'depth', 'lr', 'loss']);
  await expect(names.nth(1)).toBeFocused();
  await shot(page, 'charts-axes');
  await parallel.getByRole('button', { name: /^Options of/ }).click();
  await page.getByRole('button', { name: 'Edit…' }).click();
  const form = tab.content.getByRole('form', { name: 'Change the chart' });
  await form.getByRole('button', { name: 'Logarithmic scale of depth' }).click();
  await shot(page, 'charts-form');
  await form.getByRole('button', { name: 'Change', exact: true }).click();
  // So does the scale of a chart of lines.
  const lines = tab.content.getByRole('region', { name: 'loss', exact: true });
  await lines.scrollIntoViewIfNeeded();
  await lines.getByRole('button', { name: 'log', exact: true }).click();
  await page.evaluate(() => window.jupyterapp.commands.execute('docmanager:save'));
  await server.holds(file, {
    charts: expect.arrayContaining([
      expect.objectContaining({ id: 'lines', log_y: true }),
      expect.objectContaining({
        id: 'axes',
        keys: ['params.optimizer', 'params.depth', 'params.lr', 'metrics.loss'],
        log: ['params.lr', 'params.depth']
      })
    ])
  });
  const colours = async (place: Locator | BrowserPage) =>
    place
      .locator('.jp-StudioChips, .jp-StudioReport-trials')
      .locator('.jp-StudioChart-mark')
      .evaluateAll(marks => marks.map(each => (each as HTMLElement).style.borderTopColor + (each as HTMLElement).style.borderTopStyle));
  const seen = await colours(tab.content);

  // The file is read where there is neither a server nor a network.
  const download = page.waitForEvent('download');
  await page.evaluate(() => window.jupyterapp.commands.execute('studio-compare:export'));
  const report = info.outputPath('report.html');
  await (await download).saveAs(report);
  for (const colorScheme of ['dark', 'light'] as const) {
    const context = await browser.newContext({ offline: true, colorScheme, viewport: { width: 1440, height: 900 } });
    const reader = await context.newPage();
    const asked: string[] = [];
    const errors: string[] = [];
    reader.on('request', each => asked.push(each.url()));
    reader.on('pageerror', error => errors.push(error.message));
    reader.on('console', each => each.type() === 'error' && errors.push(each.text()));
    await reader.goto(pathToFileURL(report).href);
    await expect(reader.getByRole('heading', { level: 1 })).toHaveText(HOSTILE);
    await expect(reader.locator('.jp-StudioReport-chart svg path[d]:not([d=""])').first()).toBeAttached();
    await expect(reader.locator('.jp-StudioReport-chart canvas')).toHaveCount(1);
    // It looks as the tab did: colours, order of axes, notes.
    expect(await colours(reader)).toEqual(seen);
    const moved = reader.getByRole('button', { name: /^Move the axis/ });
    await expect(moved.first()).toHaveAccessibleName('Move the axis optimizer');
    await expect(reader.locator('.jp-StudioReport-text strong')).toHaveText('Deep');
    const drawn = chart(reader, 'Parallel coordinates').locator('.jp-StudioChart-plot');
    await expect(drawn.locator('svg')).toBeVisible();
    await reader.screenshot({ path: path.join(LOOK, `report-${colorScheme}.png`), fullPage: true });
    await brush(reader, drawn, 48);
    await expect.poll(() => reader.locator('.jp-StudioReport-trials [aria-pressed="true"]').count()).toBeGreaterThan(3);
    expect(await reader.evaluate(() => '__planted' in window)).toBe(false);
    expect(asked.filter(each => !each.startsWith('data:'))).toEqual([pathToFileURL(report).href]);
    expect(errors).toEqual([]);
    await context.close();
  }

  // In a notebook it is as light or dark as the notebook, which it cannot reach.
  await page.theme.setTheme('JupyterLab Dark');
  const name = `${tmpPath}/shown.ipynb`;
  await server.write(name, notebook(code(`import studio_ext as studio\n\nstudio.view(${JSON.stringify(file.split('/').pop())})`)));
  await page.evaluate(path => window.jupyterapp.commands.execute('docmanager:open', { path }).then(() => 0), name);
  await runCell(page, 0);
  const frame = page.locator('.jp-NotebookPanel:visible .jp-OutputArea iframe').contentFrame();
  const body = frame.locator('body');
  await expect(frame.locator('svg path[d]:not([d=""])').first()).toBeAttached();
  await expect(body).toHaveAttribute('data-jp-theme-light', 'false');
  await expect(body).toHaveCSS('background-color', 'rgb(17, 17, 17)');
  await page.screenshot({ path: path.join(LOOK, 'notebook-dark.png') });
  await page.theme.setTheme('JupyterLab Light');
  await expect(body).toHaveAttribute('data-jp-theme-light', 'true');
  expect(await traps.sprung()).toEqual([]);
});
