import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';
import type { ArtifactsModel } from '../../../models/artifactsModel';
import type { TrialModel } from '../../../models/trialModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import type { INotebookParts } from '../../../shared/readOnlyNotebook';
import { useSignal } from '../../../shared/useSignal';
import { ArtifactPreviewPane } from './artifactPreview';
import { ArtifactTree } from './artifactTree';

export interface ITrialArtifactsProps {
  model: TrialModel;
  artifacts: ArtifactsModel;
  parts: INotebookParts | null;
  trans: TranslationBundle;
}

/** What the trial logged: the tree on the left, a look at a file on the right. */
export function TrialArtifacts(props: ITrialArtifactsProps): JSX.Element {
  const { model, artifacts, parts, trans } = props;
  useSignal(model.changed);
  useSignal(artifacts.changed);
  // What a job logged is there when the job is over.
  const { detail } = model;
  const version = `${detail?.trial.status}/${detail?.is_deleted}/${detail?.job?.status}`;
  useEffect(() => {
    void artifacts.refresh();
  }, [artifacts, version]);
  const [reads, setReads] = useState(0);
  const readAgain = () => {
    setReads(reads + 1);
    void artifacts.refresh();
  };
  const { error, isReady, rows, selected } = artifacts;
  return (
    <div className="jp-StudioArtifacts">
      <div className="jp-StudioArtifacts-side">
        <div className="jp-StudioArtifacts-bar">
          <span>{trans.__('Artefacts')}</span>
          <button
            type="button"
            className="jp-StudioIconButton"
            title={trans.__('Read them again')}
            aria-label={trans.__('Read them again')}
            onClick={readAgain}
          >
            <refreshIcon.react tag="span" />
          </button>
        </div>
        {error && <ErrorBanner message={error.message} hint={error.hint} />}
        {!isReady ? (
          !error && <Skeleton rows={6} label={trans.__('Loading')} />
        ) : rows.length === 0 ? (
          <EmptyState
            message={
              model.isRunning
                ? trans.__(
                    'No artefacts yet. What a job logs is here when it is over.'
                  )
                : trans.__(
                    'The trial has no artefacts. mlflow.log_artifact("plot.png") puts a file here.'
                  )
            }
          />
        ) : (
          <ArtifactTree model={artifacts} trans={trans} />
        )}
      </div>
      <div className="jp-StudioArtifacts-main">
        {selected ? (
          <ArtifactPreviewPane
            client={model.client}
            path={selected}
            version={`${version}/${reads}`}
            parts={parts}
            trans={trans}
          />
        ) : (
          rows.length > 0 && (
            <EmptyState message={trans.__('Choose a file to look at it.')} />
          )
        )}
      </div>
    </div>
  );
}
