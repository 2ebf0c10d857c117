import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job, JobStatus, SecondaryStatus } from '../../contract';
import { isActive } from '../../models/jobStates';
import { formatValue } from '../../shared/format';

/** The word for a job's state. */
export function statusWord(
  status: JobStatus,
  secondary: SecondaryStatus,
  trans: TranslationBundle
): string {
  switch (secondary) {
    case 'Downloading':
      return trans.__('Fetching');
    case 'Uploading':
      return trans.__('Uploading');
    case 'Restarting':
      return trans.__('Restarting');
    case 'Interrupted':
      return trans.__('Interrupted');
    case 'MaxRuntimeExceeded':
      return status === 'Stopping'
        ? trans.__('Stopping: time limit')
        : trans.__('Stopped: time limit');
    default:
      break;
  }
  switch (status) {
    case 'Pending':
      return trans.__('Pending');
    case 'Starting':
      return trans.__('Starting');
    case 'InProgress':
      return trans.__('Running');
    case 'Stopping':
      return trans.__('Stopping');
    case 'Completed':
      return trans.__('Completed');
    case 'Failed':
      return trans.__('Failed');
    case 'Stopped':
      return trans.__('Stopped');
  }
}

/** `cell 5 of 12: fit model`; empty when no cell runs. */
export function progressText(job: Job, trans: TranslationBundle): string {
  const { current, total, label } = job.progress;
  if (current == null || job.status !== 'InProgress') {
    return '';
  }
  return label
    ? trans.__('cell %1 of %2: %3', current, total, label)
    : trans.__('cell %1 of %2', current, total);
}

/** Seconds that a job has run or ran; null before it started. */
export function elapsed(job: Job, now: number): number | null {
  return job.started === null
    ? null
    : Math.max(0, (job.ended ?? now) - job.started);
}

/** Why a job ended badly, in one line. */
export function reason(job: Job): string {
  return (job.exit?.message || job.message).split('\n')[0];
}

/**
 * The parameters (at most two) that tell each job from others of its notebook,
 * where its name does not.
 */
export function distinguishing(jobs: readonly Job[]): Map<string, string> {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const group = groups.get(job.notebook) ?? [];
    group.push(job);
    groups.set(job.notebook, group);
  }
  const result = new Map<string, string>();
  for (const group of groups.values()) {
    const names = new Set(group.flatMap(job => Object.keys(job.parameters)));
    const differing = [...names].filter(
      name =>
        new Set(group.map(job => JSON.stringify(job.parameters[name]))).size > 1
    );
    for (const job of group) {
      const told = job.name.split(/[\s,;]+/);
      const shown = differing.filter(
        name =>
          name in job.parameters && !told.includes(parametersText(job, [name]))
      );
      result.set(job.id, parametersText(job, shown.slice(0, 2)));
    }
  }
  return result;
}

/** `max_depth=8 learning_rate=0.1`. */
export function parametersText(
  job: Job,
  names: readonly string[] = Object.keys(job.parameters)
): string {
  return names
    .map(name => `${name}=${formatValue(job.parameters[name], 24)}`)
    .join('  ');
}

/** `2 running, 3 waiting`; empty when there is nothing to do. */
export function activityText(
  jobs: readonly Job[],
  trans: TranslationBundle
): string {
  const waiting = jobs.filter(job => job.status === 'Pending').length;
  const running = jobs.length - waiting;
  return [
    running > 0 ? trans.__('%1 running', running) : '',
    waiting > 0 ? trans.__('%1 waiting', waiting) : ''
  ]
    .filter(Boolean)
    .join(', ');
}

/** Part of the work that is done, from 0 to 1. */
export function fraction(job: Job): number {
  const { done, total } = job.progress;
  return total > 0 ? Math.min(1, done / total) : 0;
}

/** Whether there is something to stop. */
export function canStop(job: Job): boolean {
  return isActive(job);
}

/** Whether the executed notebook can be there already. */
export function hasOutput(job: Job): boolean {
  return job.status !== 'Pending' && job.status !== 'Starting';
}
