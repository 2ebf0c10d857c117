import { expect, test as galata } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { APIRequestContext } from '@playwright/test';
import { JobTab } from './pages/JobTab';
import { RunAsJobForm } from './pages/RunAsJobForm';
import { StudioPanel } from './pages/StudioPanel';
import { TrialTab } from './pages/TrialTab';
import { TrialsTable } from './pages/TrialsTable';
import { silentRegistry } from './registry';
import type { IRegistry } from './registry';

/** What the tests read of a job; the whole is `Job` in `src/contract.ts`. */
export interface IJob {
  id: string;
  name: string;
  status: string;
  secondary_status: string;
  notebook: string;
  parameters: Record<string, unknown>;
  message: string;
  progress: { done: number; total: number; current: number | null };
  trial: { experiment: string; run_id: string | null };
}

/** What the tests read of a trial; the whole is `Trial` in `src/contract.ts`. */
export interface ITrial {
  run_id: string;
  name: string;
  status: string;
  parameters: Record<string, string>;
  job_id: string | null;
}

/** What the tests read of `SubmitOptions`. */
interface IOptions {
  runners: { name: string; available: boolean; reason: string }[];
  images: { reference: string; summary: string }[];
  default_image: string;
  image_hint: string;
}

const FINAL = ['Completed', 'Failed', 'Stopped'];

/** The server's side of Studio: arranges what a test starts from, and tidies up after it. */
export class StudioServer {
  constructor(
    private readonly _request: APIRequestContext,
    private readonly _base: string
  ) {}

  async jobs(): Promise<IJob[]> {
    const response = await this._request.get(this._url('jobs?limit=200'));
    expect(response.status()).toBe(200);
    return ((await response.json()) as { items: IJob[] }).items;
  }

  async job(id: string): Promise<IJob> {
    const response = await this._request.get(this._url(`jobs/${id}`));
    expect(response.status()).toBe(200);
    return (await response.json()) as IJob;
  }

  /** The trials of an experiment. */
  async trials(experiment: string): Promise<ITrial[]> {
    const response = await this._request.get(this._url(`trials?experiment=${encodeURIComponent(experiment)}`));
    expect(response.status(), await response.text()).toBe(200);
    return ((await response.json()) as { items: ITrial[] }).items;
  }

  async createExperiment(name: string): Promise<void> {
    const response = await this._request.post(this._url('experiments'), { data: { name } });
    expect(response.status(), await response.text()).toBe(201);
  }

  /** MLflow's id of the experiment that a run is in. */
  async experimentOf(runId: string): Promise<string> {
    const response = await this._request.get(this._url(`records/runs/${runId}`));
    expect(response.status(), await response.text()).toBe(200);
    return ((await response.json()) as { experiment_id: string }).experiment_id;
  }

  /** The tags of a run, as MLflow has them. */
  async tagsOf(runId: string): Promise<Record<string, string>> {
    const response = await this._request.get(this._url(`records/runs/${runId}`));
    expect(response.status(), await response.text()).toBe(200);
    return ((await response.json()) as { tags: Record<string, string> }).tags;
  }

  /** The text of an artefact of a run. */
  async artifact(runId: string, path: string): Promise<string> {
    const response = await this._request.get(this._url(`records/runs/${runId}/artifacts/${encodeURI(path)}`));
    expect(response.status(), await response.text()).toBe(200);
    return response.text();
  }

  /** What the form can choose from. */
  async options(): Promise<IOptions> {
    const response = await this._request.get(this._url('options'));
    expect(response.status()).toBe(200);
    return (await response.json()) as IOptions;
  }

  /** Why jobs cannot run in containers here; empty where they can. */
  async lacksContainers(): Promise<string> {
    const { runners, images, default_image, image_hint } = await this.options();
    const docker = runners.find(({ name }) => name === 'docker');
    if (!docker?.available) {
      return docker?.reason ?? 'There is no runner named docker.';
    }
    return images.some(({ reference }) => reference === default_image)
      ? ''
      : `${default_image} is not there. ${image_hint}`;
  }

  /** Submit a notebook without the browser, as a script would. */
  async submit(notebook: string, more: Record<string, unknown> = {}): Promise<IJob> {
    const response = await this._request.post(this._url('jobs'), { data: { notebook, ...more } });
    expect(response.status(), await response.text()).toBe(201);
    return (await response.json()) as IJob;
  }

  /** Register the newest model of a trial without the browser. */
  async register(run_id: string, name: string, alias: string, description: string): Promise<void> {
    const known = await this._request.get(this._url(`trials/${run_id}/models`));
    const { path } = ((await known.json()) as { models: { path: string }[] }).models[0];
    const data = { run_id, path, name, alias, description };
    const response = await this._request.post(this._url('models'), { data });
    expect(response.status(), await response.text()).toBe(201);
  }

  async stop(id: string): Promise<void> {
    await this._request.post(this._url(`jobs/${id}/stop`));
  }

  /** Wait until a job is in the state. */
  async reaches(id: string, status: string): Promise<void> {
    await expect(async () => expect((await this.job(id)).status).toBe(status)).toPass({
      timeout: 180_000,
      intervals: [100]
    });
  }

  /** Put a text file below the server's root. */
  async write(path: string, text: string): Promise<void> {
    const response = await this._request.put(`${this._base}/api/contents/${encodeURI(path)}`, {
      data: { type: 'file', format: 'text', content: text }
    });
    expect(response.ok(), await response.text()).toBe(true);
  }

  async read(path: string): Promise<string> {
    const response = await this._request.get(
      `${this._base}/api/contents/${encodeURI(path)}?type=file&format=text`
    );
    expect(response.ok(), await response.text()).toBe(true);
    return ((await response.json()) as { content: string }).content;
  }

  /** Wait until a JSON file holds this. Jupyter Server writes in place: meanwhile the file is empty, or ends early. */
  async holds(path: string, expected: Record<string, unknown>): Promise<void> {
    await expect(async () => {
      expect(JSON.parse(await this.read(path))).toMatchObject(expected);
    }).toPass();
  }

  /** End and delete every job. */
  async clear(): Promise<void> {
    await expect
      .poll(
        async () => {
          const active = (await this.jobs()).filter(job => !FINAL.includes(job.status));
          await Promise.all(active.map(job => this.stop(job.id)));
          return active.length;
        },
        { intervals: [200] }
      )
      .toBe(0);
    for (const job of await this.jobs()) {
      const response = await this._request.delete(this._url(`jobs/${job.id}`));
      expect(response.status()).toBe(204);
    }
  }

  private _url(path: string): string {
    return `${this._base}/studio/api/${path}`;
  }
}

interface IFixtures {
  server: StudioServer;
  panel: StudioPanel;
  form: RunAsJobForm;
  jobTab: JobTab;
  trials: TrialsTable;
  trialTab: TrialTab;
  /** An image registry that never answers. */
  registry: IRegistry;
  /** Errors that nobody caught in the page; a test fails at its end when there are any. */
  uncaught: string[];
}

export const test = galata.extend<IFixtures>({
  server: [
    async ({ request, baseURL }, use) => {
      const server = new StudioServer(request, baseURL!);
      await use(server);
      await server.clear();
    },
    { auto: true }
  ],
  panel: async ({ page }, use) => use(new StudioPanel(page)),
  form: async ({ page }, use) => use(new RunAsJobForm(page)),
  jobTab: async ({ page }, use) => use(new JobTab(page)),
  trials: async ({ page }, use) => use(new TrialsTable(page)),
  trialTab: async ({ page }, use) => use(new TrialTab(page)),
  registry: async ({}, use) => {
    const registry = await silentRegistry();
    await use(registry);
    await registry.close();
  },
  uncaught: [
    async ({ page }, use) => {
      const errors: string[] = [];
      page.on('pageerror', error => errors.push(error.stack ?? String(error)));
      await use(errors);
      expect(errors.filter(error => /studio/i.test(error))).toEqual([]);
    },
    { auto: true }
  ]
});

/** Skip the test where there are no containers; continuous integration has to have them. */
export async function needContainers(server: StudioServer): Promise<void> {
  const reason = await server.lacksContainers();
  if (process.env.CI) {
    expect(reason, 'jobs can run in containers').toBe('');
  }
  test.skip(reason !== '', reason);
}

export { expect };
export type Page = IJupyterLabPageFixture;
