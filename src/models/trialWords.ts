import type { TranslationBundle } from '@jupyterlab/translation';
import { readKey } from './trialTableView';

/** MLflow's word for a run's state as people say it. */
export function trialWord(status: string, trans: TranslationBundle): string {
  switch (status) {
    case 'RUNNING':
      return trans.__('Running');
    case 'SCHEDULED':
      return trans.__('Pending');
    case 'FINISHED':
      return trans.__('Completed');
    case 'FAILED':
      return trans.__('Failed');
    case 'KILLED':
      return trans.__('Stopped');
    default:
      return status;
  }
}

/** What a column is called. */
export function columnLabel(key: string, trans: TranslationBundle): string {
  const { kind, name, summary } = readKey(key);
  if (kind !== 'attribute') {
    return summary === 'last' ? name : trans.__('%1 (%2)', name, summary);
  }
  switch (key) {
    case 'name':
      return trans.__('Trial');
    case 'status':
      return trans.__('Status');
    case 'started':
      return trans.__('Started');
    case 'ended':
      return trans.__('Ended');
    case 'duration':
      return trans.__('Duration');
    case 'notebook':
      return trans.__('Notebook');
    case 'commit':
      return trans.__('Commit');
    case 'dirty':
      return trans.__('Uncommitted changes');
    case 'user':
      return trans.__('User');
    case 'job':
      return trans.__('Job');
    case 'run_id':
      return trans.__('Run id');
    case 'parent':
      return trans.__('Parent');
    default:
      return key;
  }
}

/** A number where the value is one, or the word for one that JSON lacks. */
export function asNumber(
  value: boolean | number | string | null | undefined
): number | null {
  if (typeof value === 'number') {
    return value;
  }
  if (value === 'NaN') {
    return NaN;
  }
  return value === 'Infinity' || value === '-Infinity' ? Number(value) : null;
}
