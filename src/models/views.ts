import type { TrialSource, View as WireView } from '../contract';
import { MAX_TRIALS, sourceOf } from './compareQuery';

/** A chart of a view. */
export type ViewChart = NonNullable<WireView['charts']>[number];
export type ChartType = ViewChart['type'];
export type ChartOf<T extends ChartType> = Extract<ViewChart, { type: T }>;
export type View = WireView;
/** A change that can be made to any view. */
export type ViewEdit = (view: View) => View;

/** A view of some trials of an experiment. */
export function viewOf(experiment: string, runIds: readonly string[]): View {
  return { sources: [sourceOf(experiment, runIds)] };
}

/** Columns that a chart draws. */
export function columnsOf(chart: ViewChart): string[] {
  const keys = (): (string | null | undefined)[] => {
    switch (chart.type) {
      case 'line':
        return [chart.group_by];
      case 'scatter':
        return [chart.x, chart.y, chart.colour, chart.size];
      case 'parallel':
        return [...chart.keys, chart.colour];
      case 'box':
        return [chart.by, chart.value];
      case 'histogram':
        return [chart.value];
      case 'heatmap':
        return [chart.x, chart.y, chart.value];
      case 'importance':
        return [chart.metric];
    }
  };
  return [...new Set(keys().filter(key => typeof key === 'string'))];
}

/** An id that no chart of a view has yet. */
export function newChartId(charts: readonly ViewChart[]): string {
  const ids = new Set(charts.map(({ id }) => id));
  let number = charts.length + 1;
  while (ids.has(`chart-${number}`)) {
    number += 1;
  }
  return `chart-${number}`;
}

/** Put trials that are not there yet into a view, by their experiments. */
export function withTrials(
  view: View,
  experiment: string,
  runIds: readonly string[]
): View {
  const sources = [...(view.sources ?? [])];
  const known = new Set(sources.flatMap(each => each.run_ids ?? []));
  const added = runIds.filter(id => !known.has(id));
  if (added.length === 0) {
    return view;
  }
  const at = sources.findIndex(
    each => each.experiment === experiment && (each.run_ids?.length ?? 0) > 0
  );
  if (at >= 0) {
    const source = sources[at];
    const run_ids = [...(source.run_ids ?? []), ...added].slice(0, MAX_TRIALS);
    sources[at] = { ...source, run_ids };
  } else {
    sources.push({ experiment, run_ids: added.slice(0, MAX_TRIALS) });
  }
  return { ...view, sources };
}

/** How many of some trials are not among those that a view names. */
export function leftOut(view: View, runIds: readonly string[]): number {
  const named = new Set(view.sources?.flatMap(each => each.run_ids ?? []));
  return new Set(runIds.filter(id => !named.has(id))).size;
}

/**
 * Take trials out of a view. `shown`: those that it shows; a source that finds its trials by a filter becomes one
 * that names those which are left.
 */
export function withoutTrials(
  view: View,
  shown: readonly { run_id: string; experiment: string }[],
  runIds: readonly string[]
): View {
  const gone = new Set(runIds);
  const sources: TrialSource[] = [];
  for (const source of view.sources ?? []) {
    if (source.run_ids && source.run_ids.length > 0) {
      const left = source.run_ids.filter(id => !gone.has(id));
      if (left.length > 0) {
        sources.push({ ...source, run_ids: left });
      }
      continue;
    }
    const found = shown.filter(
      ({ experiment }) => experiment === source.experiment
    );
    if (!found.some(({ run_id }) => gone.has(run_id))) {
      sources.push(source);
      continue;
    }
    const left = found.map(each => each.run_id).filter(id => !gone.has(id));
    if (left.length > 0) {
      sources.push({ experiment: source.experiment, run_ids: left });
    }
  }
  const { baseline } = view;
  return {
    ...view,
    sources,
    baseline: baseline && gone.has(baseline) ? null : baseline,
    hidden: (view.hidden ?? []).filter(id => !gone.has(id))
  };
}
