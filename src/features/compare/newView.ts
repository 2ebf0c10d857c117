import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MAX_TRIALS } from '../../models/compareQuery';
import { writeView } from '../../models/viewText';
import { viewOf } from '../../models/views';
import { LooseText } from './viewTexts';

/** A view of some trials of an experiment, and its text; says so where they are too many for one. */
export function newView(
  experiment: string,
  runIds: readonly string[],
  trans: TranslationBundle
): LooseText {
  if (runIds.length > MAX_TRIALS) {
    Notification.warning(
      trans.__(
        'The first %1 of %2 trials are compared, the most that can be at once.',
        MAX_TRIALS,
        runIds.length
      )
    );
  }
  const view = viewOf(experiment, runIds);
  return new LooseText(writeView(view), view);
}
