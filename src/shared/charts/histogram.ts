import type { TranslationBundle } from '@jupyterlab/translation';
import type { IChartTheme } from '../chartTheme';
import { axisOption, gridOption } from './axes';
import type { IDrawing, IMark } from './drawing';
import { binOf, isOne, rangeEdges } from './grouping';
import { axisValues, markFormat } from './scales';
import type { IChartColumn, IChartTrial } from './types';

/** What a histogram shows. */
export interface IHistogram {
  value: IChartColumn;
  /** How many ranges; undefined: as many as suit the values. */
  bins?: number | null;
}

interface IBar {
  label: string;
  from: number;
  to: number;
  members: number[];
}

/** What the chart library gives to those who draw themselves. */
interface ICustomApi {
  coord(place: [number, number]): [number, number];
}

/** How often values of a column occur. Of the selected ones the part is shown in each bar. */
export function drawHistogram(
  trials: readonly IChartTrial[],
  { value, bins }: IHistogram,
  trans: TranslationBundle
): IDrawing {
  const axis = axisValues(value, trans);
  const { categories, extent, places } = axis;
  const bars: IBar[] = categories
    ? categories.map((label, index) => ({
        label,
        from: index - 0.4,
        to: index + 0.4,
        members: []
      }))
    : extent
      ? ranges(places, extent, bins ?? null)
      : [];
  const edges = categories
    ? null
    : bars.length
      ? [...bars.map(({ from }) => from), bars[bars.length - 1].to]
      : null;
  trials.forEach((_, trial) => {
    const place = places[trial] ?? null;
    if (place !== null) {
      bars[edges ? binOf(place, edges) : place].members.push(trial);
    }
  });
  const marks = bars.map(({ label, members }, index): IMark => {
    const names = members.slice(0, 5).map(trial => trials[trial].label);
    const rest = members.length - names.length;
    return {
      ids: members.map(trial => trials[trial].id),
      title: `${value.label}: ${label}`,
      lines: [
        trans._n('%1 trial', '%1 trials', members.length),
        ...names,
        ...(rest > 0 ? [trans.__('and %1 more', rest)] : [])
      ],
      series: 0,
      index
    };
  });
  const total = bars.reduce((sum, { members }) => sum + members.length, 0);
  /** Of an axis of numbers: it ends where the bars do, which may be at any number. */
  const ends = (label: unknown) =>
    edges && {
      min: edges[0],
      max: edges[edges.length - 1],
      axisLabel: {
        ...(label as object),
        showMinLabel: false,
        showMaxLabel: false
      }
    };
  const across = (theme: IChartTheme) => axisOption(axis, theme, 'x');
  return {
    option: (theme, look) => ({
      grid: gridOption(),
      xAxis: {
        ...across(theme),
        ...ends(across(theme).axisLabel),
        splitLine: { show: false }
      },
      yAxis: {
        ...axisOption(axis, theme, 'y'),
        type: 'value',
        data: undefined,
        scale: false,
        minInterval: 1,
        name: trans.__('Trials'),
        axisLabel: { color: theme.text, fontSize: theme.size }
      },
      series: [
        {
          type: 'custom',
          encode: { x: [0, 1], y: 2 },
          data: bars.map(({ from, to, members }, mark) => ({
            mark,
            value: [from, to, members.length]
          })),
          renderItem: (params: { dataIndex: number }, api: ICustomApi) => {
            const { from, to, members } = bars[params.dataIndex];
            const standings = members.map(trial => look([trials[trial].id]));
            const chosen = standings.filter(each => each === 'strong').length;
            const column = (high: number, opacity: number) => {
              const [left, top] = api.coord([from, high]);
              const [right, bottom] = api.coord([to, 0]);
              const width = Math.max(1, right - left - 1);
              return {
                type: 'rect',
                shape: { x: left, y: top, width, height: bottom - top },
                style: { fill: theme.line(0), opacity }
              };
            };
            const isPlain = standings.every(each => each === 'plain');
            return {
              type: 'group',
              children: [
                column(members.length, isPlain ? 0.8 : 0.3),
                column(chosen, 1)
              ]
            };
          }
        }
      ]
    }),
    marks,
    summary: trans.__(
      '%1 in %2: %3',
      trans._n('%1 trial', '%1 trials', total),
      trans._n('%1 bar', '%1 bars', bars.length),
      bars
        .slice(0, 20)
        .map(({ label, members }) => `${label}: ${members.length}`)
        .join('; ')
    ),
    notes: axis.notes,
    empty: total
      ? ''
      : trans.__('No trial has a value of %1 that can be drawn.', value.label),
    table: {
      head: [value.label, trans.__('Trials')],
      rows: bars.map(({ label, members }) => [label, members.length])
    }
  };
}

/** Bars side by side that hold all values: one for each whole number where those are few. */
function ranges(
  places: readonly (number | null)[],
  [low, high]: readonly [number, number],
  bins: number | null
): IBar[] {
  const isWhole = places.every(each => each === null || Number.isInteger(each));
  if (bins === null && isWhole && high - low < 30) {
    return Array.from({ length: high - low + 1 }, (_, index) => ({
      label: String(low + index),
      from: low + index - 0.5,
      to: low + index + 0.5,
      members: []
    }));
  }
  const count = places.filter(each => each !== null).length;
  const suited = Math.min(40, Math.max(5, Math.ceil(Math.log2(count + 1) * 2)));
  const edges =
    bins === null || isOne([low, high])
      ? rangeEdges([low, high], suited)
      : Array.from({ length: bins + 1 }, (_, index) =>
          index === bins ? high : low + (high / bins - low / bins) * index
        );
  const write = markFormat([edges[0], edges[edges.length - 1]]);
  return edges.slice(1).map((to, index) => ({
    label: `${write(edges[index])} – ${write(to)}`,
    from: edges[index],
    to,
    members: []
  }));
}
