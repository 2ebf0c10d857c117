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

test('profile of very many trials with very many columns', async ({ page, trials, server }) => {
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

  const cdp = await page.context().newCDPSession(page.context().pages()[0]);
  await cdp.send('Profiler.enable');
  await cdp.send('Profiler.setSamplingInterval', { interval: 500 });
  for (let round = 0; round < 3; round++) {
    await page.evaluate(() => (window.jupyterapp as any).shell.currentWidget.close());
    await page.waitForTimeout(500);
    await cdp.send('Profiler.start');
    const t = await open(page, columns);
    const { profile } = await cdp.send('Profiler.stop') as any;
    const self = new Map<string, number>(); const byId = new Map<number, any>(profile.nodes.map((n: any) => [n.id, n]));
    profile.samples.forEach((id: number, i: number) => { const f = byId.get(id).callFrame; const k = `${f.functionName || 'anon'} ${f.url.split('/').pop()?.slice(0, 30)}:${f.columnNumber}`; self.set(k, (self.get(k) ?? 0) + profile.timeDeltas[i] / 1000); });
    console.log(t, [...self].sort((a, b) => b[1] - a[1]).slice(0, 14).map(([k, v]) => `${v.toFixed(0)} ${k}`).join('\n   '));
  }
});
