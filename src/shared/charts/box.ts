import type { TranslationBundle } from '@jupyterlab/translation';
import { axisOption, gridOption } from './axes';
import { cut, opacity } from './drawing';
import type { IDrawing, IMark } from './drawing';
import { colouring } from './colouring';
import { groupsOf } from './grouping';
import { axisValues, shown } from './scales';
import type { IChartColumn, IChartTrial } from './types';

/** Points are shown over the boxes up to here. */
const MAX_POINTS = 200;

/** What a box chart shows. */
export interface IBox {
  by: IChartColumn;
  value: IChartColumn;
  log?: boolean;
}

/** What a box says: the lowest and highest within 1.5 times the height of the box, quartiles, middle. */
export interface IBoxFigures {
  low: number;
  first: number;
  median: number;
  third: number;
  high: number;
}

/** Figures of at least one number, ascending. Quartiles lie between numbers where they have to. */
export function boxFigures(sorted: readonly number[]): IBoxFigures {
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const before = sorted[Math.floor(place)];
    const after = sorted[Math.ceil(place)];
    const part = place - Math.floor(place);
    return before * (1 - part) + after * part;
  };
  const [first, median, third] = [at(0.25), at(0.5), at(0.75)];
  const reach = 1.5 * (third - first);
  return {
    low: Math.min(first, sorted.find(each => each >= first - reach) ?? first),
    first,
    median,
    third,
    high: Math.max(
      third,
      [...sorted].reverse().find(each => each <= third + reach) ?? third
    )
  };
}

/** The spread of a column for each value of another. */
export function drawBox(
  trials: readonly IChartTrial[],
  options: IBox,
  trans: TranslationBundle
): IDrawing {
  const { by, value } = options;
  const groups = groupsOf(by, trans);
  const axis = axisValues(value, trans, options.log);
  const colours = colouring(trials, undefined, trans);
  const members = groups.labels.map((_, group) =>
    trials
      .map((_, trial) => trial)
      .filter(
        trial => groups.groups[trial] === group && axis.places[trial] !== null
      )
      .sort((a, b) => axis.places[a]! - axis.places[b]!)
  );
  const used = members
    .map((_, group) => group)
    .filter(group => members[group].length > 0);
  const figures = used.map(group =>
    boxFigures(members[group].map(trial => axis.places[trial]!))
  );
  const write = (number: number) =>
    axis.categories
      ? axis.categories[Math.round(number)]
      : shown(number, trans);
  const boxes = used.map((group, index): IMark => {
    const { first, median, third } = figures[index];
    return {
      ids: members[group].map(trial => trials[trial].id),
      title: `${by.label}: ${groups.labels[group]}`,
      lines: [
        trans._n('%1 trial', '%1 trials', members[group].length),
        trans.__('middle of %1: %2', value.label, write(median)),
        trans.__('half between %1 and %2', write(first), write(third))
      ],
      series: 0,
      index
    };
  });
  const dots = used.flatMap((group, position) =>
    members[group].map((trial, index) => ({ trial, position, index }))
  );
  const isFew = dots.length <= MAX_POINTS;
  const points = isFew
    ? dots.map(({ trial }, index): IMark => ({
        ids: [trials[trial].id],
        title: trials[trial].label,
        lines: [by, value].map(
          ({ label, values }) => `${label}: ${shown(values[trial], trans)}`
        ),
        series: 1,
        index
      }))
    : [];
  const marks = [...boxes, ...points];
  return {
    option: (theme, look) => ({
      grid: gridOption(),
      xAxis: axisOption(
        {
          column: by,
          isLog: false,
          categories: used.map(group => groups.labels[group]),
          places: [],
          extent: null,
          notes: []
        },
        theme,
        'x'
      ),
      yAxis: axisOption(axis, theme, 'y'),
      series: [
        {
          type: 'boxplot',
          emphasis: { disabled: true },
          boxWidth: [6, 48],
          data: figures.map(({ low, first, median, third, high }, mark) => ({
            mark,
            value: [low, first, median, third, high],
            itemStyle: {
              color: 'transparent',
              borderColor: theme.text,
              borderWidth: 1.5,
              opacity: look(boxes[mark].ids) === 'faint' ? 0.4 : 1
            }
          }))
        },
        {
          type: 'scatter',
          emphasis: { disabled: true },
          data: points.map((point, number) => {
            const { trial, position, index } = dots[number];
            const standing = look(point.ids);
            const isStrong = standing === 'strong';
            return {
              mark: boxes.length + number,
              value: [position, axis.places[trial]],
              symbol: colours.symbol(trial),
              symbolSize: isStrong ? 9 : 6,
              // Beside each other, always in the same way.
              symbolOffset: [((index * 7) % 5) * 6 - 12, 0],
              z2: isStrong ? 10 : 2,
              itemStyle: {
                color: colours.colour(theme, trial),
                opacity: opacity(standing, 0.7)
              }
            };
          })
        }
      ]
    }),
    marks,
    summary: trans._n(
      '%1 group: %2',
      '%1 groups: %2',
      boxes.length,
      boxes
        .map(({ title, lines }) => `${cut(title)} ${lines[1]}`)
        .slice(0, 12)
        .join('; ')
    ),
    notes: [...new Set([...groups.notes, ...axis.notes])],
    empty: used.length
      ? ''
      : trans.__(
          'No trial has values of both, %1 and %2, that can be drawn.',
          by.label,
          value.label
        ),
    table: {
      head: [
        by.label,
        trans.__('Trials'),
        trans.__('Low'),
        trans.__('Lower quartile'),
        trans.__('Median'),
        trans.__('Upper quartile'),
        trans.__('High')
      ],
      rows: used.map((group, index) => {
        const { low, first, median, third, high } = figures[index];
        return [
          groups.labels[group],
          members[group].length,
          ...[low, first, median, third, high]
        ];
      })
    }
  };
}
