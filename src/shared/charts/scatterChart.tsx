import React, { useMemo } from 'react';
import { EChart } from './eChart';
import type { IChartBaseProps } from './eChart';
import { drawScatter } from './scatter';
import type { IScatter } from './scatter';

export interface IScatterChartProps extends IChartBaseProps, IScatter {}

/** A point for each trial. */
export function ScatterChart(props: IScatterChartProps): JSX.Element {
  const { trials, trans, x, y, colour, size, logX, logY } = props;
  const drawing = useMemo(
    () => drawScatter(trials, { x, y, colour, size, logX, logY }, trans),
    [trials, trans, x, y, colour, size, logX, logY]
  );
  return <EChart {...props} drawing={drawing} />;
}
