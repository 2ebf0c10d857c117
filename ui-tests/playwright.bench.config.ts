import { defineConfig } from '@playwright/test';
import base from './playwright.config';

/** Measures how quick the front end is; see `bench/`. Nothing else should run meanwhile. */
export default defineConfig({
  ...base,
  testDir: './bench',
  timeout: 900_000,
  use: { ...base.use, screenshot: 'off' }
});
