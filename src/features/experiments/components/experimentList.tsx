import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React, { useEffect } from 'react';
import type { ExperimentsModel } from '../../../models/experimentsModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatAgo, formatTime } from '../../../shared/format';
import { experimentIcon } from '../../../shared/icons';
import { useNow, useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';

export interface IExperimentListProps {
  model: ExperimentsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** All experiments, last updated first. */
export function ExperimentList(props: IExperimentListProps): JSX.Element {
  const { model, commands, trans } = props;
  useSignal(model.changed);
  const { items, error } = model;
  const now = useNow(true, 30_000);
  useEffect(() => {
    if (!model.items) {
      void model.load();
    }
  }, [model]);
  return (
    <div className="jp-StudioExperiments">
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.load()}
        />
      )}
      {!items && !error && (
        <Skeleton rows={2} label={trans.__('Loading experiments')} />
      )}
      {items && items.length === 0 && (
        <EmptyState
          message={trans.__(
            'No experiments yet. An experiment collects trials, of jobs, scripts and notebook cells, so that they can be compared.'
          )}
          action={trans.__('New experiment')}
          onAction={() => void commands.execute(CommandIDs.newExperiment)}
        />
      )}
      {items && items.length > 0 && (
        <ul aria-label={trans.__('Experiments')}>
          {items.map(({ id, name, trials, updated }) => (
            <li
              key={id}
              className="jp-StudioExperiments-row"
              data-experiment={name}
            >
              <button
                type="button"
                title={name}
                onClick={() =>
                  void commands.execute(CommandIDs.openExperiment, { name })
                }
              >
                <experimentIcon.react tag="span" />
                <span className="jp-StudioExperiments-name">{name}</span>
                <span className="jp-StudioExperiments-count">
                  {trials !== null &&
                    trans._n(
                      '%2 trial',
                      '%2 trials',
                      trials,
                      trials.toLocaleString()
                    )}
                </span>
                <span
                  className="jp-StudioExperiments-time"
                  title={updated !== null ? formatTime(updated) : undefined}
                >
                  {updated !== null && formatAgo(updated, now, trans)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
