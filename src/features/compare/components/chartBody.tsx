import type { TranslationBundle } from '@jupyterlab/translation';
import React, {
  Suspense,
  lazy,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';
import { asRequestError, isAbort } from '../../../client';
import type { RequestError } from '../../../client';
import type { Importance } from '../../../contract';
import type { CompareModel } from '../../../models/compareModel';
import type { SeriesModel, SeriesView } from '../../../models/seriesModel';
import type { ChartOf, ViewChart } from '../../../models/views';
import type { ILineGroup } from '../../../shared/charts/lineData';
import type { IChartColumn } from '../../../shared/charts/types';
import { Skeleton } from '../../../shared/emptyState';
import { useSignal } from '../../../shared/useSignal';

/* Each is fetched when the first of its kind is drawn. */
const HistoryChart = lazy(async () => ({
  default: (await import('../../../shared/charts/historyChart')).HistoryChart
}));
const ScatterChart = lazy(async () => ({
  default: (await import('../../../shared/charts/scatterChart')).ScatterChart
}));
const ParallelChart = lazy(async () => ({
  default: (await import('../../../shared/charts/parallelChart')).ParallelChart
}));
const BoxChart = lazy(async () => ({
  default: (await import('../../../shared/charts/boxChart')).BoxChart
}));
const HistogramChart = lazy(async () => ({
  default: (await import('../../../shared/charts/histogramChart'))
    .HistogramChart
}));
const HeatMapChart = lazy(async () => ({
  default: (await import('../../../shared/charts/heatMapChart')).HeatMapChart
}));
const ImportanceChart = lazy(async () => ({
  default: (await import('../../../shared/charts/importanceChart'))
    .ImportanceChart
}));

export interface IChartBodyProps<T extends ViewChart = ViewChart> {
  chart: T;
  title: string;
  model: CompareModel;
  series: SeriesModel;
  trans: TranslationBundle;
}

/** A chart of a view, drawn from what the comparison knows. */
export function ChartBody(props: IChartBodyProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  return (
    <Suspense
      fallback={<Skeleton rows={6} label={trans.__('Loading the chart')} />}
    >
      {drawn(props)}
    </Suspense>
  );
}

function drawn({ chart, ...rest }: IChartBodyProps): JSX.Element {
  const { model, title, trans } = rest;
  const base = { title, trials: model.drawn, focus: model.focus, trans };
  const column = (key: string) => model.column(key);
  const maybe = (key?: string | null) => (key ? model.column(key) : undefined);
  switch (chart.type) {
    case 'line':
      return <LineBody chart={chart} {...rest} />;
    case 'importance':
      return <ImportanceBody chart={chart} {...rest} />;
    case 'parallel':
      return <ParallelBody chart={chart} {...rest} />;
    case 'scatter':
      return (
        <ScatterChart
          {...base}
          x={column(chart.x)}
          y={column(chart.y)}
          colour={maybe(chart.colour)}
          size={maybe(chart.size)}
          logX={chart.log_x}
          logY={chart.log_y}
        />
      );
    case 'box':
      return (
        <BoxChart
          {...base}
          by={column(chart.by)}
          value={column(chart.value)}
          log={chart.log}
        />
      );
    case 'histogram':
      return (
        <HistogramChart
          {...base}
          value={column(chart.value)}
          bins={chart.bins}
        />
      );
    case 'heatmap':
      return (
        <HeatMapChart
          {...base}
          x={column(chart.x)}
          y={column(chart.y)}
          value={column(chart.value)}
        />
      );
  }
}

/** Axes are the same array while they are the same: another one draws everything again. */
function ParallelBody(
  props: IChartBodyProps<ChartOf<'parallel'>>
): JSX.Element {
  const { chart, model, title, trans } = props;
  const axes = chart.keys.map(key => model.column(key));
  const columns = useSame(axes);
  return (
    <ParallelChart
      title={title}
      trials={model.drawn}
      focus={model.focus}
      trans={trans}
      columns={columns}
      log={chart.log}
      colour={chart.colour ? model.column(chart.colour) : undefined}
    />
  );
}

function useSame(columns: IChartColumn[]): IChartColumn[] {
  const kept = useRef(columns);
  const isSame =
    kept.current.length === columns.length &&
    kept.current.every((each, index) => each === columns[index]);
  if (!isSame) {
    kept.current = columns;
  }
  return kept.current;
}

function LineBody(props: IChartBodyProps<ChartOf<'line'>>): JSX.Element | null {
  const { chart, model, series, title, trans } = props;
  const [source, setSource] = useState<SeriesView | null>(null);
  const need = JSON.stringify([chart.metrics, chart.x, chart.x_metric]);
  useEffect(() => {
    const [metrics, x, x_metric] = JSON.parse(need) as [
      string[],
      ChartOf<'line'>['x'],
      string | null | undefined
    ];
    const opened = series.open({ metrics, x, x_metric });
    setSource(opened);
    return () => opened.dispose();
  }, [series, need]);
  const { drawn } = model;
  const by = chart.group_by ? model.column(chart.group_by) : null;
  const groups = useMemo(
    () => by && groupsOf(by, drawn, trans),
    [by, drawn, trans]
  );
  return source && !source.isDisposed ? (
    <HistoryChart
      source={source}
      title={title}
      options={chart}
      trials={drawn}
      focus={model.focus}
      groups={groups ?? undefined}
      sync={series.id}
      trans={trans}
    />
  ) : null;
}

/** Trials with the same value of a column. A group has the colour of its first trial. */
export function groupsOf(
  column: IChartColumn,
  trials: CompareModel['drawn'],
  trans: TranslationBundle
): ILineGroup[] {
  const groups = new Map<string, { colour: number; runIds: string[] }>();
  trials.forEach(({ id, colour }, index) => {
    const value = column.values[index] ?? null;
    const label = value === null ? trans.__('(no value)') : String(value);
    const group = groups.get(label) ?? { colour, runIds: [] };
    group.runIds.push(id);
    groups.set(label, group);
  });
  return [...groups].map(([label, group]) => ({ label, ...group }));
}

/** Asked of the server when the trials are others. */
function ImportanceBody(
  props: IChartBodyProps<ChartOf<'importance'>>
): JSX.Element {
  const { chart, model, title, trans } = props;
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
    <ImportanceChart
      title={title}
      focus={model.focus}
      trans={trans}
      importance={importance}
      error={error ? `${error.message} ${error.hint}`.trim() : undefined}
      onRetry={() => setTurn(turn + 1)}
    />
  );
}
