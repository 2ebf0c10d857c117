import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';

export type JobView = 'Overview' | 'Log' | 'Notebook' | 'Metrics' | 'Resources' | 'Files';

/** The tab of the job that is in front. */
export class JobTab {
  constructor(page: IJupyterLabPageFixture) {
    this.main = page.getByRole('main');
    this.heading = this.main.getByRole('heading', { level: 1 });
    this.state = this.main.locator('.jp-StudioJob-state:visible');
    this.views = this.main.getByRole('tablist', { name: 'Views of the job' });
    this.failure = this.main.getByRole('region', { name: 'Why the job failed' });
    this.timeLine = this.main.getByRole('region', { name: 'Time line' });
    this.parameters = this.main.getByRole('region', { name: 'Parameters' });
    this.about = this.main.getByRole('region', { name: 'About' });
    this.log = this.main.getByRole('region', { name: 'Log', exact: true });
    this.files = this.main.getByRole('table', { name: 'Files of the job' });
  }

  readonly main: Locator;
  readonly heading: Locator;
  /** State, progress and what became of the job, in words. */
  readonly state: Locator;
  readonly views: Locator;
  readonly failure: Locator;
  readonly timeLine: Locator;
  readonly parameters: Locator;
  readonly about: Locator;
  readonly log: Locator;
  readonly files: Locator;

  /** The chart with this title in the view that is shown. */
  chart(title: string): Locator {
    return this.main.locator('figure.jp-StudioChart:visible').filter({
      has: this.main.page().locator('.jp-StudioChart-title', { hasText: new RegExp(`^${title}$`) })
    });
  }

  button(name: string): Locator {
    return this.main.locator('.jp-StudioJob-buttons:visible').getByRole('button', { name });
  }

  async show(view: JobView): Promise<void> {
    const tab = this.views.getByRole('tab', { name: view });
    await tab.click();
    await expect(tab).toHaveAttribute('aria-selected', 'true');
  }

  /** Number of the cell that runs, by what the header says; 0 when it says none. */
  async cell(): Promise<number> {
    const text = (await this.state.textContent()) ?? '';
    return Number(/cell (\d+) of \d+/.exec(text)?.[1] ?? 0);
  }
}
