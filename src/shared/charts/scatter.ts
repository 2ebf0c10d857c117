import type { TranslationBundle } from '@jupyterlab/translation';
import { axisOption, gridOption } from './axes';
import { colouring } from './colouring';
import { opacity } from './drawing';
import type { IDrawing, IMark } from './drawing';
import { axisValues, fractions, shown } from './scales';
import type { IChartColumn, IChartTrial } from './types';

/** Diameter of a point in pixels; by a column, between the other two. */
const POINT = 9;
const SMALLEST = 6;
const LARGEST = 24;

/** What a scatter chart shows. */
export interface IScatter {
  x: IChartColumn;
  y: IChartColumn;
  /** Column that colours the points; none: each trial has its own colour. */
  colour?: IChartColumn;
  size?: IChartColumn;
  logX?: boolean;
  logY?: boolean;
}

/** A point for each trial. */
export function drawScatter(
  trials: readonly IChartTrial[],
  options: IScatter,
  trans: TranslationBundle
): IDrawing {
  const x = axisValues(options.x, trans, options.logX);
  const y = axisValues(options.y, trans, options.logY);
  const sizes = options.size && fractions(axisValues(options.size, trans));
  const colours = colouring(trials, options.colour, trans);
  const { colour, size } = options;
  const columns = [options.x, options.y, colour, size].filter(
    (each, index, all): each is IChartColumn =>
      !!each && all.findIndex(other => other?.key === each.key) === index
  );
  const drawn = trials
    .map((_, trial) => trial)
    .filter(trial => x.places[trial] !== null && y.places[trial] !== null)
    .sort((a, b) => x.places[a]! - x.places[b]! || a - b);
  const marks = drawn.map((trial, index): IMark => ({
    ids: [trials[trial].id],
    title: trials[trial].label,
    lines: columns.map(
      ({ label, values }) => `${label}: ${shown(values[trial], trans)}`
    ),
    series: 0,
    index
  }));
  const diameter = (trial: number) => {
    const share = sizes ? (sizes[trial] ?? 0) : null;
    return share === null
      ? POINT
      : Math.sqrt(SMALLEST ** 2 + share * (LARGEST ** 2 - SMALLEST ** 2));
  };
  const isFew = drawn.length <= 30;
  return {
    option: (theme, look) => ({
      grid: gridOption(),
      xAxis: axisOption(x, theme, 'x'),
      yAxis: axisOption(y, theme, 'y'),
      series: [
        {
          type: 'scatter',
          emphasis: { disabled: true },
          data: drawn.map((trial, mark) => {
            const standing = look(marks[mark].ids);
            const isStrong = standing === 'strong';
            return {
              mark,
              value: [x.places[trial], y.places[trial]],
              symbol: colours.symbol(trial),
              symbolSize: diameter(trial) + (isStrong ? 3 : 0),
              // Above the others.
              z2: isStrong ? 10 : 2,
              itemStyle: {
                color: colours.colour(theme, trial),
                opacity: opacity(standing, isFew ? 0.9 : 0.7),
                borderColor: isStrong ? theme.strong : theme.background,
                borderWidth: isStrong ? 1.5 : 0.5
              }
            };
          })
        }
      ]
    }),
    marks,
    summary: trans._n(
      '%1 trial, %2 over %3',
      '%1 trials, %2 over %3',
      drawn.length,
      options.y.label,
      options.x.label
    ),
    notes: [...new Set([...x.notes, ...y.notes, ...colours.notes])],
    empty: drawn.length
      ? ''
      : trans.__(
          'No trial has values of both, %1 and %2, that can be drawn.',
          options.x.label,
          options.y.label
        ),
    table: {
      head: [trans.__('Trial'), ...columns.map(({ label }) => label)],
      rows: trials.map(({ label }, trial) => [
        label,
        ...columns.map(({ values }) => values[trial] ?? '')
      ])
    },
    legend: colours.legend,
    ramp: colours.ramp
  };
}
