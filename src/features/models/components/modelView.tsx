import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, editIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { useState } from 'react';
import type { ModelVersion } from '../../../contract';
import type { RegisteredModelModel } from '../../../models/registeredModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatAgo, formatTime } from '../../../shared/format';
import { useNow, useSignal } from '../../../shared/useSignal';
import { addressOf } from '../modelActions';
import type { ModelActions } from '../modelActions';
import { canCompare, compareTrials } from '../otherCommands';
import { VersionRow } from './versionRow';

/** Versions that are drawn at first, and that one click adds. */
const PORTION = 100;

/** A version to be marked. Another object: it is to be brought into sight once more. */
export interface IMark {
  version: string;
}

export interface IModelViewProps {
  model: RegisteredModelModel;
  actions: ModelActions;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** Version to mark; null: none. */
  marked: () => IMark | null;
}

/** A model: what it is, and its versions. */
export function ModelView(props: IModelViewProps): JSX.Element {
  const { model, actions, trans } = props;
  useSignal(model.changed);
  const { error } = model;
  if (model.isDeleted) {
    return (
      <EmptyState
        message={trans.__(
          'There is no model %1 any more. Close this tab, or register one of this name.',
          model.name
        )}
        action={trans.__('Look again')}
        onAction={() => void model.load()}
      />
    );
  }
  return (
    <>
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.load()}
        />
      )}
      {!model.model && !error && (
        <Skeleton rows={4} label={trans.__('Loading the model')} />
      )}
      {model.model && <Head {...props} />}
      {model.model && model.versions.length === 0 && (
        <EmptyState
          message={trans.__(
            'This model has no version. Register a trial under its name, or delete it.'
          )}
          action={trans.__('Delete Model')}
          onAction={() => void actions.deleteModel()}
        />
      )}
      {model.versions.length > 0 && <Versions {...props} />}
    </>
  );
}

function Head(props: IModelViewProps): JSX.Element {
  const { model, actions, trans } = props;
  const { description, aliases, latest } = model.model!;
  const which = Object.keys(aliases).sort()[0] ?? latest;
  return (
    <header className="jp-StudioModel-head">
      <div className="jp-StudioModel-title">
        <h2 title={model.name}>{model.name}</h2>
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Look again')}
          aria-label={trans.__('Look again')}
          onClick={() => void model.load()}
        >
          <refreshIcon.react tag="span" />
        </button>
      </div>
      <div className="jp-StudioModel-note">
        <p>{description || trans.__('No note on this model.')}</p>
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Edit the note on this model')}
          aria-label={trans.__('Edit the note on this model')}
          onClick={() => void actions.editNote()}
        >
          <editIcon.react tag="span" />
        </button>
      </div>
      {which && (
        <div className="jp-StudioModel-load">
          <span>{trans.__('Load it:')}</span>
          <code>
            {`mlflow.pyfunc.load_model(${JSON.stringify(addressOf(model.name, which))})`}
          </code>
          <button
            type="button"
            className="jp-StudioIconButton"
            title={trans.__('Copy the address')}
            aria-label={trans.__('Copy the address')}
            onClick={() => actions.copyAddress(which)}
          >
            <copyIcon.react tag="span" />
          </button>
        </div>
      )}
    </header>
  );
}

function Versions(props: IModelViewProps): JSX.Element {
  const { model, commands, trans } = props;
  const [shown, setShown] = useState(PORTION);
  const now = useNow(true, 30_000);
  const mark = props.marked();
  const versions = model.versions.slice(0, Math.max(shown, placeOf(props) + 1));
  const metrics = metricsOf(versions);
  const chosen = model.versions.filter(
    each =>
      model.chosen.has(each.version) && !each.is_trial_deleted && each.run_id
  );
  return (
    <section className="jp-StudioModel-versions">
      <div className="jp-StudioModel-bar">
        <h3>{trans._n('%1 version', '%1 versions', model.versions.length)}</h3>
        {canCompare(commands) && (
          <button
            type="button"
            className="jp-StudioButton"
            disabled={chosen.length < 2}
            title={trans.__('Compare the trials of the chosen versions')}
            onClick={() =>
              void compareTrials(
                commands,
                chosen[0].experiment,
                chosen.map(each => each.run_id!)
              )
            }
          >
            {trans.__('Compare Trials')}
          </button>
        )}
      </div>
      <div className="jp-StudioModel-scroll">
        <table className="jp-StudioModel-table">
          <thead>
            <tr>
              {canCompare(commands) && (
                <th scope="col">
                  <span className="jp-StudioHidden">{trans.__('Chosen')}</span>
                </th>
              )}
              <th scope="col">{trans.__('Version')}</th>
              <th scope="col">{trans.__('Aliases')}</th>
              <th scope="col">{trans.__('Trial')}</th>
              {metrics.map(name => (
                <th
                  key={name}
                  scope="col"
                  className="jp-mod-number"
                  title={name}
                >
                  {name}
                </th>
              ))}
              <th scope="col">{trans.__('Note')}</th>
              <th scope="col">{trans.__('Registered')}</th>
              <th scope="col">
                <span className="jp-StudioHidden">{trans.__('Actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {versions.map(version => (
              <VersionRow
                key={version.version}
                {...props}
                version={version}
                metrics={metrics}
                mark={mark?.version === version.version ? mark : null}
                when={
                  version.created !== null
                    ? formatAgo(version.created, now, trans)
                    : ''
                }
                time={
                  version.created !== null ? formatTime(version.created) : ''
                }
              />
            ))}
          </tbody>
        </table>
      </div>
      {model.versions.length > versions.length && (
        <button
          type="button"
          className="jp-StudioLink jp-StudioModel-more"
          onClick={() => setShown(versions.length + PORTION)}
        >
          {trans.__(
            '%1 of %2 shown; show more',
            versions.length,
            model.versions.length
          )}
        </button>
      )}
      {model.hasMore && model.versions.length === versions.length && (
        <p className="jp-StudioModel-more">
          {trans.__('Older versions are in MLflow only.')}
        </p>
      )}
    </section>
  );
}

/** Where the marked version stands among all; -1: none is. */
function placeOf({ model, marked }: IModelViewProps): number {
  const version = marked()?.version;
  return model.versions.findIndex(each => each.version === version);
}

/** Metrics of the versions, those that most have first; few enough to be read. */
function metricsOf(versions: readonly ModelVersion[]): string[] {
  const counts = new Map<string, number>();
  for (const { metrics } of versions) {
    for (const name of Object.keys(metrics)) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 4)
    .map(([name]) => name);
}
