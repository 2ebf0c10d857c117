import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { writeView } from '../../models/viewText';
import { MAX_TRIALS, viewOf } from '../../models/views';

/** The text of a view of some trials of an experiment; says so where they are too many for one. */
export function viewText(
  experiment: string,
  runIds: readonly string[],
  trans: TranslationBundle
): string {
  if (runIds.length > MAX_TRIALS) {
    Notification.warning(
      trans.__(
        'The first %1 of %2 trials are compared, the most that can be at once.',
        MAX_TRIALS,
        runIds.length
      )
    );
  }
  return writeView(viewOf(experiment, runIds));
}
