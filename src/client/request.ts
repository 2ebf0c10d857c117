import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { ErrorBody, FieldError } from '../contract';

/** Path of the REST interface below the server's base URL. */
export const API_ROOT = 'studio/api';

/** Values that may stand in a query; absent ones are left out. */
export type Query = Record<string, string | number | boolean | undefined>;

/** What a request may carry. */
export interface IRequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Query;
  body?: unknown;
  /** Media type of the answer, where that is not JSON. */
  accept?: string;
  signal?: AbortSignal;
}

/**
 * Any failed request, in words for a person.
 *
 * `code` is the server's stable word, or `unreachable`, `not_installed` or
 * `unexpected` when the answer did not come from Studio.
 */
export class RequestError extends Error {
  constructor(
    readonly body: ErrorBody,
    readonly status: number
  ) {
    super(body.message);
    this.name = 'RequestError';
  }

  get code(): string {
    return this.body.code;
  }

  get hint(): string {
    return this.body.hint;
  }

  get fields(): readonly FieldError[] {
    return this.body.fields;
  }
}

/** Turn anything that was thrown into an error that can be shown. */
export function asRequestError(reason: unknown): RequestError {
  if (reason instanceof RequestError) {
    return reason;
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  return failure('unexpected', message, '', 0);
}

/** Whether a request was given up on purpose. */
export function isAbort(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'AbortError';
}

/**
 * Ask the server.
 *
 * Resolves with the decoded JSON (undefined for 204); rejects with
 * `RequestError`, or with the browser's `AbortError` when `signal` fired.
 */
export async function request<T>(
  settings: ServerConnection.ISettings,
  path: string,
  options: IRequestOptions = {}
): Promise<T> {
  const { response, content: text } = await send(
    settings,
    path,
    options,
    answer => answer.text()
  );
  if (response.status === 204 || text === '') {
    return undefined as T;
  }
  return understood(() => JSON.parse(text) as T, response.status);
}

/**
 * The same for an answer in another form: `reader` gets its bytes, and whether it
 * has the form that `accept` names.
 */
export async function requestBytes<T>(
  settings: ServerConnection.ISettings,
  path: string,
  options: IRequestOptions & { accept: string },
  reader: Promise<(content: ArrayBuffer, isAccepted: boolean) => T>
): Promise<T> {
  const { response, content } = await send(settings, path, options, answer =>
    answer.arrayBuffer()
  );
  const type = response.headers.get('Content-Type') ?? '';
  const read = await reader;
  return understood(
    () => read(content, type.startsWith(options.accept)),
    response.status
  );
}

function understood<T>(read: () => T, status: number): T {
  try {
    return read();
  } catch {
    throw failure(
      'unexpected',
      'The server sent something that cannot be read.',
      'A proxy between the browser and the server may have changed it.',
      status
    );
  }
}

/** As `request`, for what is no JSON: the content of a file. */
export async function download(
  settings: ServerConnection.ISettings,
  path: string,
  options: IRequestOptions = {}
): Promise<Blob> {
  const { content } = await send(settings, path, options, answer =>
    answer.blob()
  );
  return content;
}

async function send<T>(
  settings: ServerConnection.ISettings,
  path: string,
  options: IRequestOptions,
  read: (response: Response) => Promise<T>
): Promise<{ response: Response; content: T }> {
  const { method = 'GET', accept, body, signal, query = {} } = options;
  const url =
    URLExt.join(settings.baseUrl, API_ROOT, path) + toQueryString(query);
  const headers: Record<string, string> = accept ? { Accept: accept } : {};
  const init: RequestInit = { method, signal, headers };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    headers['Content-Type'] = 'application/json';
  }
  let response: Response;
  let refusal = '';
  let content: T | undefined;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
    if (response.ok) {
      content = await read(response);
    } else {
      refusal = await response.text();
    }
  } catch (reason) {
    if (isAbort(reason) || signal?.aborted) {
      throw reason;
    }
    throw failure(
      'unreachable',
      'The Jupyter server does not answer.',
      'Check that it still runs; Studio goes on by itself when it is back.',
      0
    );
  }
  if (!response.ok) {
    throw fromResponse(response.status, refusal);
  }
  return { response, content: content as T };
}

function toQueryString(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') {
      params.append(name, String(value));
    }
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}

function fromResponse(status: number, text: string): RequestError {
  const body = parseErrorBody(text);
  if (body) {
    return new RequestError(body, status);
  }
  if (status === 404) {
    return failure(
      'not_installed',
      'Studio does not run on this Jupyter server.',
      'Install studio_ext where the server runs, then restart the server.',
      status
    );
  }
  if (status === 401 || status === 403) {
    return failure(
      'forbidden',
      'The server did not accept you.',
      'Reload the page and log in again.',
      status
    );
  }
  return failure(
    'unexpected',
    `The server failed (status ${status}).`,
    'The log of the Jupyter server says why.',
    status
  );
}

function parseErrorBody(text: string): ErrorBody | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const body = value as Partial<ErrorBody>;
  if (typeof body.code !== 'string' || typeof body.message !== 'string') {
    return null;
  }
  return {
    code: body.code,
    message: body.message,
    hint: typeof body.hint === 'string' ? body.hint : '',
    fields: Array.isArray(body.fields) ? body.fields : []
  };
}

function failure(
  code: string,
  message: string,
  hint: string,
  status: number
): RequestError {
  return new RequestError({ code, message, hint, fields: [] }, status);
}
