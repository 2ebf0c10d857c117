import { Signal } from '@lumino/signaling';
import type { IChartColumn, IChartTrial, ITrialFocus } from '../types';

/** A focus that keeps what was chosen. */
export class FakeFocus implements ITrialFocus {
  readonly changed = new Signal<unknown, void>(this);
  selected: ReadonlySet<string> = new Set();
  hovered: string | null = null;

  select(ids: Iterable<string>): void {
    this.selected = new Set(ids);
    this.changed.emit();
  }

  toggle(id: string): void {
    const ids = new Set(this.selected);
    if (!ids.delete(id)) {
      ids.add(id);
    }
    this.select(ids);
  }

  hover(id: string | null): void {
    this.hovered = id;
    this.changed.emit();
  }
}

export function trialsOf(count: number): IChartTrial[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `run${index}`,
    label: `trial ${index}`,
    colour: index
  }));
}

export function columnOf(
  label: string,
  values: IChartColumn['values']
): IChartColumn {
  return {
    key: `params.${label}`,
    label,
    values,
    isNumeric: values.every(each => typeof each !== 'string')
  };
}

/** What observers of size and sight do in a browser, for a page without layout. */
export function fakeObservers(): void {
  Object.assign(window, {
    IntersectionObserver: class {
      constructor(
        private readonly _callback: (
          entries: { isIntersecting: boolean }[]
        ) => void
      ) {}
      observe() {
        queueMicrotask(() => this._callback([{ isIntersecting: true }]));
      }
      disconnect() {}
    },
    ResizeObserver: class {
      observe() {}
      disconnect() {}
    }
  });
}
