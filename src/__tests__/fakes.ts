import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import { StudioClient } from '../client';
import type {
  Container,
  ImageChoice,
  Job,
  JobDetail,
  NotebookInspection,
  NotebookParameter,
  Page,
  SubmitOptions,
  Trial,
  TrialDetail
} from '../contract';
import type {
  IParameterField,
  ParameterType
} from '../features/submit/parameters';

export const trans: TranslationBundle = nullTranslator.load('studio_ext');

/** A request as the fake server saw it. */
export interface ISeen {
  method: string;
  /** Path below the REST root, with its query. */
  path: string;
  body: unknown;
  signal: AbortSignal | null;
}

type Answer = unknown | ((seen: ISeen) => unknown);

/** A reply with a status of its own. */
export class Reply {
  constructor(
    readonly status: number,
    readonly body: unknown
  ) {}
}

/**
 * Answers requests by method and path instead of a server.
 *
 * Only the function that sends is replaced: everything of ours is real.
 */
export class FakeServer {
  constructor() {
    jest
      .spyOn(ServerConnection, 'makeRequest')
      .mockImplementation((url, init) => this._answer(url, init));
  }

  readonly seen: ISeen[] = [];
  readonly settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost/'
  });
  readonly client = new StudioClient(this.settings);

  /** Answer `GET jobs` and the like; a later rule goes before an earlier. */
  on(route: string, answer: Answer): this {
    this._rules.unshift([route, answer]);
    return this;
  }

  /** Requests of a route, in order. */
  of(route: string): ISeen[] {
    return this.seen.filter(
      ({ method, path }) => `${method} ${path.split('?')[0]}` === route
    );
  }

  private async _answer(url: string, init: RequestInit): Promise<Response> {
    const path = url.replace('http://localhost/studio/api/', '');
    const seen: ISeen = {
      method: init.method ?? 'GET',
      path,
      body: typeof init.body === 'string' ? JSON.parse(init.body) : undefined,
      signal: init.signal ?? null
    };
    this.seen.push(seen);
    const route = `${seen.method} ${path.split('?')[0]}`;
    const rule = this._rules.find(([wanted]) => wanted === route);
    const value: unknown =
      rule === undefined
        ? new Reply(404, 'no such route')
        : typeof rule[1] === 'function'
          ? await (rule[1] as (seen: ISeen) => unknown)(seen)
          : rule[1];
    const { status, body } =
      value instanceof Reply ? value : new Reply(200, value);
    const text =
      body === undefined
        ? null
        : typeof body === 'string'
          ? body
          : JSON.stringify(body);
    return new Response(text, { status });
  }

  private readonly _rules: [string, Answer][] = [];
}

let revisions = 0;

/** A job; the fields that matter to a test are given. */
export function makeJob(fields: Partial<JobDetail> = {}): JobDetail {
  revisions += 1;
  const id = fields.id ?? `job${revisions}`;
  return {
    id,
    name: `train-${id}`,
    kind: 'notebook',
    status: 'InProgress',
    secondary_status: 'Running',
    runner: 'process',
    attempt: 1,
    created: 1_000 + revisions,
    started: 1_000 + revisions,
    ended: null,
    progress: { done: 0, total: 4, current: null, label: '' },
    exit: null,
    trial: {
      experiment: 'house-prices',
      run_id: null,
      experiment_id: null,
      artifact_uri: null
    },
    notebook: 'work/train.ipynb',
    output_notebook: null,
    parameters: {},
    user: 'ann',
    message: '',
    stop_requested: false,
    revision: revisions,
    resources: {
      cpus: null,
      memory_bytes: null,
      time_limit_seconds: null,
      gpus: null
    },
    environment: {
      summary: '',
      container: null,
      kernel: 'python3',
      display_name: 'Python 3',
      language: 'python',
      argv: [],
      prefix: '/usr',
      interrupt_mode: 'signal',
      spec_env: {},
      variables: []
    },
    snapshot: null,
    autolog: 'on',
    directory: `/studio/jobs/${id}`,
    content_path: `${id}/output/train.ipynb`,
    notebook_sha256: '',
    lag_bytes: 0,
    attempts: [],
    transitions: [],
    tags: {},
    pid: null,
    ...fields
  };
}

/** The same job, changed. */
export function next(job: JobDetail, fields: Partial<JobDetail>): JobDetail {
  revisions += 1;
  return { ...job, revision: revisions, ...fields };
}

export function pageOf<T>(
  items: T[],
  nextCursor: string | null = null,
  total = items.length
): Page<T> {
  return { items, next_cursor: nextCursor, total };
}

export function deltaOf(
  revision: number,
  items: Job[],
  removed: string[] = []
) {
  return { revision, items, removed, more: false };
}

export function makeParameter(
  name: string,
  type: string,
  value: unknown,
  source = JSON.stringify(value)
): NotebookParameter {
  return { name, type, value, default: source, help: '' };
}

export function makeInspection(
  fields: Partial<NotebookInspection> = {}
): NotebookInspection {
  return {
    notebook: 'work/train.ipynb',
    suggested_name: 'train-8f2',
    experiment: 'house-prices',
    parameters: [
      makeParameter('max_depth', 'int', 6),
      makeParameter('learning_rate', 'float', 0.1)
    ],
    has_parameters_cell: true,
    kernel: 'python3',
    kernel_wanted: 'python3',
    language: 'python',
    cells: 12,
    warnings: [],
    ...fields
  };
}

export function makeOptions(
  fields: Partial<SubmitOptions> = {}
): SubmitOptions {
  return {
    runners: [
      {
        name: 'process',
        display_name: 'Process',
        available: true,
        reason: '',
        away: false,
        has_images: false
      },
      {
        name: 'docker',
        display_name: 'Docker',
        available: false,
        reason: 'No engine answers.',
        away: false,
        has_images: true
      }
    ],
    images: [],
    default_image: '',
    image_hint: '',
    kernels: [
      {
        name: 'python3',
        display_name: 'Python 3',
        language: 'python',
        fast: true
      },
      { name: 'ir', display_name: 'R', language: 'R', fast: false }
    ],
    default_kernel: 'python3',
    experiments: ['Default', 'house-prices'],
    autolog: 'on',
    cpus: 4,
    memory_bytes: 8 * 1024 ** 3,
    ...fields
  };
}

/** A parameter in the form. */
export function makeParameterField(
  type: ParameterType,
  text: string,
  more: Partial<IParameterField> = {}
): IParameterField {
  return {
    name: 'x',
    type,
    text,
    default: '',
    optional: false,
    help: '',
    added: false,
    ...more
  };
}

/** What a job ran in. */
export function makeContainer(fields: Partial<Container> = {}): Container {
  return {
    image: 'studio/notebook:1',
    image_id: 'sha256:0123456789abcdef',
    profile: 'notebook',
    network_access: false,
    pull: false,
    ...fields
  };
}

/** An image that is there. */
export function makeImage(fields: Partial<ImageChoice> = {}): ImageChoice {
  const reference = fields.reference ?? 'studio/notebook:1';
  return {
    reference,
    image_id: 'sha256:0123456789abcdef',
    size_bytes: 612_000_000,
    created: 1_000,
    profile: 'notebook',
    summary: `Docker · ${reference} · Python 3.12`,
    ...fields
  };
}

/** Options with an engine that answers and these images. */
export function makeDockerOptions(
  images: ImageChoice[] = [makeImage()],
  fields: Partial<SubmitOptions> = {}
): SubmitOptions {
  const options = makeOptions();
  return {
    ...options,
    runners: options.runners.map(runner => ({
      ...runner,
      available: true,
      reason: ''
    })),
    images,
    default_image: 'studio/notebook:1',
    image_hint: 'Build it: studio image build',
    ...fields
  };
}

/** Wait until something holds; fails after three seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 3_000;
  while (!holds()) {
    if (Date.now() > end) {
      throw new Error(`waited in vain for ${holds.toString()}`);
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** A promise that is settled from outside. */
export function deferred<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>(settle => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Everything about a trial; the fields that matter to a test are given. */
export function makeDetail(
  fields: Partial<TrialDetail> = {},
  trial: Partial<Trial> = {}
): TrialDetail {
  return {
    trial: {
      run_id: 'run1',
      experiment: 'house-prices',
      name: 'first',
      status: 'FINISHED',
      started: 1_000,
      ended: 1_060,
      parameters: {},
      metrics: {},
      notebook: null,
      commit: null,
      dirty: null,
      job_id: null,
      parent_run_id: null,
      user: 'ann',
      lag_bytes: 0,
      tags: {},
      ...trial
    },
    experiment_id: '7',
    is_deleted: false,
    note: '',
    failure: '',
    metrics: [],
    inputs: [],
    code: {
      notebook: '',
      notebook_sha256: '',
      commit: '',
      remote: '',
      dirty: null,
      source: '',
      changes: '',
      output: ''
    },
    environment: {
      python: '',
      platform: '',
      cpus: '',
      gpus: '',
      runner: '',
      kernel: '',
      image: '',
      image_id: '',
      packages: '',
      machine: ''
    },
    job: null,
    models: [],
    versions: [],
    parent: null,
    children: { items: [], next_cursor: null },
    artifact_uri: '/studio/artifacts',
    mlflow_url: '',
    mlflow_command: 'mlflow ui',
    missing: [],
    ...fields
  };
}
