import { readKey } from '../../models/trialTableView';
import type { ChartType, ViewChart } from '../../models/views';

/** A chart as a form has it: every field of every type, so that another type keeps what was filled in. */
export interface IChartDraft {
  type: ChartType;
  title: string;
  wide: boolean;
  /** Keys of metrics. */
  metrics: string[];
  x: 'step' | 'time' | 'relative' | 'metric';
  xMetric: string;
  groupBy: string;
  smoothing: number;
  keys: string[];
  /** Those of them whose axis is logarithmic. */
  log: string[];
  /** Columns of a scatter chart and a heat map. */
  across: string;
  up: string;
  colour: string;
  size: string;
  by: string;
  value: string;
  metric: string;
  bins: string;
  logX: boolean;
  logY: boolean;
}

export function emptyDraft(): IChartDraft {
  return {
    type: 'line',
    title: '',
    wide: false,
    metrics: [],
    x: 'step',
    xMetric: '',
    groupBy: '',
    smoothing: 0,
    keys: [],
    log: [],
    across: '',
    up: '',
    colour: '',
    size: '',
    by: '',
    value: '',
    metric: '',
    bins: '',
    logX: false,
    logY: false
  };
}

/** A chart as a form shows it. */
export function draftOf(chart: ViewChart): IChartDraft {
  const draft: IChartDraft = {
    ...emptyDraft(),
    type: chart.type,
    title: chart.title ?? '',
    wide: chart.wide ?? false
  };
  switch (chart.type) {
    case 'line':
      draft.metrics = chart.metrics.map(metricKey);
      draft.x = chart.x ?? 'step';
      draft.xMetric = chart.x_metric ? metricKey(chart.x_metric) : '';
      draft.groupBy = chart.group_by ?? '';
      draft.smoothing = chart.smoothing ?? 0;
      draft.logX = chart.log_x ?? false;
      draft.logY = chart.log_y ?? false;
      break;
    case 'scatter':
      draft.across = chart.x;
      draft.up = chart.y;
      draft.colour = chart.colour ?? '';
      draft.size = chart.size ?? '';
      draft.logX = chart.log_x ?? false;
      draft.logY = chart.log_y ?? false;
      break;
    case 'parallel':
      draft.keys = [...chart.keys];
      draft.log = [...(chart.log ?? [])];
      draft.colour = chart.colour ?? '';
      break;
    case 'box':
      draft.by = chart.by;
      draft.value = chart.value;
      draft.logY = chart.log ?? false;
      break;
    case 'histogram':
      draft.value = chart.value;
      draft.bins = chart.bins ? String(chart.bins) : '';
      break;
    case 'heatmap':
      draft.across = chart.x;
      draft.up = chart.y;
      draft.value = chart.value;
      break;
    case 'importance':
      draft.metric = chart.metric;
      break;
  }
  return draft;
}

/** The chart that a form stands for; null while something is missing. */
export function chartOf(draft: IChartDraft, id: string): ViewChart | null {
  const base = { id, title: draft.title.trim(), wide: draft.wide };
  const { logX: log_x, logY: log_y } = draft;
  switch (draft.type) {
    case 'line': {
      const metrics = draft.metrics.map(key => readKey(key).name);
      const isMetric = draft.x === 'metric';
      const x_metric = isMetric ? readKey(draft.xMetric).name : null;
      if (metrics.length === 0 || (isMetric && !x_metric)) {
        return null;
      }
      return {
        ...base,
        type: 'line',
        metrics,
        x: draft.x,
        x_metric,
        log_x,
        log_y,
        smoothing: draft.smoothing,
        group_by: draft.groupBy || null
      };
    }
    case 'scatter':
      return draft.across && draft.up
        ? {
            ...base,
            type: 'scatter',
            x: draft.across,
            y: draft.up,
            colour: draft.colour || null,
            size: draft.size || null,
            log_x,
            log_y
          }
        : null;
    case 'parallel':
      return draft.keys.length > 1
        ? {
            ...base,
            type: 'parallel',
            keys: draft.keys,
            log: draft.log.filter(key => draft.keys.includes(key)),
            colour: draft.colour || null
          }
        : null;
    case 'box':
      return draft.by && draft.value
        ? {
            ...base,
            type: 'box',
            by: draft.by,
            value: draft.value,
            log: log_y
          }
        : null;
    case 'histogram': {
      const bins = Math.round(Number(draft.bins));
      return draft.value
        ? {
            ...base,
            type: 'histogram',
            value: draft.value,
            bins: bins >= 1 && bins <= 200 ? bins : null
          }
        : null;
    }
    case 'heatmap':
      return draft.across && draft.up && draft.value
        ? {
            ...base,
            type: 'heatmap',
            x: draft.across,
            y: draft.up,
            value: draft.value
          }
        : null;
    case 'importance':
      return draft.metric
        ? { ...base, type: 'importance', metric: draft.metric }
        : null;
  }
}

const PLAIN = /^[\p{L}_][\p{L}\p{N}_/-]*(?:\.[\p{L}\p{N}_/-]+)*$/u;
const SUMMARY = /\.(last|min|max)$/;

/** The key of a metric, as the server writes it. */
export function metricKey(name: string): string {
  const isPlain = PLAIN.test(name) && !SUMMARY.test(name);
  return `metrics.${isPlain ? name : `\`${name.replace(/`/g, '``')}\``}`;
}
