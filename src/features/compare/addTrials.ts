import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { StudioClient } from '../../client';
import type { CompareModel } from '../../models/compareModel';
import { MAX_TRIALS } from '../../models/compareQuery';
import { leftOut } from '../../models/views';

/** How many trials are put into a comparison at once. */
const MOST_ADDED = 50;

/** Put trials into a comparison: those that are named, else those that somebody chooses. */
export async function addTrials(
  model: CompareModel,
  client: StudioClient,
  args: ReadonlyPartialJSONObject,
  trans: TranslationBundle
): Promise<void> {
  const given = Array.isArray(args['runs'])
    ? args['runs'].filter(each => typeof each === 'string')
    : [];
  if (given.length > 0) {
    put(model, String(args['experiment'] ?? ''), given, trans);
    return;
  }
  const experiments = (await client.experiments.list()).map(({ name }) => name);
  const shown = model.view.sources?.[0]?.experiment ?? '';
  const { value: experiment } = await InputDialog.getItem({
    title: trans.__('Trials of which experiment?'),
    items: experiments,
    current: Math.max(0, experiments.indexOf(shown))
  });
  if (!experiment) {
    return;
  }
  const { value: filter } = await InputDialog.getText({
    title: trans.__('Which trials?'),
    label: trans.__(
      'A filter, for example: metrics.rmse < 5 and started > -7d. Empty: the newest.'
    ),
    okLabel: trans.__('Add')
  });
  if (filter === null) {
    return;
  }
  const { rows, matched } = await client.trials.table({
    experiment,
    filter,
    limit: MOST_ADDED
  });
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) {
    Notification.info(trans.__('No trial matches.'));
    return;
  }
  put(model, experiment, ids, trans);
  if (matched > ids.length) {
    Notification.warning(
      trans.__(
        'Added the first %1 of %2 trials that match: name fewer by the filter, or select them in the table of the experiment.',
        ids.length,
        matched
      )
    );
  }
}

/** Put trials into a comparison, and say which could not be. */
function put(
  model: CompareModel,
  experiment: string,
  ids: readonly string[],
  trans: TranslationBundle
): void {
  if (!model.add(experiment, ids)) {
    Notification.warning(
      trans.__(
        'Nothing was added: what the comparison is kept in cannot be read.'
      )
    );
    return;
  }
  const left = leftOut(model.view, ids);
  if (left > 0) {
    Notification.warning(
      trans._n(
        'A comparison takes at most %2 trials: %1 is left out.',
        'A comparison takes at most %2 trials: %1 are left out.',
        left,
        MAX_TRIALS
      )
    );
  }
}
