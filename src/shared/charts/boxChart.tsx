import React, { useMemo } from 'react';
import { drawBox } from './box';
import type { IBox } from './box';
import { EChart } from './eChart';
import type { IChartBaseProps } from './eChart';

export interface IBoxChartProps extends IChartBaseProps, IBox {}

/** The spread of a column for each value of another, with the trials as points. */
export function BoxChart(props: IBoxChartProps): JSX.Element {
  const { trials, trans, by, value, log } = props;
  const drawing = useMemo(
    () => drawBox(trials, { by, value, log }, trans),
    [trials, trans, by, value, log]
  );
  return <EChart {...props} drawing={drawing} />;
}
