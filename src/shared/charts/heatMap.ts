import type { TranslationBundle } from '@jupyterlab/translation';
import { onColour } from '../chartTheme';
import { axisOption, gridOption } from './axes';
import type { IDrawing, IMark } from './drawing';
import { groupsOf } from './grouping';
import type { IGroups } from './grouping';
import { axisValues, extentOf, markFormat, shown } from './scales';
import type { IChartColumn, IChartTrial } from './types';

/** Values are written into cells up to as many. */
const MAX_WRITTEN = 100;

/** What a heat map shows. */
export interface IHeatMap {
  x: IChartColumn;
  y: IChartColumn;
  value: IChartColumn;
}

/** What the chart library gives to those who draw themselves. */
interface ICustomApi {
  coord(place: [number, number]): [number, number];
  size(of: [number, number]): [number, number];
}

/** The mean of a column for each pair of values of two others. */
export function drawHeatMap(
  trials: readonly IChartTrial[],
  options: IHeatMap,
  trans: TranslationBundle
): IDrawing {
  const { x, y, value } = options;
  const across = groupsOf(x, trans);
  const up = groupsOf(y, trans);
  const axis = axisValues(value, trans);
  const isNumeric = axis.categories === null;
  const found = new Map<
    string,
    { column: number; row: number; members: number[] }
  >();
  trials.forEach((_, trial) => {
    const column = across.groups[trial];
    const row = up.groups[trial];
    if (column !== null && row !== null && axis.places[trial] !== null) {
      const key = `${column} ${row}`;
      const cell = found.get(key) ?? { column, row, members: [] };
      found.set(key, cell);
      cell.members.push(trial);
    }
  });
  const cells = isNumeric
    ? [...found.values()].sort((a, b) => a.column - b.column || a.row - b.row)
    : [];
  const means = cells.map(({ members }) =>
    members.reduce(
      (sum, trial) => sum + axis.places[trial]! / members.length,
      0
    )
  );
  const extent = extentOf(means);
  const write = markFormat(extent);
  const marks = cells.map(({ column, row, members }, index): IMark => ({
    ids: members.map(trial => trials[trial].id),
    title: `${x.label}: ${across.labels[column]}, ${y.label}: ${up.labels[row]}`,
    lines: [
      trans.__('mean of %1: %2', value.label, shown(means[index], trans)),
      trans._n('%1 trial', '%1 trials', members.length)
    ],
    series: 0,
    index
  }));
  const share = (mean: number) => {
    const [low, high] = extent!;
    return high === low ? 0.5 : (mean / 2 - low / 2) / (high / 2 - low / 2);
  };
  return {
    option: (theme, look) => ({
      grid: gridOption(),
      xAxis: axisOption(ofGroups(x, across), theme, 'x'),
      yAxis: axisOption(ofGroups(y, up), theme, 'y'),
      series: [
        {
          type: 'custom',
          data: cells.map(({ column, row }, mark) => ({
            mark,
            value: [column, row]
          })),
          renderItem: (params: { dataIndex: number }, api: ICustomApi) => {
            const { column, row } = cells[params.dataIndex];
            const mean = means[params.dataIndex];
            const [width, height] = api.size([1, 1]);
            const [left, top] = api.coord([column, row]);
            const standing = look(marks[params.dataIndex].ids);
            const text = write(mean);
            const isWritten =
              cells.length <= MAX_WRITTEN &&
              width > text.length * theme.size * 0.65 &&
              height > theme.size * 1.4;
            return {
              type: 'rect',
              shape: {
                x: left - width / 2 + 1,
                y: top - height / 2 + 1,
                width: Math.max(1, width - 2),
                height: Math.max(1, height - 2),
                r: 2
              },
              style: {
                fill: theme.ramp(share(mean)),
                opacity: standing === 'faint' ? 0.25 : 1,
                stroke: standing === 'strong' ? theme.strong : 'none',
                lineWidth: 2
              },
              textContent: isWritten
                ? {
                    style: {
                      text,
                      fill:
                        standing === 'faint'
                          ? theme.text
                          : onColour(theme.ramp(share(mean))),
                      fontSize: theme.size,
                      fontFamily: theme.family
                    }
                  }
                : undefined,
              textConfig: { position: 'inside' }
            };
          }
        }
      ]
    }),
    marks,
    summary: trans.__(
      'mean of %1 for %2 of %3 and %4',
      value.label,
      trans._n('%1 pair', '%1 pairs', cells.length),
      x.label,
      y.label
    ),
    notes: [...new Set([...across.notes, ...up.notes, ...axis.notes])],
    empty: cells.length
      ? ''
      : isNumeric
        ? trans.__(
            'No trial has values of %1, %2 and %3 that can be drawn.',
            x.label,
            y.label,
            value.label
          )
        : trans.__('%1 has no mean: its values are texts.', value.label),
    table: {
      head: [
        x.label,
        y.label,
        trans.__('Mean of %1', value.label),
        trans.__('Trials')
      ],
      rows: cells.map(({ column, row, members }, index) => [
        across.labels[column],
        up.labels[row],
        means[index],
        members.length
      ])
    },
    ramp: extent
      ? {
          label: trans.__('mean of %1', value.label),
          low: write(extent[0]),
          high: write(extent[1])
        }
      : undefined
  };
}

function ofGroups(column: IChartColumn, { labels }: IGroups) {
  return {
    column,
    isLog: false,
    categories: labels,
    places: [],
    extent: null,
    notes: []
  };
}
