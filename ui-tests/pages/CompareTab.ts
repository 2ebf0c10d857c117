import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

type Fields = Record<string, string | readonly string[]>;

/** The tab with the comparison that is in front. */
export class CompareTab {
  constructor(private readonly _page: IJupyterLabPageFixture) {
    this.content = _page.getByRole('main').locator('.jp-StudioCompare:visible');
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

  /** Open a comparison that is in no file. */
  async open(view: { sources: object[]; charts?: object[] }): Promise<void> {
    await this._page.evaluate(
      view => window.jupyterapp.commands.execute('studio-compare:open', { view }).then(() => undefined),
      JSON.stringify({ version: 1, ...view })
    );
  }

  /** The chart with a title. */
  card(title: string): Locator {
    return this.content.getByRole('region', { name: title, exact: true });
  }

  /** The place in which a chart is drawn. */
  plot(title: string): Locator {
    return this.card(title).locator('.jp-StudioChart-plot');
  }

  /** Add a chart by the form; `fields`: what is chosen, by the label of its field (of a list: a key each). */
  async add(kind: string, fields: Fields): Promise<void> {
    await this.button('Add chart').click();
    await this._fill('Add chart', { 'Kind of chart': kind, ...fields }, 'Add');
  }

  /** Change a chart by the form. */
  async change(title: string, fields: Fields): Promise<void> {
    await this.card(title).getByRole('button', { name: /^Options of/ }).click();
    await this.content.getByRole('button', { name: 'Edit…' }).click();
    await this._fill('Change the chart', fields, 'Change');
  }

  private async _fill(name: string, fields: Fields, button: string): Promise<void> {
    const form = this.content.getByRole('form', { name });
    for (const [label, value] of Object.entries(fields)) {
      const field = form.getByLabel(label, { exact: true });
      if (typeof value !== 'string') {
        for (const each of value) {
          await field.fill(each);
          await field.press('Enter');
        }
      } else if ((await field.evaluate(each => each.tagName)) === 'SELECT') {
        await field.selectOption(value);
      } else {
        await field.fill(value);
      }
    }
    await form.getByRole('button', { name: button, exact: true }).click();
    await form.waitFor({ state: 'detached' });
  }
}
