import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@playwright/test';

/** Run a command by its label from the command palette, with the keyboard. */
export async function runFromPalette(page: IJupyterLabPageFixture, label: string): Promise<void> {
  const palette = page.locator('#modal-command-palette');
  await page.keyboard.press('ControlOrMeta+Shift+C');
  const input = palette.locator('input');
  await input.fill(label);
  // The list follows what is typed a frame later.
  await expect(palette.locator('.lm-CommandPalette-item.lm-mod-active')).toContainText(label);
  await input.press('Enter');
}
