import type { ISignal } from '@lumino/signaling';

/** A trial as charts know it. */
export interface IChartTrial {
  /** Run id. */
  id: string;
  /** What it is called in legends and tooltips: unique among those drawn. */
  label: string;
  /** Position in the list of colours: the same in all charts and tables. */
  colour: number;
}

/** One value for each trial, in the order of the trials. */
export interface IChartColumn {
  /** `params.lr`, `metrics.rmse`. */
  key: string;
  label: string;
  /** Texts are categories; null where a trial has none; NaN and infinities as such. */
  values: readonly (number | string | null)[];
  /** Whether every value is a number. */
  isNumeric: boolean;
  /** Which values are better, where that is known. */
  better?: 'lower' | 'higher';
}

/**
 * Which trials stand out. All charts and tables of a view share one: what is
 * selected in any is selected in all.
 */
export interface ITrialFocus {
  /** Emitted for both, selection and hovering. */
  readonly changed: ISignal<unknown, void>;
  readonly selected: ReadonlySet<string>;
  /** The trial under the pointer, in any chart or table. */
  readonly hovered: string | null;
  select(ids: Iterable<string>): void;
  toggle(id: string): void;
  hover(id: string | null): void;
}
