import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { python } from './python';

export interface IManyTrials {
  trials: number;
  parameters?: number;
  metrics?: number;
  tags?: number;
  spread?: number;
  components?: number;
}

/** Add trials to an experiment in a store of MLflow's, past MLflow: a hundred thousand take seconds. */
export function addTrials(store: string, experiment: string, shape: IManyTrials): void {
  const options = Object.entries(shape).flatMap(([name, value]) => [`--${name}`, String(value)]);
  execFileSync(python(), ['-m', 'studio_ext.testing.many_trials', store, experiment, ...options], {
    cwd: path.resolve(__dirname, '..'),
    stdio: ['ignore', 'ignore', 'inherit']
  });
}
