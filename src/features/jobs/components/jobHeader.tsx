import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ISignal } from '@lumino/signaling';
import React from 'react';
import type { JobDetail } from '../../../contract';
import type { JobModel } from '../../../models/jobModel';
import { isActive } from '../../../models/jobStates';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatDuration } from '../../../shared/format';
import { StatusIcon } from '../../../shared/statusIcon';
import { Tabs } from '../../../shared/tabs';
import { useNow, useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';
import type { JobTabName } from '../commands';
import {
  elapsed,
  hasOutput,
  parametersText,
  progressText,
  statusWord
} from '../words';
import { ProgressBar } from './jobRow';

export interface IJobHeaderProps {
  model: JobModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
  tabChanged: ISignal<unknown, JobTabName>;
  currentTab: () => JobTabName;
  onTab: (name: JobTabName) => void;
}

/** What the job is, how it goes, what can be done, and which view is shown. */
export function JobHeader(props: IJobHeaderProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const { job, error } = model;
  return (
    <header className="jp-StudioJob-header">
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.refresh()}
        />
      )}
      {model.isDeleted && (
        <ErrorBanner message={trans.__('This job was deleted.')} />
      )}
      {job ? (
        <Summary {...props} job={job} />
      ) : (
        <div className="jp-StudioJob-summary" />
      )}
      <Views {...props} />
    </header>
  );
}

function Summary(props: IJobHeaderProps & { job: JobDetail }): JSX.Element {
  const { job, commands, trans } = props;
  const active = isActive(job);
  const now = useNow(active);
  const seconds = elapsed(job, now);
  const word = statusWord(job.status, job.secondary_status, trans);
  const message = job.message === word ? '' : job.message;
  const remark = progressText(job, trans) || message;
  const run = (id: string) => void commands.execute(id, { id: job.id });
  const button = (label: string, id: string, title = '') => (
    <button
      type="button"
      className="jp-StudioButton"
      title={title || undefined}
      onClick={() => run(id)}
    >
      {label}
    </button>
  );
  return (
    <div className="jp-StudioJob-summary">
      <div className="jp-StudioJob-what">
        <h1 className="jp-StudioJob-name" title={job.notebook}>
          {job.name}
        </h1>
        <span className="jp-StudioJob-parameters" title={parametersText(job)}>
          {parametersText(job)}
        </span>
      </div>
      <div className="jp-StudioJob-buttons">
        {active &&
          (job.stop_requested
            ? button(
                trans.__('Kill now'),
                CommandIDs.stopJob,
                trans.__('It was asked to stop; end it at once')
              )
            : button(trans.__('Stop'), CommandIDs.stopJob))}
        {button(trans.__('Run again'), CommandIDs.runAgain)}
        {hasOutput(job) &&
          button(trans.__('Open output notebook'), CommandIDs.openOutput)}
        {!active && button(trans.__('Delete'), CommandIDs.deleteJob)}
      </div>
      <div className="jp-StudioJob-state">
        <StatusIcon status={job.status} />
        <span className="jp-StudioJob-word" aria-live="polite">
          {word}
        </span>
        {seconds !== null && (
          <span className="jp-StudioJob-elapsed" title={trans.__('Run time')}>
            {formatDuration(seconds)}
          </span>
        )}
        {job.status === 'InProgress' && <ProgressBar job={job} trans={trans} />}
        <span className="jp-StudioJob-progress" title={remark}>
          {remark}
        </span>
      </div>
    </div>
  );
}

/** What the views are called, in their order. */
export function tabLabels(
  trans: TranslationBundle
): Record<JobTabName, string> {
  return {
    overview: trans.__('Overview'),
    log: trans.__('Log'),
    notebook: trans.__('Notebook'),
    metrics: trans.__('Metrics'),
    resources: trans.__('Resources'),
    files: trans.__('Files')
  };
}

function Views(props: IJobHeaderProps): JSX.Element {
  const { trans, onTab, currentTab, tabChanged } = props;
  useSignal(tabChanged);
  return (
    <Tabs
      labels={tabLabels(trans)}
      current={currentTab()}
      onTab={onTab}
      label={trans.__('Views of the job')}
    />
  );
}
