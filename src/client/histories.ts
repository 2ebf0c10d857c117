import type { SampledSeries, SeriesPage } from '../contract';

/** What came of the history of one metric of one trial. */
export interface IHistory extends Omit<
  SampledSeries,
  'step' | 'time' | 'value'
> {
  /** Steps, or seconds. Others may have the same array: it is not changed. */
  x: Float64Array;
  /** NaN where there is no finite value. */
  y: Float64Array;
}

export interface IHistoryPage extends Omit<SeriesPage, 'series'> {
  series: IHistory[];
}

/** An answer, with arrays in the place of lists or in JSON. */
export function read(content: ArrayBuffer, isPacked: boolean): IHistoryPage {
  return isPacked ? unpacked(content) : listed(content);
}

/**
 * An answer with arrays in the place of lists: eight bytes with the length of the head,
 * the head as JSON, then places and values of each series. Nothing is copied;
 * places of which only the first was sent are made here. Throws when it is
 * something else.
 */
function unpacked(content: ArrayBuffer): IHistoryPage {
  const [size] = new Uint32Array(content, 0, 1);
  const head = JSON.parse(
    new TextDecoder().decode(new Uint8Array(content, 8, size))
  ) as { page: SeriesPage; points: number[]; strides: number[] };
  let at = 8 + size;
  const take = (count: number) => {
    const found = new Float64Array(content, at, count);
    at += found.byteLength;
    return found;
  };
  // Trials that log at the same steps share them: to make them again for each takes time.
  const made: Record<string, Float64Array> = {};
  // Multiplied, as the server did to see whether they may be left out: adding up would give others.
  const spaced = (first: number, count: number, stride: number) =>
    (made[[first, count, stride].join()] ??= new Float64Array(count).map(
      (_, place) => first + stride * place
    ));
  const series = head.page.series.map((each, index) => {
    const count = head.points[index];
    const stride = head.strides[index];
    const x = stride ? spaced(take(1)[0], count, stride) : take(count);
    return { ...each, x, y: take(count) };
  });
  return { ...head.page, series };
}

/** The same of an answer in JSON. */
function listed(content: ArrayBuffer): IHistoryPage {
  const page = JSON.parse(new TextDecoder().decode(content)) as SeriesPage;
  const series = page.series.map(each => ({
    ...each,
    x: Float64Array.from(each.step.length > 0 ? each.step : each.time),
    y: Float64Array.from(each.value, value => value ?? NaN)
  }));
  return { ...page, series };
}
