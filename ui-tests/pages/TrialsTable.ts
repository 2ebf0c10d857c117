import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';

/** The tab with the trials of the experiment that is in front. */
export class TrialsTable {
  constructor(private readonly _page: IJupyterLabPageFixture) {
    this.content = _page.getByRole('main').locator('.jp-StudioTrials:visible');
    this.table = this.content.getByRole('table');
  }

  readonly content: Locator;
  readonly table: Locator;

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
    return this.table.getByRole('row').filter({ hasText: name });
  }

  header(name: string): Locator {
    return this.table.getByRole('columnheader', { name, exact: true });
  }

  /** The cell of a row in the column with that header. */
  cell(row: Locator, header: string): Locator {
    return row.locator(`[data-column="${header}"]`);
  }
}
