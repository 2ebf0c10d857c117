import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';

export type TrialView = 'Overview' | 'Metrics' | 'Parameters' | 'Artefacts' | 'Code' | 'Environment' | 'Data';

/** The tab of the trial that is in front. */
export class TrialTab {
  constructor(page: IJupyterLabPageFixture) {
    this.content = page.getByRole('main').locator('.jp-StudioTrial:visible');
    this.heading = this.content.getByRole('heading', { level: 1 });
    this.views = this.content.getByRole('tablist', { name: 'Views of the trial' });
    this.note = this.content.getByRole('region', { name: 'Note' });
    this.text = this.note.getByRole('textbox', { name: 'Note, in Markdown' });
    this.tree = this.content.getByRole('tree', { name: 'Artefacts of the trial' });
    this.preview = this.content.locator('.jp-StudioArtifacts-main');
  }

  readonly content: Locator;
  readonly heading: Locator;
  readonly views: Locator;
  readonly note: Locator;
  /** Where the note is written. */
  readonly text: Locator;
  readonly tree: Locator;
  readonly preview: Locator;

  button(name: string): Locator {
    return this.content.locator('.jp-StudioJob-buttons').getByRole('button', { name });
  }

  async show(view: TrialView): Promise<void> {
    const tab = this.views.getByRole('tab', { name: view });
    await tab.click();
    await expect(tab).toHaveAttribute('aria-selected', 'true');
  }

  /** Open folders and a file of the artefacts. */
  async look(...names: string[]): Promise<void> {
    for (const name of names) {
      const item = this.tree.getByRole('treeitem', { name: new RegExp(`^${name.replace(/[.*+?()[\]\\]/g, '\\$&')}`) });
      await expect(item).toBeVisible();
      if ((await item.getAttribute('aria-expanded')) !== 'true') {
        await item.click();
      }
    }
  }
}
