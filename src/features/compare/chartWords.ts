import type { TranslationBundle } from '@jupyterlab/translation';
import { columnLabel } from '../../models/trialWords';
import type { ChartType, ViewChart } from '../../models/views';

/** What a chart is called: by the person, else by what it shows. */
export function chartTitle(chart: ViewChart, trans: TranslationBundle): string {
  const name = (key: string) => columnLabel(key, trans);
  if (chart.title) {
    return chart.title;
  }
  switch (chart.type) {
    case 'line':
      return chart.metrics.join(', ');
    case 'scatter':
      return trans.__('%1 over %2', name(chart.y), name(chart.x));
    case 'parallel':
      return trans.__('Parallel coordinates');
    case 'box':
      return trans.__('%1 by %2', name(chart.value), name(chart.by));
    case 'histogram':
      return trans.__('How often: %1', name(chart.value));
    case 'heatmap':
      return trans.__(
        '%1 by %2 and %3',
        name(chart.value),
        name(chart.x),
        name(chart.y)
      );
    case 'importance':
      return trans.__('What matters for %1', name(chart.metric));
  }
}

/** Kinds of charts, in the order in which they are offered. */
export function chartTypes(trans: TranslationBundle): [ChartType, string][] {
  return [
    ['line', trans.__('Lines: histories of metrics')],
    ['scatter', trans.__('Scatter: a point for each trial')],
    ['parallel', trans.__('Parallel coordinates')],
    ['importance', trans.__('Importance of parameters')],
    ['box', trans.__('Boxes: the spread for each value')],
    ['histogram', trans.__('Histogram: how often values occur')],
    ['heatmap', trans.__('Heat map: means for pairs of values')]
  ];
}
