import type { IChartTheme } from '../chartTheme';
import { cut } from './drawing';
import { markFormat } from './scales';
import type { IAxisValues } from './scales';

/** How an axis of a chart is drawn, for the chart library. */
export function axisOption(
  axis: IAxisValues,
  theme: IChartTheme,
  place: 'x' | 'y'
): Record<string, unknown> {
  const { categories, isLog } = axis;
  const line = { lineStyle: { color: theme.grid } };
  const write = markFormat(isLog ? null : axis.extent);
  return {
    type: categories ? 'category' : isLog ? 'log' : 'value',
    data: categories ?? undefined,
    scale: true,
    name: cut(axis.column.label, place === 'x' ? 60 : 40),
    nameLocation: place === 'x' ? 'middle' : 'end',
    nameGap: place === 'x' ? 24 : 8,
    nameTextStyle: {
      color: theme.text,
      fontSize: theme.size,
      // Beside the axis, where there is room.
      align: place === 'x' ? 'center' : 'left'
    },
    axisLine: { show: true, onZero: false, ...line },
    axisTick: { show: true, ...line },
    splitLine: { show: !categories, ...line },
    minorSplitLine: { show: false },
    axisLabel: {
      color: theme.text,
      fontSize: theme.size,
      hideOverlap: true,
      formatter: (value: number | string) =>
        typeof value === 'string'
          ? cut(value, 14)
          : write(Number(value.toPrecision(12)))
    }
  };
}

/** Where the chart is in its place: names and marks of the axes are inside. */
export function gridOption(): Record<string, unknown> {
  return {
    left: 8,
    right: 20,
    top: 28,
    bottom: 28,
    outerBoundsMode: 'same',
    outerBoundsContain: 'axisLabel'
  };
}
