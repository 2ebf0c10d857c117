import type { Locator } from '@playwright/test';
import { expect } from '../fixtures';
import type { Page } from '../fixtures';
import type { CompareTab } from './CompareTab';

export interface IMark {
  text: string;
  at: number;
}

/** What a chart of lines says at its axes: texts, and where they are on the canvas. */
export interface IMarks {
  across: IMark[];
  up: IMark[];
}

/** Have every canvas note what is written on it: there is no other way to read that. */
export async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { prototype } = CanvasRenderingContext2D;
    const { clearRect, fillText } = prototype;
    const said = ((window as any).__said = new WeakMap<HTMLCanvasElement, IMarks>());
    prototype.clearRect = function (...args) {
      said.delete(this.canvas);
      clearRect.apply(this, args);
    };
    prototype.fillText = function (...[text, x, y]) {
      const marks = said.get(this.canvas) ?? { across: [], up: [] };
      said.set(this.canvas, marks);
      if (this.textAlign === 'center') {
        marks.across.push({ text, at: x });
      } else {
        marks.up.push({ text, at: y });
      }
      fillText.call(this, text, x, y);
    };
  });
}

/** The marks of the axes of a chart of lines, once it is drawn. */
export async function marksOf(plot: Locator): Promise<IMarks> {
  await expect(plot.locator('canvas')).toBeVisible();
  await expect(plot).not.toHaveAttribute('aria-busy', 'true');
  return plot.locator('canvas').evaluate(canvas => (window as any).__said.get(canvas) ?? { across: [], up: [] });
}

export async function across(plot: Locator): Promise<string[]> {
  return (await marksOf(plot)).across.map(({ text }) => text);
}

/** Turns a number of an axis into a place on the canvas, or the other way round. */
export function scale(marks: readonly IMark[]): { place: (value: number) => number; value: (place: number) => number } {
  const known = marks.filter(({ text }) => text !== '').map(({ text, at }) => [Number(text.replace(/,/g, '')), at]);
  const [[low, from], [high, to]] = [known[0], known[known.length - 1]];
  return {
    place: value => from + ((value - low) / (high - low)) * (to - from),
    value: place => low + ((place - from) / (to - from)) * (high - low)
  };
}

/**
 * From where to where something in a colour is drawn at places of the x axis, in numbers of the y axis; nulls: nothing
 * is. `opacity`: 0 to 1.
 */
export async function drawnAt(
  plot: Locator,
  places: readonly number[],
  colour: number,
  opacity = 1
): Promise<([number, number] | null)[]> {
  const marks = await marksOf(plot);
  const [x, y] = [scale(marks.across), scale(marks.up)];
  const found = await plot.locator('canvas').evaluate(
    (canvas: HTMLCanvasElement, [columns, colour, opacity]) => {
      const word = getComputedStyle(canvas).getPropertyValue(`--jp-studio-series-${colour}`).trim();
      const wanted = [1, 3, 5].map(at => parseInt(word.slice(at, at + 2), 16));
      return columns.map(column => {
        const { data } = canvas.getContext('2d')!.getImageData(Math.round(column), 0, 1, canvas.height);
        const rows = Array.from({ length: canvas.height }, (_, row) => row).filter(
          row =>
            wanted.every((each, at) => Math.abs(data[4 * row + at] - each) < 16) &&
            Math.abs(data[4 * row + 3] / 255 - opacity) < (opacity === 1 ? 0.3 : 0.06)
        );
        return rows.length > 0 ? [rows[0], rows[rows.length - 1]] : null;
      });
    },
    [places.map(x.place), colour, opacity] as const
  );
  return found.map(each => each && [y.value(each[1]), y.value(each[0])]);
}

/** What "Copy the data" of a chart puts on the clipboard: rows, the one with the names of columns first. */
export async function copied(page: Page, card: Locator): Promise<string[][]> {
  // The same words, said again, stay no longer.
  await expect(card.getByText('Copied the data')).toHaveCount(0);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await card.getByRole('button', { name: /^Copy the data of/ }).click();
  await expect(card.getByText('Copied the data')).toBeVisible();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  return text
    .trimEnd()
    .split('\n')
    .map(each => each.split('\t'));
}

/** Values of the legend, by the labels of their lines. */
export async function legendOf(card: Locator): Promise<Record<string, string>> {
  const entries = await card
    .locator('.jp-StudioChart-legend li')
    .evaluateAll(each =>
      each.map(one => ['label', 'value'].map(part => one.querySelector(`.jp-StudioChart-${part}`)?.textContent ?? ''))
    );
  return Object.fromEntries(entries) as Record<string, string>;
}

/** All that was recorded of so many trials has come: none runs any more, and rows have no gap. */
export async function settled(tab: CompareTab, trials: number, ...keys: string[]): Promise<void> {
  await expect(tab.chips).toHaveCount(trials);
  await expect(tab.chips.getByRole('img', { name: 'Running' })).toHaveCount(0);
  for (const key of keys) {
    await expect(tab.row(key)).toBeVisible();
    await expect(tab.row(key).getByRole('cell').filter({ hasText: /^–$/ })).toHaveCount(0);
  }
}
