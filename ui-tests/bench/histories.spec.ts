import { execFileSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { expect, test } from '../fixtures';
import type { Page } from '../fixtures';
import { python } from '../python';

const NAME = 'histories';
const [TRIALS, METRICS, VALUES] = [50, 20, 1_000];
/** Sets of trials: each is compared once, so that nothing is known of it. */
const SETS = Number(process.env.SETS ?? 4);
/**
 * What happened before: the controller has read the trials ahead, as it does once they are over (`ahead`); they are
 * selected in the table, as whoever compares them there does (`selected`); both (`ahead,selected`); or neither (`nothing`).
 */
const BEFORE = process.env.BEFORE ?? 'ahead';
const [IS_AHEAD, IS_SELECTED] = ['ahead', 'selected'].map(each => BEFORE.split(',').includes(each));
/** How long before they are compared they are selected, in milliseconds. */
const SELECTED_BEFORE = 1_500;

/** After which it is given up, in milliseconds. */
const LONGEST = 30_000;

interface IOpened {
  /** Until all charts in sight show lines, in milliseconds; */
  took: number;
  /** and until they show all of them. */
  whole: number;
  charts: number;
  /** What was asked: name, when, and how long it took, in milliseconds since the command. */
  asked: [string, number, number][];
  tasks: number[];
}

/** Trials whose histories nobody has asked for; returns their run ids. */
function addHistories(store: string, seed: number): string[] {
  const shape = { trials: TRIALS, metrics: METRICS, values: VALUES, seed };
  const options = Object.entries(shape).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const printed = execFileSync(python(), ['-m', 'studio_ext.testing.long_histories', store, NAME, ...options], {
    cwd: path.resolve(__dirname, '../..'),
    encoding: 'utf8'
  });
  return printed.trim().split('\n');
}

/** From the command to the frame in which all charts in sight are drawn. */
async function compare(page: Page, runs: string[]): Promise<IOpened> {
  return page.evaluate(
    async ([experiment, runs, LONGEST]) => {
      const tasks: number[] = [];
      const observer = new PerformanceObserver(list => tasks.push(...list.getEntries().map(each => each.duration)));
      observer.observe({ type: 'longtask' });
      performance.clearResourceTimings();
      const begin = performance.now();
      const widget = await (window.jupyterapp as any).commands.execute('studio-compare:open', { experiment, runs });
      const inSight = () => {
        const node = widget.node.querySelector('.jp-StudioCharts');
        const frame = (node?.closest('.jp-StudioCompare-charts') ?? widget.node).getBoundingClientRect();
        return [...widget.node.querySelectorAll('.jp-StudioCard[data-chart]')].filter(card => {
          const { top, bottom } = card.getBoundingClientRect();
          return bottom > frame.top && top < Math.min(frame.bottom, innerHeight);
        });
      };
      const isDrawn = (card: Element) =>
        card.querySelector('.jp-StudioChart-plot:not([aria-busy]) canvas') !== null;
      // To ask where they are costs a layout: only once they are there, and at the end.
      let shown: Element[] = [];
      // After changes of the tab: to ask in every frame would make the browser draw one each time.
      const until = (holds: () => boolean) =>
        new Promise<void>(resolve => {
          const end = () => {
            changes.disconnect();
            clearTimeout(timer);
            requestAnimationFrame(() => setTimeout(resolve));
          };
          const look = () => void (holds() && end());
          const changes = new MutationObserver(look);
          const timer = setTimeout(end, LONGEST);
          changes.observe(widget.node, {
            subtree: true,
            childList: true,
            characterData: true,
            attributeFilter: ['aria-busy']
          });
          look();
        });
      await until(() => {
        if (shown.length < 2) {
          shown = widget.node.querySelector('.jp-StudioCard[data-chart]') ? inSight() : [];
        }
        if (shown.length > 1 && shown.every(isDrawn)) {
          shown = inSight();
        }
        return shown.length > 1 && shown.every(isDrawn);
      });
      const took = performance.now() - begin;
      const charts = inSight().length;
      await until(() => !/Reading histories/.test(widget.node.textContent ?? ''));
      const whole = performance.now() - begin;
      const asked = performance
        .getEntriesByType('resource')
        .filter(({ name, startTime }) => startTime >= begin && /studio/.test(name))
        .map(({ name, startTime, duration }) => [
          name.split('/').slice(-2).join('/').split('?')[0],
          startTime - begin,
          duration
        ]) as [string, number, number][];
      observer.disconnect();
      widget.close();
      // Until that is kept, too.
      await new Promise(resolve => setTimeout(resolve, 3_000));
      return { took, whole, charts, asked, tasks };
    },
    [NAME, runs, LONGEST] as const
  );
}

test(`${TRIALS} trials x ${METRICS} metrics x ${VALUES} values, opened for the first time (before: ${BEFORE})`, async ({
  page,
  trials,
  server
}) => {
  await server.createExperiment(NAME);
  const home = path.resolve((await page.getServerRoot())!, '../studio');
  const store = path.join(home, 'mlflow.db');
  const kept = path.join(home, 'cache/series');
  const sets = Array.from({ length: SETS }, (_, index) => addHistories(store, index + 1));
  await trials.open(NAME);
  await expect(trials.count).toHaveText(`${SETS * TRIALS} trials`, { timeout: 300_000 });
  const isKept = async () => (await readdir(kept, { recursive: true }).catch(() => [])).filter(each => each.endsWith('.series')).length;
  await expect.poll(isKept, { timeout: 300_000 }).toBe(SETS * TRIALS * METRICS);
  if (!IS_AHEAD) {
    await rm(kept, { recursive: true });
  }
  const all: IOpened[] = [];
  for (const runs of sets) {
    // What the charts are drawn with is fetched anew each time, too.
    await page.reload({ waitForIsReady: false } as object);
    await page.waitForFunction(() => (window as any).jupyterapp?.commands.hasCommand('studio-experiments:open'));
    await trials.open(NAME);
    await expect(trials.count).toHaveText(`${SETS * TRIALS} trials`);
    // Nothing of the start goes on any more.
    await page.waitForTimeout(3_000);
    if (IS_SELECTED) {
      await page.evaluate(runs => {
        const { content } = (window.jupyterapp.shell as any).currentWidget;
        content.model.selection.set(runs);
      }, runs);
      await page.waitForTimeout(SELECTED_BEFORE);
    }
    const found = await compare(page, runs);
    all.push(found);
    console.log(
      `${found.took.toFixed(0)} ms, whole after ${found.whole.toFixed(0)} ms, ${found.charts} charts, tasks over 50 ms: ${found.tasks.map(each => each.toFixed(0)).join(', ') || 'none'}`
    );
    console.log(
      found.asked.map(([name, at, took]) => `  ${name.padEnd(60)} at ${at.toFixed(0)}, ${took.toFixed(0)} ms`).join('\n')
    );
  }
  for (const what of ['took', 'whole'] as const) {
    const found = all.map(each => each[what]).sort((a, b) => a - b);
    const median = (found[(SETS - 1) >> 1] + found[SETS >> 1]) / 2;
    console.log(
      `${what}, median of ${SETS}: ${median.toFixed(0)} ms (${found[0].toFixed(0)} to ${found[SETS - 1].toFixed(0)})`
    );
  }
});
