import React, { useMemo } from 'react';
import { EChart } from './eChart';
import type { IChartBaseProps } from './eChart';
import { drawHeatMap } from './heatMap';
import type { IHeatMap } from './heatMap';

export interface IHeatMapChartProps extends IChartBaseProps, IHeatMap {}

/** The mean of a column for each pair of values of two others. */
export function HeatMapChart(props: IHeatMapChartProps): JSX.Element {
  const { trials, trans, x, y, value } = props;
  const drawing = useMemo(
    () => drawHeatMap(trials, { x, y, value }, trans),
    [trials, trans, x, y, value]
  );
  return <EChart {...props} drawing={drawing} />;
}
