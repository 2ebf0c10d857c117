import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React, { useCallback, useEffect, useMemo } from 'react';
import type { Job } from '../../../contract';
import type { JobListModel } from '../../../models/jobListModel';
import { isActive } from '../../../models/jobStates';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { useNow, useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';
import { distinguishing } from '../words';
import { JobRow } from './jobRow';

export interface IJobListProps {
  model: JobListModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

const NONE: readonly Job[] = [];

/** The live list of jobs with its filter. */
export function JobList(props: IJobListProps): JSX.Element {
  const { model, commands, trans } = props;
  useSignal(model.changed);
  const { items, error, filter, more, waiting } = model;
  const jobs = items ?? NONE;
  const ticking = jobs.some(isActive);
  const second = useNow(ticking);
  const halfMinute = useNow(!ticking, 30_000);
  const now = ticking ? second : halfMinute;
  // Rows that do not tick are not drawn again with every second.
  const coarse = Math.floor(now / 10) * 10;
  const parameters = useMemo(() => distinguishing(jobs), [jobs]);

  useEffect(() => {
    if (!model.items && !model.isLoading) {
      void model.load();
    }
  }, [model]);

  const onKeyDown = useCallback(
    (event: React.KeyboardEvent) => {
      const by =
        event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
      const row = (event.target as Element).closest('.jp-StudioJobs-row');
      const other =
        by > 0 ? row?.nextElementSibling : row?.previousElementSibling;
      const target = other?.querySelector<HTMLElement>('.jp-StudioJobs-main');
      if (by !== 0 && target) {
        event.preventDefault();
        target.focus();
      } else if (event.key === 'Delete' && row instanceof HTMLElement) {
        void commands.execute(CommandIDs.deleteJob, { id: row.dataset.jobId });
      }
    },
    [commands]
  );

  return (
    <div className="jp-StudioJobs">
      {(jobs.length > 0 || filter !== '') && (
        <input
          className="jp-StudioInput jp-StudioJobs-filter"
          type="search"
          placeholder={trans.__('Filter jobs')}
          aria-label={trans.__('Filter jobs')}
          value={filter}
          onChange={event => model.setFilter(event.target.value)}
        />
      )}
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.load()}
        />
      )}
      {!items && !error && (
        <Skeleton rows={4} label={trans.__('Loading jobs')} />
      )}
      {items && jobs.length === 0 && !error && (
        <Nothing filter={filter} commands={commands} trans={trans} />
      )}
      <ul
        className="jp-StudioJobs-list"
        aria-label={trans.__('Jobs')}
        onPointerEnter={() => model.hold(true)}
        onPointerLeave={() => model.hold(false)}
        onKeyDown={onKeyDown}
      >
        {jobs.map(job => (
          <JobRow
            key={job.id}
            job={job}
            parameters={parameters.get(job.id) ?? ''}
            now={isActive(job) ? now : coarse}
            commands={commands}
            trans={trans}
          />
        ))}
      </ul>
      {waiting > 0 && (
        <button
          type="button"
          className="jp-StudioLink jp-StudioJobs-more"
          onClick={() => model.hold(false)}
        >
          {trans._n('%1 new job', '%1 new jobs', waiting)}
        </button>
      )}
      {more > 0 && (
        <button
          type="button"
          className="jp-StudioLink jp-StudioJobs-more"
          disabled={model.isLoading}
          onClick={() => void model.loadMore()}
        >
          {trans.__('… %1 more', more)}
        </button>
      )}
    </div>
  );
}

function Nothing(props: {
  filter: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element {
  const { filter, commands, trans } = props;
  if (filter) {
    return (
      <EmptyState message={trans.__('No job has "%1" in its name.', filter)} />
    );
  }
  return (
    <EmptyState
      message={trans.__(
        'No jobs yet. A job runs a notebook from top to bottom in the background and records what came out.'
      )}
      action={trans.__('Run a notebook as a job')}
      onAction={() => void commands.execute(CommandIDs.runAsJob)}
    />
  );
}
