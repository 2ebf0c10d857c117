import type { TranslationBundle } from '@jupyterlab/translation';
import { gridOption } from './axes';
import { cut } from './drawing';
import type { IDrawing, IMark } from './drawing';

/** Bars are drawn for the most important ones. */
const MAX_BARS = 20;

/** How much each parameter matters for a metric, as the server answers. */
export interface IImportance {
  /** Of the metric. */
  name: string;
  /** Trials that it is told from. */
  trials: number;
  /** Most important first. */
  items: readonly {
    key: string;
    name: string;
    /** Share of what all parameters explain, 0 to 1, and its standard deviation. */
    importance: number;
    spread: number;
    /** -1 to 1; null for a parameter that is no number. */
    correlation: number | null;
  }[];
  /** Share of the metric that is told from the parameters, at most 1. */
  score: number | null;
  /** Why it is not to be relied on; empty: it is. */
  thin: string;
}

/** What the chart library gives to those who draw themselves. */
interface ICustomApi {
  coord(place: [number, number]): [number, number];
}

/** Bars with their spread, coloured and marked by the sign of the correlation. */
export function drawImportance(
  importance: IImportance,
  trans: TranslationBundle
): IDrawing {
  const { name: metric, trials, score, thin } = importance;
  const items = importance.items.slice(0, MAX_BARS);
  const rest = importance.items.length - items.length;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const sign = (correlation: number | null) =>
    correlation === null || Math.abs(correlation) < 0.1
      ? ''
      : correlation > 0
        ? '↑'
        : '↓';
  const words = (correlation: number | null) =>
    correlation === null
      ? trans.__('no number: no correlation')
      : trans.__('correlation %1', correlation.toFixed(2));
  // The first bar is at the top, which is the end of the axis.
  const bars = [...items].reverse();
  /** Where the lines of the spread begin and end: shares are from 0 to 1. */
  const ends = bars.map(({ importance, spread }) => [
    Math.max(0, importance - spread),
    Math.min(1, importance + spread)
  ]);
  const marks = items.map(
    ({ name, importance, spread, correlation }, index): IMark => ({
      ids: [],
      title: name,
      lines: [
        trans.__('%1 ± %2', percent(importance), percent(spread)),
        words(correlation)
      ],
      series: 0,
      index: items.length - 1 - index
    })
  );
  const colour = (correlation: number | null) =>
    sign(correlation) === '' ? 7 : correlation! > 0 ? 0 : 1;
  const notes = [
    // Where there is nothing else, it stands in the middle.
    items.length > 0 ? thin : '',
    score === null
      ? ''
      : trans.__(
          'The parameters tell %1 of %2, out of %3',
          percent(Math.max(0, score)),
          metric,
          trans._n('%1 trial', '%1 trials', trials)
        ),
    rest > 0 ? trans._n('%1 parameter less', '%1 parameters less', rest) : ''
  ].filter(each => each !== '');
  return {
    option: theme => ({
      grid: { ...gridOption(), top: 8, right: 24 },
      xAxis: {
        type: 'value',
        min: 0,
        max: ends.some(([, high]) => high > 0.6) ? 1 : undefined,
        axisLabel: {
          color: theme.text,
          fontSize: theme.size,
          hideOverlap: true,
          formatter: percent
        },
        splitLine: { lineStyle: { color: theme.grid } }
      },
      yAxis: {
        type: 'category',
        data: bars.map(({ name, correlation }) =>
          `${cut(name, 22)} ${sign(correlation)}`.trim()
        ),
        axisLine: { lineStyle: { color: theme.grid } },
        axisTick: { show: false },
        axisLabel: { color: theme.strong, fontSize: theme.size, interval: 0 }
      },
      series: [
        {
          type: 'bar',
          emphasis: { disabled: true },
          barMaxWidth: 18,
          data: bars.map(({ importance, correlation }, index) => ({
            mark: items.length - 1 - index,
            value: importance,
            itemStyle: {
              color: theme.line(colour(correlation)),
              opacity: thin ? 0.4 : 0.85
            }
          }))
        },
        {
          type: 'custom',
          silent: true,
          encode: { x: [0, 1], y: 2 },
          data: ends.map(([low, high], index) => [low, high, index]),
          renderItem: (params: { dataIndex: number }, api: ICustomApi) => {
            const [[left, y], [right]] = ends[params.dataIndex].map(each =>
              api.coord([each, params.dataIndex])
            );
            const stroke = { stroke: theme.strong, lineWidth: 1.2 };
            const line = (x1: number, y1: number, x2: number, y2: number) => ({
              type: 'line',
              shape: { x1, y1, x2, y2 },
              style: stroke
            });
            return {
              type: 'group',
              children: [
                line(left, y, right, y),
                line(left, y - 3, left, y + 3),
                line(right, y - 3, right, y + 3)
              ]
            };
          }
        }
      ]
    }),
    marks,
    summary: items
      .map(
        ({ name, importance, correlation }) =>
          `${name} ${percent(importance)}, ${words(correlation)}`
      )
      .join('; '),
    notes,
    empty: items.length
      ? ''
      : thin || trans.__('There are no parameters that differ.'),
    table: {
      head: [
        trans.__('Parameter'),
        trans.__('Importance'),
        trans.__('Spread'),
        trans.__('Correlation')
      ],
      rows: importance.items.map(
        ({ name, importance, spread, correlation }) => [
          name,
          importance,
          spread,
          correlation ?? ''
        ]
      )
    },
    legend: [
      { colour: 0, label: trans.__('↑ more of it, more %1', metric) },
      { colour: 1, label: trans.__('↓ more of it, less %1', metric) }
    ].filter(({ colour: shown }) =>
      items.some(({ correlation }) => colour(correlation) === shown)
    )
  };
}
