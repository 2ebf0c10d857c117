import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@playwright/test';
import type { Locator } from '@playwright/test';

/** The tab Run as job that is in front. */
export class RunAsJobForm {
  constructor(private readonly _page: IJupyterLabPageFixture) {
    this.form = _page.getByRole('form', { name: 'Run as job' });
    this.heading = this.form.getByRole('heading');
    this.run = this.form.getByRole('button', { name: 'Run', exact: true });
    this.cancel = this.form.getByRole('button', { name: 'Cancel' });
    this.runsIn = this.form.getByRole('status');
  }

  readonly form: Locator;
  readonly heading: Locator;
  readonly run: Locator;
  readonly cancel: Locator;
  /** What the job will run in, in one line. */
  readonly runsIn: Locator;

  /** The control of a field or parameter. */
  field(label: string): Locator {
    return this.form.getByLabel(label, { exact: true });
  }

  /** The choice of a runner, by the name that people see. */
  runner(name: string): Locator {
    return this.form.getByRole('radio', { name, exact: true });
  }

  /** Name an image that is not in the list. */
  async otherImage(name: string): Promise<void> {
    await this.field('Image').selectOption({ label: 'Other image…' });
    await this.field('Its name').fill(name);
  }

  /** The message at a field, if there is one: what assistive technology reads for it. */
  async error(label: string): Promise<string> {
    const field = this.field(label);
    const ids = ((await field.getAttribute('aria-describedby')) ?? '').split(' ').filter(Boolean);
    const texts = await Promise.all(
      ids.filter(id => id.endsWith('-error')).map(id => this._page.locator(`[id="${id}"]`).innerText())
    );
    return texts.join(' ');
  }

  /** Press the button on the toolbar of the notebook that is in front. */
  async openFromToolbar(): Promise<void> {
    await this._page.getByRole('main').getByRole('button', { name: 'Run as job' }).click();
    await this.loaded();
  }

  /** Wait until the form knows the notebook. */
  async loaded(): Promise<void> {
    await expect(this.run).toBeEnabled();
  }

  /** Run with the keyboard, wherever in the form the focus is. */
  async submitByKey(): Promise<void> {
    await this.loaded();
    await this._page.keyboard.press('ControlOrMeta+Enter');
  }
}
