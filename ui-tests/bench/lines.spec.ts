import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { build } from 'esbuild';
import { expect, test } from '@playwright/test';

const ROOT = path.resolve(__dirname, '../..');
/** Redraws, two a second. */
const LOOKS = Number(process.env.LOOKS ?? 20);
const PACKAGES = ['react', 'react-dom', '@lumino/signaling', '@jupyterlab/translation'];

interface IRow {
  what: string;
  value: string;
}

/** The page with the charts, in one script. */
async function bundle(): Promise<string> {
  const made = await build({
    entryPoints: [path.join(__dirname, 'pages/lines.tsx')],
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'transform',
    nodePaths: [path.join(ROOT, 'node_modules')],
    // One of each, not those of the browser tests as well.
    alias: Object.fromEntries(PACKAGES.map(name => [name, path.join(ROOT, 'node_modules', name)])),
    loader: { '.svg': 'text', '.css': 'empty' },
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' }
  });
  return made.outputFiles[0].text;
}

for (const [trials, points, charts] of [
  [50, 1_000, 1],
  [50, 1_000, 6],
  [200, 1_000, 1]
] as const) {
  test(`${charts} charts of ${trials} lines x ${points} points, live`, async ({ page }) => {
    const style = readFileSync(path.join(ROOT, 'style/charts.css'), 'utf8');
    await page.setContent(
      `<style>${style} .grid { display: grid; grid-template-columns: repeat(3, 1fr) }</style><div id="charts"></div>`
    );
    await page.addScriptTag({ content: await bundle() });
    const found = await page.evaluate(
      async ([trials, points, charts, looks]) => {
        const { lines } = window as any;
        const tasks: number[] = [];
        new PerformanceObserver(list => {
          tasks.push(...list.getEntries().map(each => each.duration));
        }).observe({ type: 'longtask' });
        const all = lines.seriesOf('loss', trials, points + looks);
        const names = lines.trialsOf(trials);
        const options = { metrics: ['loss'] };
        const costs: number[] = [];
        const frame = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
        const show = async (count: number) => {
          const series = all.map((each: any) => ({
            ...each,
            x: each.x.subarray(0, count),
            y: each.y.subarray(0, count)
          }));
          const begin = performance.now();
          lines.show(
            Array.from({ length: charts }, (_, index) => ({
              title: `loss ${index}`,
              series,
              options,
              trials: names,
              sync: 'all'
            }))
          );
          do {
            await frame();
          } while (document.querySelector('[aria-busy]'));
          costs.push(performance.now() - begin);
        };
        await show(points);
        await new Promise(resolve => setTimeout(resolve, 2000));
        tasks.length = costs.length = 0;
        for (let look = 1; look <= looks; look++) {
          await show(points + look);
          await new Promise(resolve => setTimeout(resolve, 500));
        }
        const redraw = costs.slice();
        const live = tasks.slice();
        tasks.length = costs.length = 0;
        for (let at = 0; at < looks; at++) {
          const begin = performance.now();
          lines.focus.hover(`run${at}`);
          await frame();
          costs.push(performance.now() - begin);
        }
        await new Promise(resolve => setTimeout(resolve, 200));
        return { redraw, live, hover: costs, hovering: tasks, drawn: document.querySelectorAll('canvas').length };
      },
      [trials, points, charts, LOOKS] as const
    );
    expect(found.drawn).toBe(charts);
    const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1].toFixed(1);
    const most = (values: number[]) => Math.max(0, ...values).toFixed(0);
    const rows: IRow[] = [
      { what: 'new values to the frame with all of them, median (ms)', value: middle(found.redraw) },
      { what: 'tasks over 50 ms meanwhile; the longest (ms)', value: `${found.live.length}; ${most(found.live)}` },
      { what: 'another trial stands out, median (ms)', value: middle(found.hover) },
      { what: 'tasks over 50 ms meanwhile; the longest (ms)', value: `${found.hovering.length}; ${most(found.hovering)}` }
    ];
    console.table(rows);
  });
}
