import React from 'react';
import { EmptyState } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { CommandIDs } from '../../../tokens';
import type { ICompareHeaderProps } from './compareHeader';

/** What is wrong with the comparison, or missing in it. */
export function CompareNotices(props: ICompareHeaderProps): JSX.Element {
  const { model, file, commands, trans } = props;
  const { comparison, error, view } = model;
  const missing = comparison?.missing.length ?? 0;
  const isEmpty = file.isReady && (view.sources ?? []).length === 0;
  return (
    <>
      {file.error && (
        <ErrorBanner
          message={file.error.message}
          hint={file.error.hint}
          action={trans.__('Try again')}
          onAction={() => file.retry()}
        />
      )}
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.refresh()}
        />
      )}
      {comparison?.index.phase === 'away' && (
        <ErrorBanner
          message={
            comparison.index.message ||
            trans.__('The tracking store does not answer.')
          }
          hint={
            comparison.index.hint ||
            trans.__('What is shown was read before. It goes on by itself.')
          }
        />
      )}
      {missing > 0 && (
        <p className="jp-StudioCompare-note" role="status">
          {trans._n(
            '%1 trial is not there any more, or never was in this store.',
            '%1 trials are not there any more, or never were in this store.',
            missing
          )}
          <button
            type="button"
            className="jp-StudioLink"
            disabled={model.isReadOnly}
            onClick={() => model.remove(comparison?.missing ?? [])}
          >
            {trans.__('Take out of the view')}
          </button>
        </p>
      )}
      {comparison && comparison.left_out > 0 && (
        <p className="jp-StudioCompare-note" role="status">
          {trans._n(
            'A comparison takes at most 200 trials: %1 is left out.',
            'A comparison takes at most 200 trials: %1 are left out.',
            comparison.left_out
          )}
        </p>
      )}
      {isEmpty && !file.error && (
        <EmptyState
          message={trans.__(
            'Nothing is compared yet. Select trials in the table of an experiment and compare them, or add some here.'
          )}
          action={trans.__('Add trials')}
          onAction={() => void commands.execute(CommandIDs.addToComparison)}
        />
      )}
      {comparison && !isEmpty && model.trials.length === 0 && missing === 0 && (
        <EmptyState message={trans.__('No trial matches.')} />
      )}
    </>
  );
}
