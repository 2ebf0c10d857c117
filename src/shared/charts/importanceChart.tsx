import React, { useMemo } from 'react';
import { Skeleton } from '../emptyState';
import { EChart } from './eChart';
import type { IChartBaseProps } from './eChart';
import { drawImportance } from './importance';
import type { IImportance } from './importance';

export interface IImportanceChartProps extends Omit<IChartBaseProps, 'trials'> {
  /** Null before the first answer. */
  importance: IImportance | null;
  /** Why it could not be asked for, in a sentence; what was known stays. */
  error?: string;
  /** Ask again after an error. */
  onRetry?: () => void;
}

const NO_TRIALS: [] = [];

/** How much each parameter matters for a metric. */
export function ImportanceChart(props: IImportanceChartProps): JSX.Element {
  const { importance, error, onRetry, title, trans, height = 220 } = props;
  const drawing = useMemo(
    () => importance && drawImportance(importance, trans),
    [importance, trans]
  );
  return (
    <>
      {error && (
        <p className="jp-StudioChart-note jp-mod-error" role="alert">
          {error}
          {onRetry && (
            <button type="button" className="jp-StudioButton" onClick={onRetry}>
              {trans.__('Try again')}
            </button>
          )}
        </p>
      )}
      {drawing ? (
        <EChart {...props} trials={NO_TRIALS} drawing={drawing} />
      ) : (
        !error && (
          <div style={{ height }} aria-label={title}>
            <Skeleton
              rows={5}
              label={trans.__('Working out which parameters matter…')}
            />
          </div>
        )
      )}
    </>
  );
}
