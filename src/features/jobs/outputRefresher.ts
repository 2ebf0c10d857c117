import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IDisposable } from '@lumino/disposable';
import { drivePath } from '../../client/outputDrive';
import type { IJobsChange, JobsModel } from '../../models/jobsModel';

/** Least time between two reads of one document, in milliseconds. */
const WAIT = 2_000;

/** Reads opened output notebooks again while their job writes them. */
export class OutputRefresher implements IDisposable {
  constructor(
    private readonly _jobs: JobsModel,
    private readonly _opened: () => (DocumentRegistry.Context | undefined)[]
  ) {
    _jobs.jobsChanged.connect(this._onJobsChanged, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._jobs.jobsChanged.disconnect(this._onJobsChanged, this);
    for (const timer of this._timers.values()) {
      window.clearTimeout(timer);
    }
  }

  private _onJobsChanged(_: JobsModel, change: IJobsChange): void {
    for (const { id } of change.changed) {
      if (!this._timers.has(id)) {
        const timer = window.setTimeout(() => {
          this._timers.delete(id);
          void this._read(id);
        }, WAIT);
        this._timers.set(id, timer);
      }
    }
  }

  private async _read(id: string): Promise<void> {
    const folder = drivePath(`${id}/`);
    const contexts = new Set(this._opened());
    for (const context of contexts) {
      if (
        context?.path.startsWith(folder) &&
        context.isReady &&
        !context.model.dirty
      ) {
        await context.revert().catch(() => undefined);
      }
    }
  }

  private _isDisposed = false;
  private readonly _timers = new Map<string, number>();
}
