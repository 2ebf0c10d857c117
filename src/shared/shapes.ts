/** Shapes of states: each can be told from the others without colour. */
export type Shape =
  'waiting' | 'running' | 'stopping' | 'done' | 'failed' | 'stopped';

/** The shape for a job's or a trial's state. */
export function shapeOf(status: string): Shape {
  switch (status) {
    case 'Starting':
    case 'InProgress':
    case 'RUNNING':
      return 'running';
    case 'Stopping':
      return 'stopping';
    case 'Completed':
    case 'FINISHED':
      return 'done';
    case 'Failed':
    case 'FAILED':
      return 'failed';
    case 'Stopped':
    case 'KILLED':
      return 'stopped';
    default:
      return 'waiting';
  }
}
