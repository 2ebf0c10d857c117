import * as path from 'node:path';
import { expect, test } from '../fixtures';
import { addTrials } from '../trials';
test.setTimeout(180000);
test('look', async ({ page, trials, server }) => {
  await server.createExperiment('nested');
  addTrials(path.resolve((await page.getServerRoot())!, '../studio/mlflow.db'), 'nested', { trials: 400, components: 3, parameters: 6, metrics: 4 });
  const seen: string[] = [];
  page.on('request', r => { if (r.url().includes('studio/api')) seen.push(`${Date.now() % 100000} ${r.method()} ${r.url().split('studio/api/')[1]} ${(r.postData() ?? '').slice(-150)}`); });
  page.on('response', async r => { if (r.url().includes('trials/table')) { try { const t = await r.text(); seen.push(`   ${r.status()} ${t.slice(0,120)} ${/"is_current":\w+/.exec(t)}`);} catch { } } });
  await trials.open('nested');
  await expect(trials.count).toHaveText('400 trials', { timeout: 60_000 });
  await page.evaluate(() => {
    const w = window as any; w.stats = { draw: 0, text: 0, resizes: [], sizes: [] };
    const p = CanvasRenderingContext2D.prototype as any;
    const d = p.drawImage, t = p.fillText;
    p.drawImage = function (...a: any[]) { w.stats.draw++; return d.apply(this, a); };
    p.fillText = function (...a: any[]) { w.stats.text++; return t.apply(this, a); };
    new ResizeObserver(() => { const n = document.querySelector('.jp-StudioGrid')!; w.stats.resizes.push([n.clientWidth, n.clientHeight]); }).observe(document.querySelector('.jp-StudioGrid')!);
    new PerformanceObserver(l => { for (const e of l.getEntries()) w.stats.sizes.push([Math.round(e.startTime), Math.round(e.duration)]); }).observe({ entryTypes: ['longtask'] });
  });
  const t0 = Date.now();
  await trials.content.getByRole('button', { name: 'Columns', exact: true }).click({ timeout: 60000 });
  console.log('click took', Date.now() - t0);
  console.log(JSON.stringify(await page.evaluate(() => (window as any).stats)));
  await page.waitForTimeout(3000);
  console.log(JSON.stringify(await page.evaluate(() => (window as any).stats)));
});
