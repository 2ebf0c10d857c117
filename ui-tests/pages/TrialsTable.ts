import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';

/**
 * The tab with the trials of the experiment that is in front.
 *
 * The table is drawn on a canvas; over it lie elements that are not seen, each where its cell is. What they say is
 * what is read here, and where they are is where the pointer presses.
 */
export class TrialsTable {
  constructor(private readonly _page: IJupyterLabPageFixture) {
    this.content = _page.getByRole('main').locator('.jp-StudioExperiment:visible');
    this.table = this.content.locator('.jp-StudioGrid-twin');
    this.filter = this.content.getByRole('combobox', { name: 'Filter trials' });
    this.completions = this.content.getByRole('listbox');
    this.count = this.content.locator('.jp-StudioTrials-count');
    this.columns = this.content.getByRole('region', { name: 'Columns' });
  }

  readonly content: Locator;
  readonly table: Locator;
  readonly filter: Locator;
  readonly completions: Locator;
  /** How many trials there are, match and are selected. */
  readonly count: Locator;
  /** Where columns are chosen. */
  readonly columns: Locator;

  /** Open the trials of an experiment by its command. */
  async open(experiment: string): Promise<void> {
    await this._page.evaluate(
      name => void window.jupyterapp.commands.execute('studio-experiments:open', { name }),
      experiment
    );
    await expect(this.table).toBeVisible();
  }

  /** The row of the trial whose name holds the text. */
  row(name: string): Locator {
    return this.rows.filter({ hasText: name });
  }

  /** Rows in sight, without that of the names of columns. */
  get rows(): Locator {
    return this.table.locator('[role="row"]:has([role="rowheader"])');
  }

  header(name: string): Locator {
    return this.table.getByRole('columnheader', { name, exact: true });
  }

  /** The cell of a row in the column with that header. */
  cell(row: Locator, header: string): Locator {
    return row.locator(`[data-column="${header}"]`);
  }

  /** Press where a cell is; one that is out of sight comes into it with the keyboard. */
  async press(cell: Locator, options: { button?: 'right'; modifiers?: ('Shift' | 'Control')[] } = {}): Promise<void> {
    await cell.focus();
    await cell.click({ force: true, ...options });
  }

  /** Sort by a column as the pointer does it. */
  async sortBy(header: string): Promise<void> {
    await this.press(this.header(header));
    await expect(this.header(header)).toHaveAttribute('aria-sort', /ending$/);
  }

  /** Type a filter and have it applied. */
  async apply(filter: string): Promise<void> {
    await this.filter.fill(filter);
    await this.filter.press('Enter');
  }
}
