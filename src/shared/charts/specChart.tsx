import type { TranslationBundle } from '@jupyterlab/translation';
import React, {
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef
} from 'react';
import { Skeleton } from '../emptyState';
import { fetched } from '../fetched';
import type { ChartSpec, ChartSpecOf, IChartChange } from './chartSpec';
import type { ISeriesSource } from './historyChart';
import type { IImportance } from './importance';
import { lineGroups } from './lineGroups';
import type { IChartColumn, IChartTrial, ITrialFocus } from './types';

/* Each is fetched when the first of its kind is drawn. */
const HistoryChart = fetched(
  async () => (await import('./historyChart')).HistoryChart
);
const ScatterChart = fetched(
  async () => (await import('./scatterChart')).ScatterChart
);
const ParallelChart = fetched(
  async () => (await import('./parallelChart')).ParallelChart
);
const BoxChart = fetched(async () => (await import('./boxChart')).BoxChart);
const HistogramChart = fetched(
  async () => (await import('./histogramChart')).HistogramChart
);
const HeatMapChart = fetched(
  async () => (await import('./heatMapChart')).HeatMapChart
);
const ImportanceChart = fetched(
  async () => (await import('./importanceChart')).ImportanceChart
);

/** Fetch what lines are drawn with, while it is still asked what they show. */
export function prepareLines(): void {
  // Whoever draws asks again.
  void Promise.all([HistoryChart.prepare(), import('uplot')]).catch(
    () => undefined
  );
}

export interface ISpecChartProps<T extends ChartSpec = ChartSpec> {
  chart: T;
  title: string;
  /** Those that are drawn. */
  trials: readonly IChartTrial[];
  /** A column of these trials: the same object while its values are the same. */
  column: (key: string) => IChartColumn;
  focus: ITrialFocus;
  /** Of a chart of lines; null while there are none. */
  histories?: ISeriesSource | null;
  /** Charts of lines with the same key share their crosshair. */
  sync?: string;
  /** Of a chart of the importance of parameters; null before the first answer. */
  importance?: IImportance | null;
  /** Why it could not be asked for. */
  error?: string;
  onRetry?: () => void;
  /** Somebody changed the chart itself, which is to be kept; without it axes stay in their order. */
  onChange?: (change: IChartChange) => void;
  trans: TranslationBundle;
}

/** A chart drawn from what it is to show, and the values of the trials. */
export function SpecChart(props: ISpecChartProps): JSX.Element {
  const { title, trans } = props;
  return (
    <Suspense
      fallback={
        <Skeleton rows={6} label={trans.__('Loading the chart %1', title)} />
      }
    >
      {drawn(props)}
    </Suspense>
  );
}

function drawn({ chart, ...rest }: ISpecChartProps): JSX.Element | null {
  const { title, trials, column, focus, trans } = rest;
  const base = { title, trials, focus, trans };
  const maybe = (key?: string | null) => (key ? column(key) : undefined);
  switch (chart.type) {
    case 'line':
      return <Lines chart={chart} {...rest} />;
    case 'parallel':
      return <Parallel chart={chart} {...rest} />;
    case 'importance':
      return (
        <ImportanceChart
          {...base}
          importance={rest.importance ?? null}
          error={rest.error}
          onRetry={rest.onRetry}
        />
      );
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

function Lines(
  props: ISpecChartProps<ChartSpecOf<'line'>>
): JSX.Element | null {
  const { chart, title, trials, column, focus, histories, sync, trans } = props;
  const by = chart.group_by ? column(chart.group_by) : null;
  const groups = useMemo(
    () => (by ? lineGroups(by, trials, trans) : undefined),
    [by, trials, trans]
  );
  const { onChange } = props;
  const onLog = useCallback(
    (log_y: boolean) => onChange?.({ log_y }),
    [onChange]
  );
  return histories ? (
    <HistoryChart
      source={histories}
      title={title}
      options={chart}
      trials={trials}
      groups={groups}
      focus={focus}
      sync={sync}
      onLog={onLog}
      trans={trans}
    />
  ) : null;
}

function Parallel(
  props: ISpecChartProps<ChartSpecOf<'parallel'>>
): JSX.Element {
  const { chart, title, trials, column, focus, onChange, trans } = props;
  const columns = useSame(chart.keys.map(column));
  return (
    <ParallelChart
      title={title}
      trials={trials}
      focus={focus}
      trans={trans}
      columns={columns}
      log={chart.log}
      colour={chart.colour ? column(chart.colour) : undefined}
      onOrder={onChange && (keys => onChange({ keys }))}
    />
  );
}

/** The same array while the columns are the same: for another one everything is drawn again. */
function useSame(columns: IChartColumn[]): IChartColumn[] {
  const kept = useRef(columns);
  const isSame =
    kept.current.length === columns.length &&
    kept.current.every((each, index) => each === columns[index]);
  const same = isSame ? kept.current : columns;
  useEffect(() => {
    kept.current = same;
  }, [same]);
  return same;
}
