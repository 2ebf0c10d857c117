import React, { useCallback, useMemo, useState } from 'react';
import type { ViewReport } from '../contract';
import { chartTitle } from '../features/compare/chartWords';
import type { ViewChart } from '../models/views';
import type { IChartChange } from '../shared/charts/chartSpec';
import { SpecChart } from '../shared/charts/specChart';
import type {
  IChartColumn,
  IChartTrial,
  ITrialFocus
} from '../shared/charts/types';
import { historiesOf } from './reportData';
import { trans } from './trans';

export interface IReportChartProps {
  chart: ViewChart;
  report: ViewReport;
  trials: readonly IChartTrial[];
  column: (key: string) => IChartColumn;
  focus: ITrialFocus;
}

/** A chart of a view, drawn from what the report holds. What a reader changes of it is forgotten with the page. */
export function ReportChart(props: IReportChartProps): JSX.Element {
  const { report, trials, column, focus } = props;
  const [chart, setChart] = useState(props.chart);
  const { id } = chart;
  const histories = useMemo(() => {
    const found = report.histories.find(each => each.chart === id);
    return historiesOf(found?.series ?? []);
  }, [report, id]);
  const found = report.importances.find(each => each.chart === id);
  const onChange = useCallback(
    (change: IChartChange) =>
      setChart(before => ({ ...before, ...change }) as ViewChart),
    []
  );
  return (
    <SpecChart
      chart={chart}
      title={chartTitle(chart, trans)}
      trials={trials}
      column={column}
      focus={focus}
      histories={histories}
      sync="report"
      importance={found?.importance ?? null}
      onChange={onChange}
      trans={trans}
    />
  );
}
