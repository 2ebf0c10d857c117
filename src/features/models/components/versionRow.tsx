import {
  addIcon,
  closeIcon,
  deleteIcon,
  editIcon
} from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useRef } from 'react';
import type { ModelVersion } from '../../../contract';
import { formatNumber } from '../../../shared/format';
import { jobIcon, lineageIcon } from '../../../shared/icons';
import { CommandIDs } from '../../../tokens';
import { canCompare, openTrial } from '../otherCommands';
import type { IMark, IModelViewProps } from './modelView';

interface IVersionRowProps extends IModelViewProps {
  version: ModelVersion;
  metrics: readonly string[];
  /** Null: it is not marked. */
  mark: IMark | null;
  when: string;
  time: string;
}

/** One version: its aliases, its trial, and what can be done with it. */
export function VersionRow(props: IVersionRowProps): JSX.Element {
  const { version, model, commands, actions, trans } = props;
  const number = version.version;
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (props.mark) {
      row.current?.scrollIntoView({ block: 'center' });
    }
  }, [props.mark]);
  const execute = (id: string, args: Record<string, string>) =>
    void commands.execute(id, args);
  return (
    <tr
      ref={row}
      className={props.mark ? 'jp-mod-marked' : undefined}
      aria-current={props.mark ? true : undefined}
      data-version={number}
    >
      {canCompare(commands) && (
        <td>
          <input
            type="checkbox"
            aria-label={trans.__('Choose version %1', number)}
            checked={model.chosen.has(number)}
            disabled={!version.run_id || version.is_trial_deleted}
            onChange={event => model.choose(number, event.target.checked)}
          />
        </td>
      )}
      <th scope="row">
        {number}
        {version.status !== 'READY' && (
          <span
            className="jp-StudioModel-status"
            title={version.status_message}
          >
            {version.status === 'FAILED_REGISTRATION'
              ? trans.__('failed')
              : trans.__('pending')}
          </span>
        )}
      </th>
      <td>
        <Aliases {...props} />
      </td>
      <td className="jp-mod-wide">
        <TrialLink {...props} />
      </td>
      {props.metrics.map(name => (
        <td key={name} className="jp-mod-number">
          {metricText(version, name)}
        </td>
      ))}
      <td className="jp-mod-wide" title={version.description}>
        <div className="jp-StudioModel-cell">
          <span className="jp-StudioModel-text">{version.description}</span>
          <Action
            icon={editIcon}
            label={trans.__('Edit the note on version %1', number)}
            onClick={() => void actions.editNote(version)}
          />
        </div>
      </td>
      <td title={props.time} className="jp-mod-time">
        {props.when}
      </td>
      <td>
        <div className="jp-StudioModel-cell">
          <Action
            icon={lineageIcon}
            label={trans.__('Show the lineage of version %1', number)}
            onClick={() =>
              execute(CommandIDs.openLineage, {
                kind: 'model',
                id: `${version.name}/${number}`
              })
            }
          />
          <Action
            icon={deleteIcon}
            label={trans.__('Delete version %1', number)}
            onClick={() => void actions.deleteVersion(version)}
          />
        </div>
      </td>
    </tr>
  );
}

/** The aliases of a version as chips; the last button adds or moves one here. */
function Aliases(props: IVersionRowProps): JSX.Element {
  const { version, actions, trans } = props;
  return (
    <div className="jp-StudioModel-cell">
      {version.aliases.map(alias => (
        <span key={alias} className="jp-StudioAlias" title={alias}>
          <button
            type="button"
            className="jp-StudioAlias-name"
            title={trans.__('%1: click to copy its address', alias)}
            onClick={() => actions.copyAddress(alias)}
          >
            {alias}
          </button>
          <button
            type="button"
            className="jp-StudioAlias-remove"
            title={trans.__('Remove the alias %1', alias)}
            aria-label={trans.__('Remove the alias %1', alias)}
            onClick={() => void actions.removeAlias(alias, version.version)}
          >
            <closeIcon.react tag="span" />
          </button>
        </span>
      ))}
      <Action
        icon={addIcon}
        label={trans.__(
          'Add an alias to version %1, or move one to it',
          version.version
        )}
        onClick={() => void actions.addAlias(version.version)}
      />
    </div>
  );
}

/** The trial that a version came from, and its job. */
function TrialLink(props: IVersionRowProps): JSX.Element {
  const { version, commands, trans } = props;
  const { run_id, experiment, trial, job_id } = version;
  if (!run_id) {
    return <>{trans.__('from elsewhere')}</>;
  }
  const name = trial || run_id.slice(0, 8);
  return (
    <div className="jp-StudioModel-cell">
      {version.is_trial_deleted ? (
        <span className="jp-StudioModel-text jp-mod-gone">
          {trans.__('%1 (deleted)', name)}
        </span>
      ) : (
        <button
          type="button"
          className="jp-StudioLink jp-StudioModel-text"
          title={trans.__('Open the trial %1 of %2', name, experiment)}
          onClick={() => void openTrial(commands, { experiment, run: run_id })}
        >
          {name}
        </button>
      )}
      <span className="jp-StudioModel-where" title={experiment}>
        {experiment}
      </span>
      {job_id && (
        <Action
          icon={jobIcon}
          label={trans.__('Open the job of %1', name)}
          onClick={() =>
            void commands.execute(CommandIDs.openJob, { id: job_id })
          }
        />
      )}
    </div>
  );
}

function Action(props: {
  icon: LabIcon;
  label: string;
  onClick: () => void;
}): JSX.Element {
  const { icon: Icon, label, onClick } = props;
  return (
    <button
      type="button"
      className="jp-StudioIconButton"
      title={label}
      aria-label={label}
      onClick={onClick}
    >
      <Icon.react tag="span" />
    </button>
  );
}

function metricText({ metrics }: ModelVersion, name: string): string {
  const value = metrics[name];
  return value === undefined
    ? ''
    : value === null
      ? 'NaN'
      : formatNumber(value);
}
