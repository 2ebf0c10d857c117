import * as path from 'node:path';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { addTrials } from '../trials';

const TRIALS = Number(process.env.TRIALS ?? 100_000);
/** Columns that there are: each trial has one of `spread` in each place. */
const SHAPE = { parameters: 8, metrics: 8, spread: 20 };
const NAME = 'wide';
const FRAMES = 240;

interface IRow {
  what: string;
  value: string;
}

/** Milliseconds from the command to the first rows, and how many of them the server took. */
async function open(page: Page, columns: number): Promise<[number, number]> {
  return page.evaluate(
    async ([name, count]) => {
      const app = window.jupyterapp as any;
      performance.clearResourceTimings();
      const begin = performance.now();
      const widget = await app.commands.execute('studio-experiments:open', { name });
      const { model } = widget.content;
      await new Promise<void>(resolve => {
        const look = () => {
          const isThere = model.rows.isReady && model.rows.row(0) && model.columns.length >= count;
          const row = widget.node.querySelector('[role="row"][data-row]');
          isThere && row ? resolve() : requestAnimationFrame(look);
        };
        look();
      });
      const took = performance.now() - begin;
      const asked = performance.getEntriesByType('resource').filter(each => each.startTime >= begin && each.name.includes('trials/table'));
      return [took, asked[0]?.duration ?? NaN] as [number, number];
    },
    [NAME, columns] as const
  );
}

test('The table of very many trials with very many columns', async ({ page, trials, server }) => {
  await server.createExperiment(NAME);
  addTrials(path.resolve((await page.getServerRoot())!, '../studio/mlflow.db'), NAME, { trials: TRIALS, ...SHAPE });
  const rows: IRow[] = [];
  await trials.open(NAME);
  await expect(trials.count).toHaveText(`${TRIALS.toLocaleString('en')} trials`, { timeout: 300_000 });

  // All columns there are, as far as a table can have them.
  const columns = await page.evaluate(async () => {
    const { model } = (window.jupyterapp as any).shell.currentWidget.content;
    const ask = async (kind: string) =>
      (await model.client.trials.columns({ experiment: model.experiment, kind, limit: 500 })).items;
    const found = [...(await ask('metric')), ...(await ask('parameter'))];
    model.learn(found);
    model.update({ columns: ['name', 'status', ...found.map((column: any) => column.key)].slice(0, 290) });
    return model.columns.length as number;
  });
  rows.push({ what: 'trials x columns', value: `${TRIALS} x ${columns}` });
  await expect.poll(() => page.evaluate(() => (window.jupyterapp as any).shell.currentWidget.content.model.rows.columns.length)).toBeGreaterThanOrEqual(columns);
  // The view is kept a moment later; then the table opens with it.
  await page.waitForTimeout(1_000);
  const times: [number, number][] = [];
  for (let round = 0; round < 5; round++) {
    await page.evaluate(() => (window.jupyterapp as any).shell.currentWidget.close());
    times.push(await open(page, columns));
  }
  times.sort(([a], [b]) => a - b);
  rows.push({ what: 'command to first rows, median of 5 (ms)', value: times[2][0].toFixed(0) });
  rows.push({ what: '  of that the answer of the server (ms)', value: times[2][1].toFixed(0) });
  rows.push({ what: 'command to first rows, slowest of 5 (ms)', value: times[4][0].toFixed(0) });

  const cdp = await page.context().newCDPSession(page.context().pages()[0]);
  await cdp.send('Performance.enable');
  const metrics = async () => {
    const { metrics: found } = await cdp.send('Performance.getMetrics');
    return Object.fromEntries(found.map(({ name, value }) => [name, value])) as Record<string, number>;
  };
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return (await metrics()).JSHeapUsedSize / 1e6;
  };
  const scroll = async (dx: number, dy: number) => {
    const before = await metrics();
    const seen = await page.evaluate(
      async ([frames, x, y]) => {
        const tasks: number[] = [];
        const observer = new PerformanceObserver(list => tasks.push(...list.getEntries().map(each => each.duration)));
        observer.observe({ entryTypes: ['longtask'] });
        const node = document.querySelector('.jp-StudioGrid .lm-DataGrid-viewport')!;
        const script: number[] = [];
        for (let frame = 0; frame < frames; frame++) {
          await new Promise(requestAnimationFrame);
          const begin = performance.now();
          node.dispatchEvent(new WheelEvent('wheel', { deltaX: x, deltaY: y, bubbles: true, cancelable: true }));
          script.push(performance.now() - begin);
        }
        await new Promise(resolve => setTimeout(resolve, 500));
        observer.disconnect();
        script.sort((a, b) => a - b);
        return { p50: script[frames >> 1], p95: script[Math.floor(frames * 0.95)], max: script[frames - 1], tasks };
      },
      [FRAMES, dx, dy] as const
    );
    const after = await metrics();
    const script = ((after.ScriptDuration - before.ScriptDuration) * 1000) / FRAMES;
    return { ...seen, script };
  };

  const start = await heap();
  for (const [what, dx, dy] of [
    ['three rows a frame down', 0, 72],
    ['a page a frame down', 0, 700],
    ['sideways', 90, 0]
  ] as const) {
    const { p50, p95, max, tasks, script } = await scroll(dx, dy);
    const long = tasks.length > 0 ? `${tasks.length}, longest ${Math.max(...tasks).toFixed(0)} ms` : 'none';
    rows.push({
      what: `scroll ${what}: event p50 / p95 / max (ms)`,
      value: `${p50.toFixed(1)} / ${p95.toFixed(1)} / ${max.toFixed(1)}`
    });
    rows.push({ what: `scroll ${what}: all script a frame (ms)`, value: script.toFixed(1) });
    rows.push({ what: `scroll ${what}: tasks over 50 ms`, value: long });
  }
  const middle = await heap();
  for (let round = 0; round < 3; round++) {
    await scroll(0, round % 2 === 0 ? 5_000 : -5_000);
  }
  rows.push({
    what: 'memory of the page before, after scrolling, after 720 screens more (MB)',
    value: `${start.toFixed(0)}, ${middle.toFixed(0)}, ${(await heap()).toFixed(0)}`
  });
  console.log(rows.map(({ what, value }) => `${what.padEnd(72)} ${value}`).join('\n'));
});
