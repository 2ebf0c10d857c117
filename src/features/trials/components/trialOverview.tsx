import { Clipboard } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { TrialDetail, TrialRelative } from '../../../contract';
import type { TrialModel } from '../../../models/trialModel';
import { Skeleton } from '../../../shared/emptyState';
import {
  formatAgo,
  formatDuration,
  formatSize,
  formatTime
} from '../../../shared/format';
import { FewMetricCharts } from '../../../shared/metricCharts';
import { StatusIcon } from '../../../shared/statusIcon';
import { trialWord } from '../../../models/trialWords';
import { useSignal } from '../../../shared/useSignal';
import type { NoteDraft } from '../noteDraft';
import type { TrialDeeds } from '../trialDeeds';
import type { TrialTabName } from '../trialTabs';
import { Facts } from './facts';
import type { Fact } from './facts';
import { NoteEditor } from './noteEditor';
import { TrialTags } from './trialTags';

export interface ITrialOverviewProps {
  model: TrialModel;
  deeds: TrialDeeds;
  draft: NoteDraft;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
  onTab: (name: TrialTabName) => void;
}

/** The first view of a trial: why it failed, the note, how it went, what it belongs to. */
export function TrialOverview(props: ITrialOverviewProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const { detail } = model;
  if (!detail) {
    return (
      <div className="jp-StudioOverview">
        {!model.error && (
          <Skeleton rows={8} label={trans.__('Loading the trial')} />
        )}
      </div>
    );
  }
  return (
    <div className="jp-StudioOverview">
      {detail.failure && <Failure {...props} detail={detail} />}
      {detail.missing.length > 0 && (
        <p className="jp-StudioTrial-missing" role="status">
          {trans.__(
            'Something could not be read just now: %1',
            detail.missing.join(' ')
          )}
        </p>
      )}
      <NoteEditor {...props} />
      <Metrics {...props} detail={detail} />
      <div className="jp-StudioOverview-columns">
        <About {...props} detail={detail} />
        <TrialTags model={model} deeds={props.deeds} trans={trans} />
      </div>
      <Children {...props} detail={detail} />
    </div>
  );
}

type PartProps = ITrialOverviewProps & { detail: TrialDetail };

function Failure(props: PartProps): JSX.Element {
  const { detail, deeds, trans } = props;
  const { job } = detail;
  return (
    <section
      className="jp-StudioFailure"
      aria-label={trans.__('Why the trial did not end well')}
    >
      <h2 className="jp-StudioTrial-failure">{detail.failure}</h2>
      {job?.is_there && (
        <div className="jp-StudioFailure-buttons">
          <button
            type="button"
            className="jp-StudioButton jp-mod-accept"
            onClick={() => deeds.openJob(job.id)}
          >
            {trans.__('Open its job')}
          </button>
        </div>
      )}
    </section>
  );
}

function Metrics(props: PartProps): JSX.Element | null {
  const { model, detail, trans, onTab } = props;
  return model.metrics ? (
    <FewCharts
      model={model.metrics}
      detail={detail}
      trans={trans}
      onMore={() => onTab('metrics')}
    />
  ) : null;
}

function FewCharts(props: {
  model: NonNullable<TrialModel['metrics']>;
  detail: TrialDetail;
  trans: TranslationBundle;
  onMore: () => void;
}): JSX.Element {
  const { model, detail, trans, onMore } = props;
  useSignal(model.changed);
  return (
    <FewMetricCharts
      metrics={model.metrics}
      began={detail.trial.started}
      own={detail.trial.run_id}
      ownLabel={trans.__('trial')}
      onMore={onMore}
      trans={trans}
    />
  );
}

function About(props: PartProps): JSX.Element {
  const { detail, deeds, trans } = props;
  const { trial, job, parent } = detail;
  const now = Date.now() / 1000;
  const moment = (time: number | null): Fact[1] =>
    time === null ? '' : `${formatTime(time)} (${formatAgo(time, now, trans)})`;
  const page = deeds.mlflowPage(detail);
  const facts: Fact[] = [
    [trans.__('Started'), moment(trial.started)],
    [trans.__('Ended'), moment(trial.ended)],
    [
      trans.__('Took'),
      trial.started !== null && trial.ended !== null
        ? formatDuration(trial.ended - trial.started)
        : ''
    ],
    [trans.__('By'), trial.user ?? ''],
    [
      trans.__('Job'),
      !job ? (
        ''
      ) : job.is_there ? (
        <button
          type="button"
          className="jp-StudioLink"
          onClick={() => deeds.openJob(job.id)}
        >
          {job.name || job.id}
        </button>
      ) : (
        trans.__('%1, which was deleted', job.id)
      )
    ],
    [trans.__('Notebook'), detail.code.notebook],
    [
      trans.__('Belongs to'),
      parent ? <Relative {...props} relative={parent} /> : ''
    ],
    [
      trans.__('Models'),
      detail.models.length > 0
        ? detail.models.map(({ name, model_id }) => name || model_id).join(', ')
        : ''
    ],
    [
      trans.__('Registered as'),
      detail.versions.length > 0 ? <Versions {...props} /> : ''
    ],
    [
      trans.__('Not in MLflow yet'),
      trial.lag_bytes > 0
        ? trans.__('%1 of what it logged', formatSize(trial.lag_bytes))
        : ''
    ],
    [trans.__('Artefacts at'), detail.artifact_uri],
    [
      trans.__('MLflow'),
      page ? (
        <a
          className="jp-StudioLink"
          href={page}
          target="_blank"
          rel="noopener noreferrer"
        >
          {trans.__('Open in MLflow')}
        </a>
      ) : detail.mlflow_command ? (
        <span className="jp-StudioTrial-command">
          <code>{detail.mlflow_command}</code>
          <button
            type="button"
            className="jp-StudioLink"
            onClick={() => Clipboard.copyToSystem(detail.mlflow_command)}
          >
            {trans.__('Copy')}
          </button>
        </span>
      ) : (
        ''
      ),
      page
        ? ''
        : trans.__(
            'This starts MLflow’s own pages. Name their address in the settings (Studio: Trials), and a link stands here.'
          )
    ]
  ];
  return (
    <section aria-label={trans.__('About')}>
      <h2>{trans.__('About')}</h2>
      <Facts facts={facts} />
    </section>
  );
}

function Versions(props: PartProps): JSX.Element {
  const { detail, deeds, trans } = props;
  return (
    <ul className="jp-StudioTrial-versions">
      {detail.versions.map(({ name, version, aliases }) => (
        <li key={`${name}/${version}`}>
          <button
            type="button"
            className="jp-StudioLink"
            onClick={() => deeds.openModel(name, version)}
          >
            {trans.__('%1, version %2', name, version)}
          </button>
          {aliases.length > 0 && ` (${aliases.join(', ')})`}
        </li>
      ))}
    </ul>
  );
}

function Relative(props: PartProps & { relative: TrialRelative }): JSX.Element {
  const { relative, detail, deeds, trans } = props;
  const { run_id, name, status } = relative;
  const label = name || run_id.slice(0, 8);
  if (!status) {
    return <>{trans.__('%1, which was deleted', label)}</>;
  }
  const experiment = relative.experiment || detail.trial.experiment;
  return (
    <button
      type="button"
      className="jp-StudioLink"
      title={name}
      onClick={() => deeds.openTrial(run_id, experiment)}
    >
      {label}
    </button>
  );
}

function Children(props: PartProps): JSX.Element | null {
  const { model, detail, trans } = props;
  const { items, next_cursor } = detail.children;
  const [problem, setProblem] = useState('');
  const [isLoading, setLoading] = useState(false);
  if (items.length === 0) {
    return null;
  }
  const more = async () => {
    setLoading(true);
    setProblem((await model.moreChildren())?.message ?? '');
    setLoading(false);
  };
  return (
    <section aria-label={trans.__('Trials below it')}>
      <h2>{trans.__('Trials below it')}</h2>
      <table className="jp-StudioTable jp-StudioTrial-children">
        <tbody>
          {items.map(child => (
            <tr key={child.run_id}>
              <td>
                <StatusIcon
                  status={child.status}
                  label={trialWord(child.status, trans)}
                />
              </td>
              <td>
                <Relative {...props} relative={child} />
              </td>
              <td title={child.started ? formatTime(child.started) : ''}>
                {child.started
                  ? formatAgo(child.started, Date.now() / 1000, trans)
                  : ''}
              </td>
              <td className="jp-mod-numeric">
                {child.started && child.ended
                  ? formatDuration(child.ended - child.started)
                  : ''}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {problem && <p role="alert">{problem}</p>}
      {next_cursor && (
        <button
          type="button"
          className="jp-StudioLink jp-StudioOverview-more"
          disabled={isLoading}
          onClick={() => void more()}
        >
          {trans.__('Show more')}
        </button>
      )}
    </section>
  );
}
