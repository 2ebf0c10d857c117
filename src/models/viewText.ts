import type { ISignal } from '@lumino/signaling';
import type { View, ViewChart } from './views';

/** Where the text of a view is kept: a file that is open, or the memory of a tab. */
export interface IViewText {
  readonly text: string;
  /** What the text says, where whoever wrote it knows: else the server has to read it. */
  readonly view?: View | null;
  /** Resolves when the text is known. */
  readonly ready: Promise<void>;
  /** Emitted when the text changed, whoever changed it. */
  readonly changed: ISignal<unknown, void>;
  /** Emitted before it is saved: what is not in it by then is not saved. */
  readonly saving?: ISignal<unknown, void>;
  set(text: string): void;
}

/** What is as usual is left out of a file, so that its versions differ in what was changed. */
const VIEW_USUAL: Record<string, unknown> = {
  title: '',
  notes: '',
  sources: [],
  baseline: null,
  hidden: [],
  only_differences: true,
  charts: null
};
const SOURCE_USUAL = { run_ids: [], filter: '', sort: [], limit: 20 };
const CHART_USUAL = {
  title: '',
  wide: false,
  x_metric: null,
  log_x: false,
  log_y: false,
  smoothing: 0,
  group_by: null,
  colour: null,
  size: null,
  log: [],
  bins: null
};
const LINE_USUAL = { ...CHART_USUAL, x: 'step' };
const BOX_USUAL = { ...CHART_USUAL, log: false };

/** The text of a file that says the same as a view. The server reads it: see `ViewsClient.read`. */
export function writeView(view: View): string {
  const { sources, charts } = view;
  const written = {
    version: 1,
    ...without(
      {
        ...view,
        version: undefined,
        sources: (sources ?? []).map(each => without(each, SOURCE_USUAL)),
        charts: charts?.map(writeChart) ?? null
      },
      VIEW_USUAL
    )
  };
  return `${JSON.stringify(written, null, 2)}\n`;
}

function writeChart(chart: ViewChart): unknown {
  const usual =
    chart.type === 'line'
      ? LINE_USUAL
      : chart.type === 'box'
        ? BOX_USUAL
        : CHART_USUAL;
  return without(chart, usual);
}

function without(value: object, usual: Record<string, unknown>): object {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([name, each]) =>
        each !== undefined &&
        !(name in usual && JSON.stringify(each) === JSON.stringify(usual[name]))
    )
  );
}
