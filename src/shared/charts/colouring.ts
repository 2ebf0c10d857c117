import { formatNumber } from '../format';
import type { TranslationBundle } from '@jupyterlab/translation';
import { COLOURS } from '../chartTheme';
import type { IChartTheme } from '../chartTheme';
import { cut, symbol } from './drawing';
import type { ILegendEntry, ILegendRamp } from './drawing';
import { axisValues, fractions } from './scales';
import type { IChartColumn, IChartTrial } from './types';

/** More categories than these share the entry "others" of a legend. */
const MAX_ENTRIES = 24;

/** The colours of trials, and what they mean. */
export interface IColouring {
  colour(theme: IChartTheme, trial: number): string;
  symbol(trial: number): string;
  legend?: readonly ILegendEntry[];
  ramp?: ILegendRamp;
  notes: readonly string[];
}

/** Colours by a column, or each trial's own. */
export function colouring(
  trials: readonly IChartTrial[],
  column: IChartColumn | undefined,
  trans: TranslationBundle
): IColouring {
  if (!column) {
    return {
      colour: (theme, trial) => theme.line(trials[trial].colour),
      symbol: trial => symbol(trials[trial].colour, COLOURS),
      notes: []
    };
  }
  const axis = axisValues(column, trans);
  const { categories, extent, places } = axis;
  if (categories) {
    const entry = (place: number) => Math.min(place, MAX_ENTRIES - 1);
    const names = categories.slice(0, MAX_ENTRIES).map(name => cut(name, 60));
    if (categories.length > MAX_ENTRIES) {
      names[MAX_ENTRIES - 1] = trans.__(
        '%1 others',
        categories.length - MAX_ENTRIES + 1
      );
    }
    return {
      colour: (theme, trial) => {
        const place = places[trial];
        return place === null ? theme.text : theme.line(entry(place));
      },
      symbol: trial => symbol(entry(places[trial] ?? 0), COLOURS),
      legend: names.map((label, colour) => ({ colour, label })),
      notes: []
    };
  }
  const shares = fractions(axis);
  return {
    colour: (theme, trial) => {
      const share = shares[trial];
      return share === null ? theme.text : theme.ramp(share);
    },
    symbol: () => 'circle',
    ramp: extent
      ? {
          label: column.label,
          low: formatNumber(extent[0]),
          high: formatNumber(extent[1])
        }
      : undefined,
    notes: []
  };
}
