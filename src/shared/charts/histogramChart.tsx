import React, { useMemo } from 'react';
import { EChart } from './eChart';
import type { IChartBaseProps } from './eChart';
import { drawHistogram } from './histogram';
import type { IHistogram } from './histogram';

export interface IHistogramChartProps extends IChartBaseProps, IHistogram {}

/** How often values of a column occur. */
export function HistogramChart(props: IHistogramChartProps): JSX.Element {
  const { trials, trans, value, bins } = props;
  const drawing = useMemo(
    () => drawHistogram(trials, { value, bins }, trans),
    [trials, trans, value, bins]
  );
  return <EChart {...props} drawing={drawing} />;
}
