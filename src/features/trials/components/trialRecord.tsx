import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { TrialDetail, TrialInput } from '../../../contract';
import type { TrialModel } from '../../../models/trialModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { formatSize } from '../../../shared/format';
import type { INotebookParts } from '../../../shared/readOnlyNotebook';
import { useSignal } from '../../../shared/useSignal';
import type { TrialDeeds } from '../trialDeeds';
import { ArtifactPreviewPane } from './artifactPreview';
import { Facts } from './facts';

export interface ITrialRecordProps {
  model: TrialModel;
  deeds: TrialDeeds;
  parts: INotebookParts | null;
  /** Show one of the artefacts. */
  onArtifact: (path: string) => void;
  trans: TranslationBundle;
}

/** What ran: notebook, commit, and what was in no commit. */
export function TrialCode(props: ITrialRecordProps): JSX.Element {
  const { deeds, onArtifact, trans } = props;
  return (
    <Ready {...props}>
      {({ code, job }) => (
        <>
          <section aria-label={trans.__('Code')}>
            <h2>{trans.__('Code')}</h2>
            <Facts
              facts={[
                [
                  trans.__('Notebook'),
                  code.notebook.endsWith('.ipynb') ? (
                    <button
                      type="button"
                      className="jp-StudioLink"
                      onClick={() => void deeds.openNotebook()}
                    >
                      {code.notebook}
                    </button>
                  ) : (
                    code.notebook
                  )
                ],
                [
                  trans.__('As it ran'),
                  code.output ? (
                    <button
                      type="button"
                      className="jp-StudioLink"
                      onClick={() => onArtifact(code.output)}
                    >
                      {code.output}
                    </button>
                  ) : (
                    ''
                  )
                ],
                [
                  trans.__('SHA-256'),
                  code.notebook_sha256 ? (
                    <code>{code.notebook_sha256.slice(0, 16)}</code>
                  ) : (
                    ''
                  ),
                  code.notebook_sha256
                ],
                [
                  trans.__('Commit'),
                  code.commit ? <code>{code.commit}</code> : ''
                ],
                [trans.__('Repository'), code.remote],
                [
                  trans.__('In no commit'),
                  code.dirty === null
                    ? ''
                    : code.dirty
                      ? trans.__('There were changes.')
                      : trans.__('Nothing: the folder was as committed.')
                ],
                [trans.__('Copied from'), code.source],
                [
                  trans.__('Copy'),
                  job?.is_there ? (
                    <button
                      type="button"
                      className="jp-StudioLink"
                      onClick={() => deeds.openJobFiles(job.id)}
                    >
                      {trans.__('Files of the job')}
                    </button>
                  ) : (
                    ''
                  )
                ]
              ]}
            />
          </section>
          {code.changes ? (
            <section aria-label={trans.__('Changes in no commit')}>
              <h2>{trans.__('Changes in no commit')}</h2>
              <Artifact {...props} path={code.changes} />
            </section>
          ) : (
            !code.notebook &&
            !code.commit && (
              <EmptyState
                message={trans.__(
                  'Nothing was recorded of the code. Run a notebook as a job, and its commit and changes stand here.'
                )}
              />
            )
          )}
        </>
      )}
    </Ready>
  );
}

/** What it ran in and on. */
export function TrialEnvironment(props: ITrialRecordProps): JSX.Element {
  const { trans } = props;
  return (
    <Ready {...props}>
      {({ environment }) => {
        const said = Object.values(environment).some(Boolean);
        return said ? (
          <>
            <section aria-label={trans.__('Environment')}>
              <h2>{trans.__('Environment')}</h2>
              <Facts
                facts={[
                  [trans.__('Python'), environment.python],
                  [trans.__('System'), environment.platform],
                  [trans.__('Processors'), environment.cpus],
                  [trans.__('GPUs'), environment.gpus],
                  [trans.__('Where'), environment.runner],
                  [trans.__('Kernel'), environment.kernel],
                  [trans.__('Image'), environment.image, environment.image_id]
                ]}
              />
            </section>
            {environment.packages && (
              <section aria-label={trans.__('Packages')}>
                <h2>{trans.__('Packages')}</h2>
                <Artifact {...props} path={environment.packages} />
              </section>
            )}
            {environment.machine && (
              <section aria-label={trans.__('Machine')}>
                <h2>{trans.__('Machine')}</h2>
                <Artifact {...props} path={environment.machine} />
              </section>
            )}
          </>
        ) : (
          <EmptyState
            message={trans.__(
              'Nothing was recorded of the environment. Jobs record it when they are over.'
            )}
          />
        );
      }}
    </Ready>
  );
}

/** The data that it read. */
export function TrialData(props: ITrialRecordProps): JSX.Element {
  const { trans } = props;
  return (
    <Ready {...props}>
      {({ inputs }) =>
        inputs.length > 0 ? (
          <Inputs inputs={inputs} trans={trans} />
        ) : (
          <EmptyState
            message={trans.__(
              'No data was recorded. Jobs record the files and addresses that they read, when they are over.'
            )}
          />
        )
      }
    </Ready>
  );
}

function Inputs(props: {
  inputs: readonly TrialInput[];
  trans: TranslationBundle;
}): JSX.Element {
  const { inputs, trans } = props;
  const count = (value: number | null) => (
    <td className="jp-mod-numeric">{value?.toLocaleString() ?? ''}</td>
  );
  return (
    <table className="jp-StudioTable jp-StudioTrial-inputs">
      <thead>
        <tr>
          <th scope="col">{trans.__('Data')}</th>
          <th scope="col">{trans.__('Place')}</th>
          <th scope="col" className="jp-mod-numeric">
            {trans.__('Rows')}
          </th>
          <th scope="col" className="jp-mod-numeric">
            {trans.__('Columns')}
          </th>
          <th scope="col" className="jp-mod-numeric">
            {trans.__('Size')}
          </th>
          <th scope="col">{trans.__('Version')}</th>
          <th scope="col">{trans.__('Read for')}</th>
        </tr>
      </thead>
      <tbody>
        {inputs.map((input, at) => (
          <tr key={at}>
            <td title={input.name}>{input.name}</td>
            <td title={input.place}>{input.place || input.kind}</td>
            {count(input.rows)}
            {count(input.columns)}
            <td className="jp-mod-numeric">
              {input.size_bytes !== null ? formatSize(input.size_bytes) : ''}
              {input.files !== null &&
                ` (${trans._n('%1 file', '%1 files', input.files)})`}
            </td>
            <td
              title={
                input.sha256
                  ? trans.__('SHA-256 %1', input.sha256)
                  : input.digest
              }
            >
              <code>{input.digest.slice(0, 12)}</code>
            </td>
            <td>{input.context}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Artifact(props: ITrialRecordProps & { path: string }): JSX.Element {
  const { model, parts, path, trans } = props;
  return (
    <ArtifactPreviewPane
      client={model.client}
      path={path}
      version={model.detail?.trial.status ?? ''}
      parts={parts}
      trans={trans}
    />
  );
}

function Ready(props: {
  model: TrialModel;
  trans: TranslationBundle;
  children: (detail: TrialDetail) => React.ReactNode;
}): JSX.Element {
  const { model, trans, children } = props;
  useSignal(model.changed);
  return (
    <div className="jp-StudioOverview">
      {model.detail ? (
        children(model.detail)
      ) : (
        <Skeleton rows={6} label={trans.__('Loading the trial')} />
      )}
    </div>
  );
}
