import type { TranslationBundle } from '@jupyterlab/translation';
import { notebookIcon, redoIcon, stopIcon } from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { memo } from 'react';
import type { Job } from '../../../contract';
import { isActive } from '../../../models/jobStates';
import {
  formatAgo,
  formatClock,
  formatDuration,
  formatTime
} from '../../../shared/format';
import { logIcon } from '../../../shared/icons';
import { StatusIcon } from '../../../shared/statusIcon';
import { CommandIDs } from '../../../tokens';
import { elapsed, fraction, hasOutput, reason, statusWord } from '../words';

export interface IJobRowProps {
  job: Job;
  /** Parameters that tell it from its neighbours. */
  parameters: string;
  /** Seconds since the epoch. */
  now: number;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** One job of the list: what it is, how it goes, and what can be done. */
export const JobRow = memo(function JobRow(props: IJobRowProps): JSX.Element {
  const { job, parameters, now, commands, trans } = props;
  const word = statusWord(job.status, job.secondary_status, trans);
  const run = (id: string) => void commands.execute(id, { id: job.id });
  const active = isActive(job);
  const seconds = elapsed(job, now);
  const time = job.ended ?? job.created;
  return (
    <li
      className="jp-StudioJobs-row"
      data-job-id={job.id}
      data-job-active={active}
      data-job-output={hasOutput(job)}
    >
      <button
        type="button"
        className="jp-StudioJobs-main"
        title={[job.name, job.notebook, word, reason(job)]
          .filter(Boolean)
          .join('\n')}
        onClick={() => run(CommandIDs.openJob)}
      >
        <StatusIcon status={job.status} label={word} />
        <span className="jp-StudioJobs-name">
          {job.name}
          {parameters && job.status !== 'Completed' && (
            <span className="jp-StudioJobs-parameters">{parameters}</span>
          )}
        </span>
        <span
          className="jp-StudioJobs-time"
          title={formatTime(active ? job.created : time)}
        >
          {active
            ? seconds !== null && formatClock(seconds)
            : formatAgo(time, now, trans)}
        </span>
        <span className="jp-StudioJobs-detail">
          <Detail {...props} word={word} />
        </span>
      </button>
      <span className="jp-StudioJobs-actions">
        {active ? (
          <Action
            icon={stopIcon}
            label={
              job.stop_requested
                ? trans.__('Kill %1 now', job.name)
                : trans.__('Stop %1', job.name)
            }
            onClick={() => run(CommandIDs.stopJob)}
          />
        ) : (
          <Action
            icon={redoIcon}
            label={trans.__('Run %1 again', job.name)}
            onClick={() => run(CommandIDs.runAgain)}
          />
        )}
        <Action
          icon={logIcon}
          label={trans.__('Log of %1', job.name)}
          onClick={() => run(CommandIDs.showLog)}
        />
        {hasOutput(job) && (
          <Action
            icon={notebookIcon}
            label={trans.__('Output notebook of %1', job.name)}
            onClick={() => run(CommandIDs.openOutput)}
          />
        )}
      </span>
    </li>
  );
});

function Detail(props: IJobRowProps & { word: string }): JSX.Element {
  const { job, parameters, word, trans } = props;
  const { done, total, label } = job.progress;
  if (job.status === 'InProgress' && total > 0) {
    return (
      <>
        <ProgressBar job={job} trans={trans} />
        <span className="jp-StudioJobs-count">{`${done}/${total}`}</span>
        <span className="jp-StudioJobs-label" title={label}>
          {label || word}
        </span>
      </>
    );
  }
  if (job.status === 'Failed') {
    return <span className="jp-StudioJobs-reason">{reason(job) || word}</span>;
  }
  const seconds = elapsed(job, job.ended ?? 0);
  if (job.status === 'Completed' && seconds !== null) {
    const lasting = formatDuration(seconds);
    // What tells it from its neighbours says more than that it is done.
    return parameters ? (
      <>
        <span className="jp-StudioJobs-label">{parameters}</span>
        <span className="jp-StudioJobs-count">{lasting}</span>
      </>
    ) : (
      <>{trans.__('Completed in %1', lasting)}</>
    );
  }
  return <span className="jp-StudioJobs-label">{reason(job) || word}</span>;
}

/** How much of a job is done. */
export function ProgressBar(props: {
  job: Job;
  trans: TranslationBundle;
}): JSX.Element {
  const { done, total } = props.job.progress;
  return (
    <span
      className="jp-StudioProgress"
      role="progressbar"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={done}
      aria-label={props.trans.__('%1 of %2 cells', done, total)}
    >
      <span
        className="jp-StudioProgress-done"
        style={{ width: `${100 * fraction(props.job)}%` }}
      />
    </span>
  );
}

function Action(props: {
  icon: LabIcon;
  label: string;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className="jp-StudioIconButton"
      title={props.label}
      aria-label={props.label}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" />
    </button>
  );
}
