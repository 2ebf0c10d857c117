import type { ServerConnection } from '@jupyterlab/services';
import type {
  Lineage,
  LineageKind,
  ModelVersion,
  ModelVersions,
  RegisteredModel,
  RegisterModel,
  SetAlias,
  TrialModels,
  UpdateModel
} from '../contract';
import { request } from './request';
import type { IRequestOptions } from './request';

/** The REST resources `models` and `lineage`. */
export class ModelsClient {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** All registered models, last changed first. */
  list(): Promise<RegisteredModel[]> {
    return this._ask([]);
  }

  get(name: string): Promise<RegisteredModel> {
    return this._ask([name]);
  }

  /** Newest first, each with the trial that it came from. */
  versions(name: string): Promise<ModelVersions> {
    return this._ask([name, 'versions']);
  }

  /** What of a trial can be registered, and what was. */
  ofTrial(runId: string): Promise<TrialModels> {
    return request(
      this._settings,
      `trials/${encodeURIComponent(runId)}/models`
    );
  }

  register(body: RegisterModel): Promise<ModelVersion> {
    return this._ask([], { method: 'POST', body });
  }

  describe(name: string, body: UpdateModel): Promise<RegisteredModel> {
    return this._ask([name], { method: 'PATCH', body });
  }

  describeVersion(
    name: string,
    version: string,
    body: UpdateModel
  ): Promise<ModelVersion> {
    return this._ask([name, 'versions', version], { method: 'PATCH', body });
  }

  setAlias(
    name: string,
    alias: string,
    body: SetAlias
  ): Promise<RegisteredModel> {
    return this._ask([name, 'aliases', alias], { method: 'PUT', body });
  }

  /** @param heldBy - the version that it was seen to stand for. */
  deleteAlias(
    name: string,
    alias: string,
    heldBy: string
  ): Promise<RegisteredModel> {
    return this._ask([name, 'aliases', alias], {
      method: 'DELETE',
      query: { held_by: heldBy }
    });
  }

  deleteVersion(name: string, version: string): Promise<void> {
    return this._ask([name, 'versions', version], { method: 'DELETE' });
  }

  /** Only one without versions. */
  delete(name: string): Promise<void> {
    return this._ask([name], { method: 'DELETE' });
  }

  /** What a thing came from and what came from it, so many steps each way. */
  lineage(kind: LineageKind, id: string, depth = 3): Promise<Lineage> {
    return request(this._settings, 'lineage', { query: { kind, id, depth } });
  }

  private _ask<T>(
    segments: readonly string[],
    options: IRequestOptions = {}
  ): Promise<T> {
    const path = ['models', ...segments.map(encodeURIComponent)].join('/');
    return request(this._settings, path, options);
  }
}
