import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { python } from './python';

const START_SECONDS = 60;

/** MLflow's own server. */
export interface IMlflow {
  url: string;
  close: () => Promise<void>;
}

/** MLflow as it is installed, serving the store that is in the file, on a port of this machine alone. */
export async function mlflowServer(store: string, folder: string): Promise<IMlflow> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = ['--backend-store-uri', `sqlite:///${store}`, '--host', '127.0.0.1', '--port', String(port)];
  let said = '';
  const child = spawn(python(), ['-m', 'mlflow', 'server', ...options, '--workers', '1'], {
    cwd: folder,
    env: { ...process.env, HOME: folder, MLFLOW_DISABLE_TELEMETRY: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // It starts others; they end with it, as one group.
    detached: true
  });
  const ended = once(child, 'exit');
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4000)));
  }
  const close = async () => {
    try {
      process.kill(-child.pid!, 'SIGTERM');
    } catch {
      // It has ended.
    }
    await ended;
  };
  const deadline = Date.now() + START_SECONDS * 1000;
  while (!(await answers(`${url}/health`))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await close();
      throw new Error(`MLflow does not serve ${store}: ${said}`);
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return { url, close };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
