import React, { useMemo } from 'react';
import type { ViewReport } from '../contract';
import { chartTitle } from '../features/compare/chartWords';
import type { ChartOf, ViewChart } from '../models/views';
import { BoxChart } from '../shared/charts/boxChart';
import { HeatMapChart } from '../shared/charts/heatMapChart';
import { HistogramChart } from '../shared/charts/histogramChart';
import { ImportanceChart } from '../shared/charts/importanceChart';
import { LineChart } from '../shared/charts/lineChart';
import { lineGroups } from '../shared/charts/lineGroups';
import { ParallelChart } from '../shared/charts/parallelChart';
import { ScatterChart } from '../shared/charts/scatterChart';
import type {
  IChartColumn,
  IChartTrial,
  ITrialFocus
} from '../shared/charts/types';
import { seriesOf } from './reportData';
import { trans } from './trans';

export interface IReportChartProps<T extends ViewChart = ViewChart> {
  chart: T;
  report: ViewReport;
  trials: readonly IChartTrial[];
  column: (key: string) => IChartColumn;
  focus: ITrialFocus;
}

/** A chart of a view, drawn from what the report holds. */
export function ReportChart(props: IReportChartProps): JSX.Element {
  const { chart, report, trials, column, focus } = props;
  const base = { title: chartTitle(chart, trans), trials, focus, trans };
  const maybe = (key?: string | null) => (key ? column(key) : undefined);
  switch (chart.type) {
    case 'line':
      return <Lines {...props} chart={chart} />;
    case 'parallel':
      return <Parallel {...props} chart={chart} />;
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
    case 'importance': {
      const found = report.importances.find(each => each.chart === chart.id);
      return (
        <ImportanceChart {...base} importance={found?.importance ?? null} />
      );
    }
  }
}

function Lines(props: IReportChartProps<ChartOf<'line'>>): JSX.Element {
  const { chart, report, trials, column, focus } = props;
  const series = useMemo(() => {
    const found = report.histories.find(each => each.chart === chart.id);
    return seriesOf(found?.series ?? []);
  }, [report, chart]);
  const by = chart.group_by ? column(chart.group_by) : null;
  const groups = useMemo(
    () => (by ? lineGroups(by, trials, trans) : undefined),
    [by, trials]
  );
  return (
    <LineChart
      title={chartTitle(chart, trans)}
      series={series}
      options={chart}
      trials={trials}
      groups={groups}
      focus={focus}
      sync="report"
      trans={trans}
    />
  );
}

function Parallel(props: IReportChartProps<ChartOf<'parallel'>>): JSX.Element {
  const { chart, trials, column, focus } = props;
  const columns = useMemo(() => chart.keys.map(column), [chart, column]);
  return (
    <ParallelChart
      title={chartTitle(chart, trans)}
      trials={trials}
      focus={focus}
      trans={trans}
      columns={columns}
      log={chart.log}
      colour={chart.colour ? column(chart.colour) : undefined}
    />
  );
}
