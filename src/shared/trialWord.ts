import type { TranslationBundle } from '@jupyterlab/translation';

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
