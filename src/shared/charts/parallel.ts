import type { TranslationBundle } from '@jupyterlab/translation';
import { faded } from '../chartTheme';
import type { IChartTheme } from '../chartTheme';
import { colouring } from './colouring';
import { cut, opacity } from './drawing';
import type { Brushed, IDrawing, IMark, Look } from './drawing';
import {
  axisValues,
  extentOf,
  fractions,
  logTicks,
  markFormat,
  shown,
  ticks
} from './scales';
import type { IAxisValues } from './scales';
import type { IChartColumn, IChartTrial } from './types';

/** Room beside the first and the last axis, in pixels. */
export const SIDES = { left: 48, right: 64 };
/** Where trials without a value are drawn, below the axis. */
const NONE = -0.12;
/** Most marks of an axis of categories. */
const MAX_MARKS = 12;

/** What a chart with parallel axes shows. */
export interface IParallel {
  /** An axis each, in this order. */
  columns: readonly IChartColumn[];
  /** Keys of the columns whose axis is logarithmic. */
  log?: readonly string[];
  /** Column that colours the lines; none: each trial has its own colour. */
  colour?: IChartColumn;
}

/** A line for each trial through an axis for each column, and which trials a brush finds. */
export interface IParallelDrawing extends IDrawing {
  /** Ids of the trials that lie in a brushed part of each brushed axis. */
  within(brushed: Brushed): string[];
}

/**
 * Work out lines through parallel axes.
 *
 * All axes go from 0 to 1 for the chart library, so that those of numbers,
 * logarithms and categories are brushed alike, and each has room below for
 * trials without a value.
 */
export function drawParallel(
  trials: readonly IChartTrial[],
  options: IParallel,
  trans: TranslationBundle
): IParallelDrawing {
  const { columns, log = [], colour } = options;
  const colours = colouring(trials, colour, trans);
  const axes = columns.map(column =>
    axisValues(column, trans, log.includes(column.key))
  );
  const places = axes.map(axis => fractions(axis).map(each => each ?? NONE));
  const lines = trials.map((_, trial) => places.map(each => each[trial]));
  const lacking = places.map(each => each.includes(NONE));
  const named = colour && !columns.includes(colour) ? [colour] : [];
  const marks = trials.map(({ id, label }, index): IMark => ({
    ids: [id],
    title: label,
    lines: [...columns, ...named].map(
      each => `${each.label}: ${shown(each.values[index], trans)}`
    ),
    series: 0,
    index
  }));
  const notes = axes.flatMap(axis => axis.notes);
  /** What stands out is drawn last, above the others. */
  const inOrder = (look: Look) => {
    const isStrong = (mark: number) =>
      Number(look(marks[mark].ids) === 'strong');
    return marks
      .map((_, mark) => mark)
      .sort((a, b) => isStrong(a) - isStrong(b) || a - b);
  };
  return {
    option: (theme, look, width) => ({
      parallel: {
        ...SIDES,
        top: 36,
        bottom: 20,
        parallelAxisDefault: { areaSelectStyle: { width: 16 } }
      },
      parallelAxis: axes.map((axis, dim) => ({
        ...axisMarks(axis, lacking[dim], theme, trans),
        dim,
        id: String(dim),
        type: 'value',
        min: NONE,
        max: 1,
        name: cut(axis.column.label, 60),
        nameTruncate: {
          maxWidth: nameRoom(dim, axes.length, width),
          ellipsis: '…'
        },
        nameTextStyle: {
          color: theme.strong,
          fontSize: theme.size,
          // At the edges there is no room on both sides.
          align: dim === 0 ? 'left' : 'center'
        },
        axisLine: { lineStyle: { color: theme.text } },
        splitLine: { show: false },
        areaSelectStyle: {
          width: 16,
          color: theme.brand,
          borderColor: theme.brand,
          opacity: 0.25
        }
      })),
      series: [
        {
          type: 'parallel',
          emphasis: { disabled: true },
          // What is brushed is selected: that, and nothing else, fades the others.
          inactiveOpacity: 1,
          activeOpacity: 1,
          data: inOrder(look).map(mark => {
            const standing = look(marks[mark].ids);
            return {
              mark,
              value: lines[mark],
              lineStyle: {
                color: faded(
                  colours.colour(theme, mark),
                  opacity(standing, trials.length > 50 ? 0.5 : 0.8)
                ),
                // The library's usual lines are paler.
                opacity: 1,
                width: standing === 'strong' ? 3 : 1.5
              }
            };
          })
        }
      ]
    }),
    within: brushed => {
      const parts = [...brushed].filter(([, each]) => each.length > 0);
      return parts.length === 0
        ? []
        : trials
            .filter((_, trial) =>
              parts.every(([axis, intervals]) =>
                intervals.some(
                  ([from, to]) =>
                    lines[trial][axis] >= from && lines[trial][axis] <= to
                )
              )
            )
            .map(({ id }) => id);
    },
    marks,
    axes: columns.map(({ key }) => key),
    isSpread: true,
    summary: trans._n(
      '%1 trial through %2',
      '%1 trials through %2',
      trials.length,
      columns.map(({ label }) => label).join(', ')
    ),
    notes: notes.length
      ? [trans.__('Below their axis: %1', notes.join(', '))]
      : [],
    empty:
      columns.length < 2
        ? trans.__('A chart of parallel axes needs two columns at least.')
        : trials.length === 0 || axes.every(({ extent }) => extent === null)
          ? trans.__('No trial has a value of these columns that can be drawn.')
          : '',
    table: {
      head: [
        trans.__('Trial'),
        ...[...columns, ...named].map(({ label }) => label)
      ],
      rows: trials.map(({ label }, trial) => [
        label,
        ...[...columns, ...named].map(({ values }) => values[trial] ?? '')
      ])
    },
    legend: colours.legend,
    ramp: colours.ramp
  };
}

/** Room for a name above an axis, in pixels; of a chart that is `width` wide. */
function nameRoom(dim: number, axes: number, width: number): number {
  const gap = (width - SIDES.left - SIDES.right) / Math.max(1, axes - 1);
  // The first one begins at its axis, the others are half on either side of theirs.
  const room = dim < 2 ? (2 / 3) * gap : gap;
  return Math.max(
    24,
    Math.min(room - 8, dim === axes - 1 ? 2 * SIDES.right : room)
  );
}

/** Marks of an axis and what stands beside them. */
function axisMarks(
  axis: IAxisValues,
  isLacking: boolean,
  theme: IChartTheme,
  trans: TranslationBundle
): Record<string, unknown> {
  const { categories, extent, isLog } = axis;
  const [low, high] = extent ?? [0, 1];
  const numbers = categories
    ? every(
        categories.map((_, index) => index),
        MAX_MARKS
      )
    : extent === null
      ? []
      : isLog
        ? logTicks(low, high)
        : ticks(low, high);
  const write = categories
    ? (value: number) => cut(categories[value], 12)
    : markFormat(isLog ? null : extentOf([low, high]));
  const scaled = fractions({ ...axis, places: numbers });
  const words = new Map(
    numbers.map((each, index) => [scaled[index]!, write(each)])
  );
  if (isLacking) {
    words.set(NONE, trans.__('none'));
  }
  const customValues = [...words.keys()];
  return {
    axisTick: { customValues },
    axisLabel: {
      customValues,
      color: theme.strong,
      fontSize: theme.size,
      // Lines go through behind the words.
      backgroundColor: theme.background,
      padding: [1, 2],
      formatter: (value: number) => words.get(value) ?? ''
    }
  };
}

/** As many of some, evenly, as there is room for. */
function every<T>(items: readonly T[], most: number): T[] {
  const step = Math.ceil(items.length / most);
  return items.filter((_, index) => index % step === 0);
}
