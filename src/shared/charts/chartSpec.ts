import type { ILineOptions } from './lineData';

/** What a chart shows: keys of columns, and how. The charts of a view are such. */
export type ChartSpec =
  | ({ type: 'line'; group_by?: string | null } & ILineOptions)
  | {
      type: 'scatter';
      x: string;
      y: string;
      colour?: string | null;
      size?: string | null;
      log_x?: boolean;
      log_y?: boolean;
    }
  | {
      type: 'parallel';
      keys: readonly string[];
      log?: readonly string[];
      colour?: string | null;
    }
  | { type: 'box'; by: string; value: string; log?: boolean }
  | { type: 'histogram'; value: string; bins?: number | null }
  | { type: 'heatmap'; x: string; y: string; value: string }
  | { type: 'importance'; metric: string };

export type ChartSpecOf<T extends ChartSpec['type']> = Extract<
  ChartSpec,
  { type: T }
>;

/** What somebody changes in a chart itself. */
export interface IChartChange {
  /** Of a chart of lines. */
  log_y?: boolean;
  /** Of parallel axes: in their new order. */
  keys?: string[];
}
