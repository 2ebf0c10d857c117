import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';

/** The Studio panel in the left side bar. */
export class StudioPanel {
  constructor(private readonly _page: IJupyterLabPageFixture) {
    this.region = _page.getByRole('region', { name: 'Studio', exact: true });
    this.jobs = this.region.getByRole('list', { name: 'Jobs' });
    this.experiments = this.region.getByRole('list', { name: 'Experiments' });
    this.filter = this.region.getByRole('searchbox', { name: 'Filter jobs' });
  }

  readonly region: Locator;
  readonly jobs: Locator;
  readonly experiments: Locator;
  readonly filter: Locator;

  async open(): Promise<void> {
    if (!(await this.region.isVisible())) {
      await this._page.getByRole('tab', { name: 'Studio' }).click();
    }
    await expect(this.region).toBeVisible();
  }

  /** The rows of jobs whose name holds the text. */
  row(name: string | RegExp): Locator {
    return this.jobs.getByRole('listitem').filter({ hasText: name });
  }

  /** What opens the job of a row; also what has the focus in it. */
  main(row: Locator): Locator {
    return row.getByRole('button').first();
  }

  /** An experiment's entry. */
  experiment(name: string): Locator {
    return this.experiments.getByRole('listitem').filter({ hasText: name });
  }

  /** Press one of the buttons that a row shows under the pointer. */
  async press(row: Locator, button: string | RegExp): Promise<void> {
    await row.hover();
    await row.getByRole('button', { name: button }).click();
  }

  /** Choose an entry of a row's context menu. */
  async choose(row: Locator, entry: string): Promise<void> {
    await this.main(row).click({ button: 'right' });
    await this._page.getByRole('menuitem', { name: entry }).click();
  }
}
