import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import React from 'react';
import type { TrialDetail } from '../../../contract';
import type { TrialModel } from '../../../models/trialModel';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatDuration } from '../../../shared/format';
import { StatusIcon } from '../../../shared/statusIcon';
import { Tabs } from '../../../shared/tabs';
import { trialWord } from '../../../models/trialWords';
import { useNow, useSignal } from '../../../shared/useSignal';
import type { TrialDeeds } from '../trialDeeds';
import type { TrialTabName } from '../trialTabs';

export interface ITrialHeaderProps {
  model: TrialModel;
  deeds: TrialDeeds;
  trans: TranslationBundle;
  tabChanged: ISignal<unknown, TrialTabName>;
  currentTab: () => TrialTabName;
  onTab: (name: TrialTabName) => void;
}

/** What the trial is, how it went, what can be done, and which view is shown. */
export function TrialHeader(props: ITrialHeaderProps): JSX.Element {
  const { model, deeds, trans, tabChanged, currentTab, onTab } = props;
  useSignal(model.changed);
  useSignal(tabChanged);
  const { detail, error } = model;
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
      {detail && model.isDeleted && (
        <ErrorBanner
          message={trans.__('This trial was deleted.')}
          hint={trans.__('What is shown here can be restored.')}
          action={trans.__('Restore')}
          onAction={() => void deeds.restore()}
        />
      )}
      {detail ? (
        <Summary {...props} detail={detail} />
      ) : (
        <div className="jp-StudioJob-summary" />
      )}
      <Tabs
        labels={tabLabels(detail, trans)}
        current={currentTab()}
        onTab={onTab}
        label={trans.__('Views of the trial')}
      />
    </header>
  );
}

function Summary(
  props: ITrialHeaderProps & { detail: TrialDetail }
): JSX.Element {
  const { model, detail, deeds, trans } = props;
  const { trial } = detail;
  const now = useNow(model.isRunning);
  const seconds =
    trial.started === null
      ? null
      : Math.max(0, (trial.ended ?? now) - trial.started);
  const isOver = trial.ended !== null || trial.status !== 'RUNNING';
  return (
    <div className="jp-StudioJob-summary">
      <div className="jp-StudioJob-what">
        <h1 className="jp-StudioJob-name" title={trial.name}>
          {trial.name || trans.__('(no name)')}
        </h1>
        <button
          type="button"
          className="jp-StudioLink jp-StudioTrial-experiment"
          title={trans.__('Show it in the table of %1', trial.experiment)}
          onClick={() => deeds.openExperiment()}
        >
          {trial.experiment}
        </button>
      </div>
      <div className="jp-StudioJob-buttons">
        {deeds.available(detail).map(({ label, title, execute }) => (
          <button
            key={label}
            type="button"
            className="jp-StudioButton"
            title={title}
            onClick={execute}
          >
            {label}
          </button>
        ))}
      </div>
      <div className="jp-StudioJob-state">
        <StatusIcon status={trial.status} />
        <span className="jp-StudioJob-word" aria-live="polite">
          {trialWord(trial.status, trans)}
        </span>
        {seconds !== null && (isOver ? trial.ended !== null : true) && (
          <span className="jp-StudioJob-elapsed" title={trans.__('Run time')}>
            {formatDuration(seconds)}
          </span>
        )}
        <button
          type="button"
          className="jp-StudioLink"
          title={trans.__('Copy the run id %1', trial.run_id)}
          onClick={() => Clipboard.copyToSystem(trial.run_id)}
        >
          <code>{trial.run_id.slice(0, 8)}</code>
        </button>
        <span className="jp-StudioJob-progress" title={detail.failure}>
          {detail.failure.split('\n')[0]}
        </span>
      </div>
    </div>
  );
}

/** What the views are called, in their order. */
export function tabLabels(
  detail: TrialDetail | null,
  trans: TranslationBundle
): Record<TrialTabName, string> {
  const counted = (label: string, count: number | undefined) =>
    count ? `${label} (${count.toLocaleString()})` : label;
  const parameters = detail && Object.keys(detail.trial.parameters).length;
  return {
    overview: trans.__('Overview'),
    metrics: counted(trans.__('Metrics'), detail?.metrics.length),
    parameters: counted(trans.__('Parameters'), parameters ?? 0),
    artifacts: trans.__('Artefacts'),
    code: trans.__('Code'),
    environment: trans.__('Environment'),
    data: counted(trans.__('Data'), detail?.inputs.length)
  };
}
