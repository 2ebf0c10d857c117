import type { Locator, Page } from '@playwright/test';

/** The notebook widgets of Studio in the notebook that is open. */
export class Widgets {
  constructor(private readonly _page: Page) {
    this.main = _page.locator('.jp-NotebookPanel:visible');
    this.job = this.main.locator('.studio-live .studio-job');
    this.panel = this.main.locator('.studio-live .studio-panel');
    this.table = this.main.locator('.studio-live table.studio-trials');
    this.live = this.main.locator('.studio-live');
    this.picture = this.main.locator('.studio-widget');
  }

  /** The job of a name. */
  jobNamed(name: string): Locator {
    return this.job.filter({ has: this._page.locator('.studio-head .studio-name', { hasText: name }) });
  }

  readonly main: Locator;
  readonly job: Locator;
  readonly panel: Locator;
  readonly table: Locator;
  readonly live: Locator;
  readonly picture: Locator;
}
