import type { EChartsCoreOption } from 'echarts/core';
import type { IChartTheme } from '../chartTheme';
import type { ITrialFocus } from './types';

/** One thing that can be pointed at: a point, a line, a bar. */
export interface IMark {
  /** Trials that it stands for. */
  ids: readonly string[];
  /** What it is, and its values: plain text. */
  title: string;
  lines: readonly string[];
  /** Which element of which series of the option it is. */
  series: number;
  index: number;
}

/** How something stands out because of what is selected and pointed at. */
export type Standing = 'plain' | 'strong' | 'faint';

/** How the trials of a mark stand out. */
export type Look = (ids: readonly string[]) => Standing;

/** A part of the legend: a colour and its meaning. */
export interface ILegendEntry {
  /** Position in the list of colours. */
  colour: number;
  label: string;
}

/** What the colours between two ends mean. */
export interface ILegendRamp {
  label: string;
  low: string;
  high: string;
}

/** Parts of an axis, from and to. */
export type Intervals = readonly (readonly [number, number])[];

/** Parts of axes that were brushed, by the position of the axis. */
export type Brushed = ReadonlyMap<number, Intervals>;

/** A chart that is worked out, but not drawn. */
export interface IDrawing {
  /** What the chart library draws, `width` pixels wide. Elements name their mark as `mark`. */
  option(theme: IChartTheme, look: Look, width: number): EChartsCoreOption;
  /** In the order in which the keyboard goes through them. */
  marks: readonly IMark[];
  /** In a sentence what is drawn. */
  summary: string;
  /** What was left out, and the like. */
  notes: readonly string[];
  /** Why there is nothing to draw; empty: there is. */
  empty: string;
  /** What is drawn as a table. */
  table: { head: readonly string[]; rows: readonly (string | number)[][] };
  /** Whether marks have no one place where a tooltip could stand. */
  isSpread?: boolean;
  /** Keys of parallel axes, which can be brushed. */
  axes?: readonly string[];
  legend?: readonly ILegendEntry[];
  ramp?: ILegendRamp;
}

/** How trials stand out now. Others are faint where any of `ids` is selected. */
export function lookOf(
  focus: ITrialFocus,
  ids: readonly string[],
  fadesOthers = false
): Look {
  const { hovered, selected } = focus;
  const isHoveredHere = hovered !== null && ids.includes(hovered);
  const isSelectedHere = ids.some(id => selected.has(id));
  return of => {
    if (isHoveredHere && of.includes(hovered!)) {
      return 'strong';
    }
    if (isSelectedHere) {
      return of.some(id => selected.has(id)) ? 'strong' : 'faint';
    }
    return isHoveredHere && fadesOthers ? 'faint' : 'plain';
  };
}

/** A text on one line and no longer than `width` characters. */
export function cut(text: string, width = 24): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

/** Opacity of what stands out like this; `plain` is that of a usual one. */
export function opacity(standing: Standing, plain = 0.85): number {
  return standing === 'strong' ? 1 : standing === 'faint' ? 0.15 : plain;
}

/** Symbols by how often the colours were gone through, as lines have dashes. */
const SYMBOLS = ['circle', 'triangle', 'diamond', 'rect'];

export function symbol(colour: number, colours: number): string {
  return SYMBOLS[Math.floor(colour / colours) % SYMBOLS.length];
}
