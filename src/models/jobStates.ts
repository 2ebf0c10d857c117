import type { Job, JobStatus } from '../contract';

/** States in which a job can still change. */
export const ACTIVE_STATUSES: readonly JobStatus[] = [
  'Pending',
  'Starting',
  'InProgress',
  'Stopping'
];

/** Whether a job can still change. */
export function isActive(job: Pick<Job, 'status'>): boolean {
  return ACTIVE_STATUSES.includes(job.status);
}
