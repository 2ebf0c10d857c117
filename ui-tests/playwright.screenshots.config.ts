import { defineConfig } from '@playwright/test';
import base from './playwright.config';

/** The pictures of the documentation; see `screenshots/`. */
export default defineConfig({
  ...base,
  testDir: './screenshots',
  timeout: 600_000,
  use: { ...base.use, viewport: { width: 1440, height: 900 }, screenshot: 'off' }
});
