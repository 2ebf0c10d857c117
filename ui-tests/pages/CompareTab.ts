import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

/** The tab with the comparison that is in front. */
export class CompareTab {
  constructor(page: IJupyterLabPageFixture) {
    this.content = page.getByRole('main').locator('.jp-StudioCompare:visible');
    this.table = this.content.getByRole('table', { name: 'Differences' });
    this.chips = this.content.getByRole('list', { name: 'Trials' }).getByRole('listitem');
    this.title = this.content.getByRole('textbox', { name: 'Title' });
    this.cards = this.content.locator('.jp-StudioCard[data-chart]');
  }

  readonly content: Locator;
  readonly table: Locator;
  readonly chips: Locator;
  readonly title: Locator;
  readonly cards: Locator;

  /** The row of a parameter or metric, by its key. */
  row(key: string): Locator {
    return this.table.locator(`.jp-StudioCompareTable-row[data-key="${key}"]`);
  }

  chip(name: string): Locator {
    return this.chips.filter({ hasText: name });
  }

  button(name: string): Locator {
    return this.content.getByRole('button', { name, exact: true });
  }
}
