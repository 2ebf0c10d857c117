import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';
import { python } from './python';

/** A port that is free now. Workers read this file again: they get the first answer from the environment. */
function port(): string {
  const script =
    "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})";
  process.env.STUDIO_UI_PORT ??= execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }).trim();
  return process.env.STUDIO_UI_PORT;
}

const system = process.env.PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH ?? '/usr/bin/chromium';
const baseURL = `http://localhost:${port()}`;

export default defineConfig({
  testDir: './tests',
  workers: 1,
  retries: 0,
  // Patient where machines are busy; how quick it is, the benchmarks measure.
  timeout: 240_000,
  expect: { timeout: 60_000, toPass: { timeout: 60_000 } },
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  use: {
    baseURL,
    viewport: { width: 1440, height: 900 },
    // The recorder of videos is a download of its own, and nothing here needs one.
    video: 'off',
    trace: 'off',
    screenshot: 'only-on-failure',
    actionTimeout: 60_000,
    launchOptions: {
      executablePath: existsSync(system) ? system : undefined,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']
    }
  },
  webServer: {
    command: `exec ${python()} serve.py ${port()}`,
    url: `${baseURL}/lab`,
    timeout: 120_000,
    reuseExistingServer: false,
    // Jobs and their controller outlive a server; `serve.py` ends them when it is told to end.
    gracefulShutdown: { signal: 'SIGTERM', timeout: 30_000 }
  }
});
