import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { LogModel } from '../../../models/logModel';
import { Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { LogView } from '../../../shared/logView';
import { useSignal } from '../../../shared/useSignal';

/** The log of a job. */
export function JobLog(props: {
  model: LogModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  return (
    <div className="jp-StudioJobLog">
      {model.error && (
        <ErrorBanner
          message={model.error.message}
          hint={model.error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.refresh()}
        />
      )}
      {model.isReady ? (
        <LogView
          lines={model.lines}
          skipped={model.skipped}
          isComplete={model.isComplete}
          trans={trans}
          onEarlier={() => void model.loadEarlier()}
        />
      ) : (
        !model.error && (
          <Skeleton rows={8} label={trans.__('Loading the log')} />
        )
      )}
    </div>
  );
}
