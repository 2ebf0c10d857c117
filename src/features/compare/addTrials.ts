import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { StudioClient } from '../../client';
import type { CompareModel } from '../../models/compareModel';

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
    model.add(String(args['experiment'] ?? ''), given);
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
  const { rows } = await client.trials.table({
    experiment,
    filter,
    limit: MOST_ADDED
  });
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) {
    Notification.info(trans.__('No trial matches.'));
    return;
  }
  model.add(experiment, ids);
}
