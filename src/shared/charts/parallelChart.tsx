import React, { useMemo } from 'react';
import { EChart } from './eChart';
import type { IChartBaseProps } from './eChart';
import { drawParallel } from './parallel';
import type { IParallel } from './parallel';

export interface IParallelChartProps extends IChartBaseProps, IParallel {}

/**
 * A line for each trial through an axis for each column. Dragging along an axis
 * selects the trials whose lines go through there.
 */
export function ParallelChart(props: IParallelChartProps): JSX.Element {
  const { trials, trans, columns, log, colour, focus } = props;
  const drawing = useMemo(
    () => drawParallel(trials, { columns, log, colour }, trans),
    [trials, trans, columns, log, colour]
  );
  return (
    <EChart
      {...props}
      drawing={drawing}
      fadesOthers
      onBrush={brushed => focus.select(drawing.within(brushed))}
    />
  );
}
