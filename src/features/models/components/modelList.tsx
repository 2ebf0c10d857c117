import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React, { useEffect } from 'react';
import type { ModelsModel } from '../../../models/modelsModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatAgo, formatTime } from '../../../shared/format';
import { modelIcon } from '../../../shared/icons';
import { useNow, useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';

export interface IModelListProps {
  model: ModelsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** All registered models, last changed first. */
export function ModelList(props: IModelListProps): JSX.Element {
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
    <div className="jp-StudioExperiments jp-StudioModels">
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.load()}
        />
      )}
      {!items && !error && (
        <Skeleton rows={1} label={trans.__('Loading models')} />
      )}
      {items && items.length === 0 && (
        <EmptyState
          message={trans.__(
            'No models yet. Open an experiment, click the best trial with the right mouse button, and choose Register Model.'
          )}
        />
      )}
      {items && items.length > 0 && (
        <ul aria-label={trans.__('Models')}>
          {items.map(({ name, latest, aliases, updated }) => (
            <li
              key={name}
              className="jp-StudioExperiments-row"
              data-model={name}
            >
              <button
                type="button"
                title={name}
                onClick={() =>
                  void commands.execute(CommandIDs.openModel, { name })
                }
              >
                <modelIcon.react tag="span" />
                <span className="jp-StudioExperiments-name">{name}</span>
                <Aliases aliases={aliases} />
                <span className="jp-StudioExperiments-count">
                  {latest !== null
                    ? trans.__('v%1', latest)
                    : trans.__('no version')}
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

/** The first alias by name, and how many more there are. */
function Aliases(props: {
  aliases: Readonly<Record<string, string>>;
}): JSX.Element | null {
  const names = Object.keys(props.aliases).sort();
  if (names.length === 0) {
    return null;
  }
  const more = names.length - 1;
  return (
    <span className="jp-StudioChip jp-mod-small" title={names.join(', ')}>
      <span className="jp-StudioChip-name">{names[0]}</span>
      {more > 0 && <span>{`+${more}`}</span>}
    </span>
  );
}
