import { randomBytes } from 'node:crypto';
import { expect } from '@playwright/test';
import type { APIRequestContext } from '@playwright/test';

export interface IRecorded {
  name: string;
  parameters?: Record<string, string>;
  /** Values of each metric, a step each. */
  metrics?: Record<string, readonly number[]>;
  tags?: Record<string, string>;
  /** Whether it goes on. */
  isRunning?: boolean;
}

/** Records trials as a script elsewhere does, over REST. */
export class Recorder {
  constructor(
    private readonly _request: APIRequestContext,
    private readonly _base: string,
    readonly experiment: string
  ) {}

  /** Record a trial; returns its run id. */
  async record(trial: IRecorded): Promise<string> {
    const run = await this._create(trial);
    const client = randomBytes(16).toString('hex');
    const journal = `records/runs/${run}/journals/${client}`;
    await this._send('put', journal, { ends: true });
    this._journals.set(run, { journal, number: 0 });
    const params = Object.entries(trial.parameters ?? {}).map(([key, value]) => ({ key, value }));
    await this.log(run, trial.metrics ?? {}, 0, params);
    if (!trial.isRunning) {
      await this.end(run);
    }
    return run;
  }

  /** Log values from a step on. */
  async log(
    run: string,
    metrics: Record<string, readonly number[]>,
    from = 0,
    params: { key: string; value: string }[] = []
  ): Promise<void> {
    const open = this._journals.get(run)!;
    const values = Object.entries(metrics).flatMap(([key, found]) =>
      found.map((value, at) => ({
        key,
        // What JSON has no number for.
        value: Number.isFinite(value) ? value : String(value),
        timestamp: Date.now(),
        step: from + at
      }))
    );
    const calls: object[] = [];
    for (let at = 0; at < Math.max(1, values.length); at += 500) {
      calls.push({ metrics: values.slice(at, at + 500), params: at === 0 ? params : [] });
    }
    await this._send('post', open.journal, { first: open.number + 1, calls });
    open.number += calls.length;
  }

  async end(run: string, status = 'FINISHED'): Promise<void> {
    const { journal } = this._journals.get(run)!;
    await this._send('delete', `${journal}?status=${status}&ended=${Date.now() / 1000}`);
  }

  private async _create({ name, tags = {} }: IRecorded): Promise<string> {
    this._id ??= await this._experimentId();
    const made = await this._send('post', 'records/runs', {
      experiment_id: this._id,
      name,
      tags,
      started: Date.now() / 1000
    });
    return (made as { run_id: string }).run_id;
  }

  private async _experimentId(): Promise<string> {
    const made = await this._send('post', 'records/experiments', { name: this.experiment });
    return (made as { id?: string; experiment_id?: string }).id ?? (made as { experiment_id: string }).experiment_id;
  }

  private async _send(verb: 'post' | 'put' | 'patch' | 'delete', path: string, data?: object): Promise<unknown> {
    const response = await this._request[verb](`${this._base}/studio/api/${path}`, { data });
    expect(response.ok(), `${verb} ${path}: ${await response.text()}`).toBe(true);
    return response.status() === 204 ? null : response.json();
  }

  private _id: string | null = null;
  private readonly _journals = new Map<string, { journal: string; number: number }>();
}
