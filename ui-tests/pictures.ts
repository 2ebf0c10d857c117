import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import type { Page as BrowserPage } from '@playwright/test';
import { expect } from './fixtures';
import type { Page } from './fixtures';
import { python } from './python';

/** Where the pictures of the documentation lie. */
const IMAGES = path.resolve(__dirname, '../docs/images');
/** Where pictures go that are only looked at. */
const LOOK = path.resolve(__dirname, 'test-results/look');

/** The themes of JupyterLab, by the endings of the pictures' names. The one that is taken last stays. */
const THEMES = {
  contrast: 'JupyterLab Dark High Contrast',
  dark: 'JupyterLab Dark',
  light: 'JupyterLab Light'
};

/** What the reader's system asks of a page that has no themes. */
const SYSTEMS = {
  contrast: { colorScheme: 'dark', forcedColors: 'active' },
  dark: { colorScheme: 'dark', forcedColors: 'none' },
  light: { colorScheme: 'light', forcedColors: 'none' }
} as const;

const PLAIN = { animations: 'disabled', caret: 'hide' } as const;

/** Take a picture of the documentation in every theme. `keepFocus`: of a control that shows more while it has it. */
export async function take(page: Page, name: string, { keepFocus = false } = {}): Promise<void> {
  await inEveryTheme(page, name, IMAGES, keepFocus);
}

/** Take pictures that are only looked at. */
export async function look(page: Page, name: string): Promise<void> {
  await inEveryTheme(page, name, LOOK, false);
}

/** Take a picture of a page that needs no JupyterLab, as it is on systems with each of the themes. */
export async function takePage(page: BrowserPage, name: string): Promise<void> {
  const files = [];
  for (const [ending, media] of Object.entries(SYSTEMS)) {
    await page.emulateMedia(media);
    files.push(path.join(IMAGES, `${name}-${ending}.png`));
    await page.screenshot({ path: files.at(-1), ...PLAIN });
  }
  pack(files);
}

/** Take the notifications away. */
export async function noToasts(page: Page): Promise<void> {
  await expect(async () => {
    for (const close of await page.locator('.Toastify__close-button').all()) {
      await close.click({ timeout: 1_000 });
    }
    await expect(page.locator('.Toastify__toast')).toHaveCount(0, { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
}

async function inEveryTheme(page: Page, name: string, folder: string, keepFocus: boolean): Promise<void> {
  await noToasts(page);
  await page.mouse.move(720, 895);
  if (!keepFocus) {
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  }
  const files = [];
  for (const [ending, theme] of Object.entries(THEMES)) {
    await page.theme.setTheme(theme);
    // Reports in a notebook are light or dark as the system is.
    await page.emulateMedia({ colorScheme: ending === 'light' ? 'light' : 'dark' });
    files.push(path.join(folder, `${name}-${ending}.png`));
    await page.screenshot({ path: files.at(-1), ...PLAIN });
  }
  pack(files);
}

/** Make files of pictures small. */
function pack(files: string[]): void {
  execFileSync(python(), [path.join(__dirname, 'screenshots', 'pack.py'), ...files], { stdio: 'inherit' });
}
