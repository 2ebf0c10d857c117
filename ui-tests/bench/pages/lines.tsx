/** A page with line charts and nothing else: figures of theirs are not those of JupyterLab. */
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import React from 'react';
import { createRoot } from 'react-dom/client';
import { LineChart } from '../../../src/shared/charts/lineChart';
import type { ILineChartProps } from '../../../src/shared/charts/lineChart';
import type { ISeries } from '../../../src/shared/charts/lineData';
import type { IChartTrial, ITrialFocus } from '../../../src/shared/charts/types';

const trans = nullTranslator.load('studio_ext');

export class Focus implements ITrialFocus {
  readonly changed = new Signal<this, void>(this);
  selected: ReadonlySet<string> = new Set<string>();
  hovered: string | null = null;

  select(ids: Iterable<string>): void {
    this.selected = new Set(ids);
    this.changed.emit();
  }

  toggle(id: string): void {
    const next = new Set(this.selected);
    if (!next.delete(id)) {
      next.add(id);
    }
    this.select(next);
  }

  hover(id: string | null): void {
    this.hovered = id;
    this.changed.emit();
  }
}

export function trialsOf(count: number): IChartTrial[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `run${index}`,
    label: `trial-${index}`,
    colour: index
  }));
}

/** A falling line with noise, the same each time; every trial has steps of its own. */
export function seriesOf(metric: string, trials: number, points: number): ISeries[] {
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: trials }, (_, trial) => {
    const x = Float64Array.from({ length: points }, (_, at) => at * 3 + (trial % 3));
    const y = x.map(
      (_, at) => 2 * Math.exp((-at / points) * (2 + (trial % 5))) + 0.05 + 0.02 * (trial % 7) + 0.1 * random()
    );
    return { runId: `run${trial}`, metric, x, y, count: points, shown: points, notFinite: 0 };
  });
}

const focus = new Focus();
const root = createRoot(document.getElementById('charts')!);

export function show(charts: Omit<ILineChartProps, 'trans' | 'focus'>[]): void {
  root.render(
    <div className="grid">
      {charts.map((chart, index) => (
        <LineChart key={index} {...chart} trans={trans} focus={focus} />
      ))}
    </div>
  );
}

Object.assign(window, { lines: { show, trialsOf, seriesOf, focus } });
