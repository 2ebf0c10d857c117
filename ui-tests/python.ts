import { existsSync } from 'node:fs';
import * as path from 'node:path';

/** The project's own Python where there is one, else the one on the path. */
export function python(): string {
  const own = path.resolve(__dirname, '..', '.venv', 'bin', 'python');
  return existsSync(own) ? own : 'python3';
}
