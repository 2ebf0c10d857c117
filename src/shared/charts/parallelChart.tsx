import React, { useMemo, useRef } from 'react';
import { AxisHandles } from './axisHandles';
import type { Brushed } from './drawing';
import { EChart } from './eChart';
import type { IChartBaseProps } from './eChart';
import { drawParallel } from './parallel';
import type { IParallel } from './parallel';

export interface IParallelChartProps extends IChartBaseProps, IParallel {
  /** The axes were put into another order; without it they stay. */
  onOrder?: (keys: string[]) => void;
}

/**
 * A line for each trial through an axis for each column. Dragging along an axis
 * selects the trials whose lines go through there; dragging its name moves it.
 */
export function ParallelChart(props: IParallelChartProps): JSX.Element {
  const { trials, trans, columns, log, colour, focus, onOrder } = props;
  const drawing = useMemo(
    () => drawParallel(trials, { columns, log, colour }, trans),
    [trials, trans, columns, log, colour]
  );
  /** What the brush selected last. */
  const found = useRef<readonly string[]>([]);
  const onBrush = (brushed: Brushed, isMoved: boolean) => {
    const { selected } = focus;
    const isOurs =
      selected.size === found.current.length &&
      found.current.every(id => selected.has(id));
    // What was selected otherwise since then stays when values move.
    if (!isMoved || isOurs) {
      found.current = drawing.within(brushed);
      focus.select(found.current);
    }
  };
  return (
    <EChart
      {...props}
      drawing={drawing}
      fadesOthers
      onBrush={onBrush}
      over={
        onOrder &&
        columns.length > 1 && (
          <AxisHandles columns={columns} onOrder={onOrder} trans={trans} />
        )
      }
    />
  );
}
