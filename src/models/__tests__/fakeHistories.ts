import type { FakeServer, ISeen } from '../../__tests__/fakes';
import type { SampledSeries, SeriesPage, SeriesQuery } from '../../contract';

/** Answers as the server does: values by trial and metric, one a step. */
export class FakeHistories {
  constructor(private readonly _server: FakeServer) {
    _server.on('POST trials/series', (seen: ISeen) =>
      this.answer(seen.body as SeriesQuery)
    );
  }

  readonly values = new Map<string, (number | null)[]>();
  generation = 'g1';
  complete = true;
  missing: string[] = [];
  message = '';
  /** Answers of so many turns are not all. */
  turns = 0;
  /** Metrics that only the last of them has. */
  late: string[] = [];

  get asked(): SeriesQuery[] {
    return this._server.seen.map(({ body }) => body as SeriesQuery);
  }

  log(runId: string, metric: string, ...values: (number | null)[]): void {
    const key = `${runId} ${metric}`;
    this.values.set(key, [...(this.values.get(key) ?? []), ...values]);
  }

  answer(query: SeriesQuery): SeriesPage {
    const series = query.run_ids.flatMap((runId, row) =>
      query.metrics.flatMap((metric, column) => {
        const isSame = query.generation === this.generation;
        const known = isSame ? (query.known?.[row]?.[column] ?? 0) : 0;
        return this._series(runId, metric, known, query) ?? [];
      })
    );
    const more = this.turns > 0;
    this.turns -= more ? 1 : 0;
    return {
      series,
      generation: this.generation,
      more,
      read: more ? 1234 : 0,
      waiting: more ? 1 : 0,
      complete: this.complete && !more,
      missing: this.missing,
      message: this.message
    };
  }

  private _series(
    runId: string,
    metric: string,
    first: number,
    query: SeriesQuery
  ): SampledSeries | null {
    if (this.turns > 0 && this.late.includes(metric)) {
      return null;
    }
    const all = this.values.get(`${runId} ${metric}`) ?? [];
    const [low, high] = [query.low ?? -Infinity, query.high ?? Infinity];
    const steps = all.map((_, step) => step).slice(first);
    const part = steps.filter(step => step >= low && step <= high);
    if (part.length === 0 || this.missing.includes(runId)) {
      return null;
    }
    const every = Math.ceil(part.length / (query.max_points ?? 1000));
    const chosen = part.filter((_, at) => at % every === 0);
    return {
      run_id: runId,
      name: metric,
      count: all.length,
      not_finite: all.filter(each => each === null).length,
      last: all[all.length - 1],
      step: query.x === 'step' ? chosen : [],
      time: query.x === 'step' ? [] : chosen.map(step => step * 10),
      value: chosen.map(step => all[step]),
      shown: part.length,
      preview: false,
      first
    };
  }
}

export const ramp = (length: number) => Array.from({ length }, (_, at) => at);
