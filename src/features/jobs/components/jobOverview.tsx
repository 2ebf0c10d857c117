import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { JobDetail } from '../../../contract';
import type { JobModel } from '../../../models/jobModel';
import { isActive } from '../../../models/jobStates';
import type { MetricsModel } from '../../../models/metricsModel';
import { AnsiBlock } from '../../../shared/ansiLine';
import { Skeleton } from '../../../shared/emptyState';
import {
  formatDuration,
  formatMemory,
  formatSize,
  formatTime,
  formatValue
} from '../../../shared/format';
import { useNow, useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';
import { guarded } from '../commands';
import { environmentFacts, limitsText } from '../environment';
import { openFailingCell } from '../outputs';
import { MetricsOverview } from './jobMetrics';
import { TimeLine } from './timeLine';

export interface IJobOverviewProps {
  model: JobModel;
  metrics: MetricsModel;
  commands: CommandRegistry;
  documents: IDocumentManager;
  trans: TranslationBundle;
  /** Show all metrics. */
  onMetrics: () => void;
}

/** The first view of a job: why it failed, what it did when, what it is. */
export function JobOverview(props: IJobOverviewProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const { job } = model;
  const now = useNow(job !== null && isActive(job));
  if (!job) {
    return (
      <div className="jp-StudioOverview">
        {!model.error && (
          <Skeleton rows={6} label={trans.__('Loading the job')} />
        )}
      </div>
    );
  }
  return (
    <div className="jp-StudioOverview">
      {job.status === 'Failed' && <Failure {...props} job={job} />}
      <section aria-label={trans.__('Time line')}>
        <h2>{trans.__('Time line')}</h2>
        <TimeLine job={job} now={now} trans={trans} />
      </section>
      <MetricsOverview
        model={props.metrics}
        job={model}
        trans={trans}
        onMore={props.onMetrics}
      />
      <div className="jp-StudioOverview-columns">
        <Parameters job={job} trans={trans} />
        <About {...props} job={job} />
      </div>
    </div>
  );
}

type PartProps = IJobOverviewProps & { job: JobDetail };

/** A name, its value, and what the tool tip says. */
type Fact = [string, React.ReactNode, string?];

function Failure(props: PartProps): JSX.Element {
  const { job, commands, documents, trans } = props;
  const exit = job.exit;
  return (
    <section
      className="jp-StudioFailure"
      aria-label={trans.__('Why the job failed')}
    >
      <h2>{exit?.message || job.message || trans.__('The job failed.')}</h2>
      <div className="jp-StudioFailure-buttons">
        {exit?.cell != null && (
          <button
            type="button"
            className="jp-StudioButton jp-mod-accept"
            onClick={() =>
              void guarded(() => openFailingCell(job, documents, trans), trans)
            }
          >
            {trans.__('Open failing cell')}
          </button>
        )}
        <button
          type="button"
          className="jp-StudioButton"
          onClick={() =>
            void commands.execute(CommandIDs.showLog, { id: job.id })
          }
        >
          {trans.__('Show log')}
        </button>
        <button
          type="button"
          className="jp-StudioButton"
          onClick={() =>
            void commands.execute(CommandIDs.runAgain, { id: job.id })
          }
        >
          {trans.__('Run again')}
        </button>
      </div>
      {exit?.cell_source && (
        <>
          <h3>
            {exit.cell !== null
              ? trans.__('Cell %1', exit.cell)
              : trans.__('Failing cell')}
          </h3>
          <pre className="jp-StudioFailure-source">{exit.cell_source}</pre>
        </>
      )}
      {exit?.traceback && <AnsiBlock text={exit.traceback} />}
    </section>
  );
}

function Parameters(props: {
  job: JobDetail;
  trans: TranslationBundle;
}): JSX.Element {
  const { job, trans } = props;
  const entries = Object.entries(job.parameters);
  return (
    <section aria-label={trans.__('Parameters')}>
      <h2>{trans.__('Parameters')}</h2>
      {entries.length === 0 ? (
        <p className="jp-StudioOverview-none">{trans.__('None')}</p>
      ) : (
        <dl className="jp-StudioFacts">
          {entries.map(([name, value]) => (
            <React.Fragment key={name}>
              <dt>
                <code>{name}</code>
              </dt>
              <dd title={formatValue(value, 2000)}>{formatValue(value, 80)}</dd>
            </React.Fragment>
          ))}
        </dl>
      )}
    </section>
  );
}

function About(props: PartProps): JSX.Element {
  const { job, commands, trans } = props;
  const { snapshot, resources, exit, trial } = job;
  const facts: Fact[] = [
    [
      trans.__('Trial'),
      <button
        key="trial"
        type="button"
        className="jp-StudioLink"
        title={trial.run_id ?? trans.__('Not recorded yet')}
        onClick={() =>
          void (trial.run_id
            ? commands.execute(CommandIDs.showTrial, {
                experiment: trial.experiment,
                run: trial.run_id
              })
            : commands.execute(CommandIDs.openExperiment, {
                name: trial.experiment
              }))
        }
      >
        {trial.run_id
          ? `${trial.experiment} / ${trial.run_id.slice(0, 8)}`
          : trial.experiment}
      </button>
    ],
    [trans.__('Notebook'), job.notebook],
    ...environmentFacts(job, trans),
    [trans.__('Limits'), limitsText(resources, trans)]
  ];
  if (job.lag_bytes > 0) {
    facts.push([
      trans.__('Not in MLflow yet'),
      trans.__('%1 of what it logged', formatSize(job.lag_bytes)),
      trans.__('It is kept, and gets there by itself.')
    ]);
  }
  if (exit?.peak_memory_bytes != null || exit?.cpu_seconds != null) {
    facts.push([
      trans.__('Used'),
      [
        exit.peak_memory_bytes !== null
          ? trans.__('%1 at most', formatMemory(exit.peak_memory_bytes))
          : '',
        exit.cpu_seconds !== null
          ? trans.__('%1 of CPU', formatDuration(exit.cpu_seconds))
          : ''
      ]
        .filter(Boolean)
        .join(', ')
    ]);
  }
  if (snapshot?.git_commit) {
    facts.push([
      trans.__('Commit'),
      <code key="commit">{snapshot.git_commit.slice(0, 10)}</code>,
      [snapshot.git_commit, snapshot.git_remote].filter(Boolean).join('\n')
    ]);
    if (snapshot.git_dirty) {
      facts.push([
        trans.__('Changes'),
        trans.__('The folder had changes that were not committed.')
      ]);
    }
  }
  if (snapshot) {
    facts.push([
      trans.__('Copied'),
      `${trans._n('%1 file', '%1 files', snapshot.files)}, ${formatSize(snapshot.size_bytes)}`,
      snapshot.source
    ]);
    if (snapshot.left_out.length > 0) {
      facts.push([
        trans.__('Not copied'),
        trans._n(
          '%1 large file or folder',
          '%1 large files or folders',
          snapshot.left_out.length
        ),
        snapshot.left_out.slice(0, 50).join('\n')
      ]);
    }
  }
  facts.push(
    [trans.__('Submitted'), `${formatTime(job.created)}, ${job.user}`],
    [
      trans.__('ID'),
      <button
        key="id"
        type="button"
        className="jp-StudioLink"
        title={trans.__('Copy')}
        onClick={() => void commands.execute(CommandIDs.copyId, { id: job.id })}
      >
        <code>{job.id}</code>
      </button>
    ],
    [trans.__('Directory'), job.directory]
  );
  return (
    <section aria-label={trans.__('About')}>
      <h2>{trans.__('About')}</h2>
      <dl className="jp-StudioFacts">
        {facts.map(([name, value, title]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd title={title || undefined}>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
    </section>
  );
}
