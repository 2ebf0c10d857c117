import type { ISignal } from '@lumino/signaling';
import React, { useCallback, useLayoutEffect, useRef } from 'react';
import { ErrorBanner } from '../errorBanner';
import { PlotFrame } from '../plotFrame';
import { useSignal } from '../useSignal';
import { LineChart } from './lineChart';
import type { ILineChartProps } from './lineChart';
import type { ISeries } from './lineData';

/** Where the histories of a chart come from; `SeriesModel.open()` gives one. */
export interface ISeriesSource {
  readonly changed: ISignal<unknown, void>;
  readonly series: readonly ISeries[];
  /** Whether an answer has come, be it an empty one. */
  readonly isReady: boolean;
  /** How many values are here of what is still being read; null: nothing is. */
  readonly reading: number | null;
  /** Why the last look failed, or why what is shown may be old. */
  readonly error: { message: string; hint: string } | null;
  /** Whether somebody looks: only then is anything asked for. */
  setActive(isActive: boolean): void;
  /** How wide the chart is, in pixels. */
  setWidth(pixels: number): void;
  /** Fetch what is between (null: all of it is shown). */
  zoom(low: number | null, high: number | null): void;
  /** Ask again after an error. */
  retry(): void;
}

export type IHistoryChartProps = Omit<
  ILineChartProps,
  'series' | 'isLoading' | 'isPartial' | 'onZoom'
> & { source: ISeriesSource };

/** A line chart that asks for its histories while it is in sight. */
export function HistoryChart(props: IHistoryChartProps): JSX.Element {
  const { source, ...rest } = props;
  const { trans } = props;
  useSignal(source.changed);
  const root = useRef<HTMLDivElement>(null);
  // Before it is painted: what is asked for is on its way meanwhile.
  useLayoutEffect(() => {
    const node = root.current;
    if (!node) {
      return;
    }
    PlotFrame.prepare();
    // Whoever draws it takes it to be in sight; soon it is known.
    source.setWidth(node.clientWidth);
    source.setActive(true);
    const sized = new ResizeObserver(() => source.setWidth(node.clientWidth));
    sized.observe(node);
    const seen = new IntersectionObserver(
      entries => {
        source.setWidth(node.clientWidth);
        source.setActive(entries[entries.length - 1].isIntersecting);
      },
      { rootMargin: '200px' }
    );
    seen.observe(node);
    return () => {
      sized.disconnect();
      seen.disconnect();
      source.setActive(false);
    };
  }, [source]);
  const onZoom = useCallback(
    (low: number | null, high: number | null) => source.zoom(low, high),
    [source]
  );
  const { reading } = source;
  const note =
    reading === null
      ? props.note
      : trans.__(
          'Reading histories: %1 values so far',
          reading.toLocaleString()
        );
  return (
    <div ref={root} className="jp-StudioHistoryChart">
      {source.error && (
        <ErrorBanner
          message={source.error.message}
          hint={source.error.hint}
          action={trans.__('Try again')}
          onAction={() => source.retry()}
        />
      )}
      <LineChart
        {...rest}
        note={note}
        series={source.series}
        isLoading={!source.isReady}
        isPartial={reading !== null}
        onZoom={onZoom}
      />
    </div>
  );
}
