import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo, useState } from 'react';
import type { TrialModel } from '../../../models/trialModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { formatValue } from '../../../shared/format';
import { useSignal } from '../../../shared/useSignal';

/** Rows drawn at once, and with each wish for more. */
const PORTION = 500;

export interface ITrialParametersProps {
  model: TrialModel;
  trans: TranslationBundle;
}

/** All parameters by name; thousands are shown in portions. */
export function TrialParameters(props: ITrialParametersProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const [text, setText] = useState('');
  const [most, setMost] = useState(PORTION);
  const parameters = model.detail?.trial.parameters;
  const entries = useMemo(
    () =>
      Object.entries(parameters ?? {}).sort(([a], [b]) =>
        a.localeCompare(b, undefined, { numeric: true })
      ),
    [parameters]
  );
  const wanted = text.trim().toLowerCase();
  const found = useMemo(
    () =>
      entries.filter(
        ([name, value]) =>
          name.toLowerCase().includes(wanted) ||
          value.toLowerCase().includes(wanted)
      ),
    [entries, wanted]
  );
  if (!parameters) {
    return (
      <div className="jp-StudioOverview">
        <Skeleton rows={6} label={trans.__('Loading the parameters')} />
      </div>
    );
  }
  if (entries.length === 0) {
    return (
      <EmptyState
        message={trans.__(
          'The trial has no parameters. Those of the job, and each mlflow.log_param("depth", 6), stand here.'
        )}
      />
    );
  }
  return (
    <div className="jp-StudioOverview">
      <div className="jp-StudioMetrics-bar">
        {entries.length > 10 && (
          <input
            className="jp-StudioInput"
            type="search"
            placeholder={trans.__('Filter parameters')}
            aria-label={trans.__('Filter parameters')}
            value={text}
            onChange={event => {
              setText(event.target.value);
              setMost(PORTION);
            }}
          />
        )}
        <span className="jp-StudioMetrics-remark">
          {trans.__(
            '%1 of %2',
            found.length.toLocaleString(),
            entries.length.toLocaleString()
          )}
        </span>
      </div>
      <table className="jp-StudioTable jp-StudioTrial-parameters">
        <thead>
          <tr>
            <th scope="col">{trans.__('Parameter')}</th>
            <th scope="col">{trans.__('Value')}</th>
          </tr>
        </thead>
        <tbody>
          {found.slice(0, most).map(([name, value]) => (
            <tr key={name}>
              <td title={name}>{name}</td>
              <td title={value}>{formatValue(value, 500)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.length > most && (
        <div>
          <button
            type="button"
            className="jp-StudioButton"
            onClick={() => setMost(most + PORTION)}
          >
            {trans.__(
              'Show %1 more',
              Math.min(PORTION, found.length - most).toLocaleString()
            )}
          </button>
        </div>
      )}
    </div>
  );
}
