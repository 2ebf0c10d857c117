import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useLayoutEffect, useState } from 'react';
import { asRequestError, isAbort } from '../../../client';
import type { RequestError } from '../../../client';
import type { Importance } from '../../../contract';
import type { CompareModel } from '../../../models/compareModel';
import type {
  ISeriesNeed,
  SeriesModel,
  SeriesView
} from '../../../models/seriesModel';
import type { ChartOf, ViewChart } from '../../../models/views';
import type { IChartChange } from '../../../shared/charts/chartSpec';
import { SpecChart } from '../../../shared/charts/specChart';
import type { ISpecChartProps } from '../../../shared/charts/specChart';
import { useSignal } from '../../../shared/useSignal';

export interface IChartBodyProps<T extends ViewChart = ViewChart> {
  chart: T;
  title: string;
  model: CompareModel;
  series: SeriesModel;
  onChange?: (change: IChartChange) => void;
  trans: TranslationBundle;
}

/** A chart of a view, drawn from what the comparison knows. */
export function ChartBody(props: IChartBodyProps): JSX.Element {
  const { chart, model } = props;
  useSignal(model.changed);
  switch (chart.type) {
    case 'line':
      return <LineBody {...props} chart={chart} />;
    case 'importance':
      return <ImportanceBody {...props} chart={chart} />;
    default:
      return <SpecChart {...knownOf(props)} />;
  }
}

/** What the comparison knows of any chart. */
function knownOf(props: IChartBodyProps): ISpecChartProps {
  const { chart, title, model, onChange, trans } = props;
  return {
    chart,
    title,
    trials: model.drawn,
    column: key => model.column(key),
    focus: model.focus,
    onChange,
    trans
  };
}

/** The histories that a chart of lines shows. */
export function needOf(chart: ChartOf<'line'>): ISeriesNeed {
  const { metrics, x, x_metric } = chart;
  return { metrics, x, x_metric };
}

function LineBody(props: IChartBodyProps<ChartOf<'line'>>): JSX.Element {
  const { chart, series } = props;
  const [source, setSource] = useState<SeriesView | null>(null);
  const need = JSON.stringify(needOf(chart));
  // Before it is painted: what is asked for is on its way meanwhile.
  useLayoutEffect(() => {
    const opened = series.open(JSON.parse(need));
    setSource(opened);
    return () => opened.dispose();
  }, [series, need]);
  return (
    <SpecChart
      {...knownOf(props)}
      histories={source && !source.isDisposed ? source : null}
      sync={series.id}
    />
  );
}

/** Asked of the server when the trials are others. */
function ImportanceBody(
  props: IChartBodyProps<ChartOf<'importance'>>
): JSX.Element {
  const { chart, model } = props;
  /** The last answer, and what it was asked for: it says nothing of another metric. */
  const [found, setFound] = useState<{
    asked: string;
    importance: Importance | null;
    error: RequestError | null;
  } | null>(null);
  const [turn, setTurn] = useState(0);
  const { metric } = chart;
  const asked = JSON.stringify({ sources: model.view.sources ?? [], metric });
  // Values that came since matter, too.
  const values = model.column(metric);
  useEffect(() => {
    const abort = new AbortController();
    model.client.trials.importance(JSON.parse(asked), abort.signal).then(
      importance => setFound({ asked, importance, error: null }),
      reason => {
        if (!isAbort(reason)) {
          const error = asRequestError(reason);
          setFound(was => ({
            asked,
            importance: was?.asked === asked ? was.importance : null,
            error
          }));
        }
      }
    );
    return () => abort.abort();
  }, [model, asked, values, turn]);
  const { importance = null, error = null } =
    found?.asked === asked ? found : {};
  return (
    <SpecChart
      {...knownOf(props)}
      importance={importance}
      error={error ? `${error.message} ${error.hint}`.trim() : undefined}
      onRetry={() => setTurn(turn + 1)}
    />
  );
}
