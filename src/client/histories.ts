import type { SampledSeries, SeriesPage } from '../contract';

/** Media type of answers with arrays in the place of lists. */
export const PACKED = 'application/vnd.studio.series';

/** What came of the history of one metric of one trial. */
export interface IHistory extends Omit<
  SampledSeries,
  'step' | 'time' | 'value'
> {
  /** Steps, or seconds. */
  x: Float64Array;
  /** NaN where there is no finite value. */
  y: Float64Array;
}

export interface IHistoryPage extends Omit<SeriesPage, 'series'> {
  series: IHistory[];
}

/**
 * An answer of the media type above: eight bytes with the length of the head,
 * the head as JSON, then places and values of each series. Nothing is copied.
 * Throws when it is something else.
 */
export function unpacked(content: ArrayBuffer): IHistoryPage {
  const view = new DataView(content);
  const size = view.getUint32(0, true);
  const head = JSON.parse(
    new TextDecoder().decode(new Uint8Array(content, 8, size))
  ) as { page: SeriesPage; points: number[] };
  let at = 8 + size;
  const take = (count: number) => {
    const found = new Float64Array(content, at, count);
    at += found.byteLength;
    return found;
  };
  const series = head.page.series.map((each, index) => {
    const count = head.points[index];
    return { ...each, x: take(count), y: take(count) };
  });
  return { ...head.page, series };
}

/** The same of an answer in JSON. */
export function listed(page: SeriesPage): IHistoryPage {
  const series = page.series.map(each => ({
    ...each,
    x: Float64Array.from(each.step.length > 0 ? each.step : each.time),
    y: Float64Array.from(each.value, value => value ?? NaN)
  }));
  return { ...page, series };
}
