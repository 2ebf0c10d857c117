import { asRequestError } from '../client';
import type { RequestError } from '../client';
import { TrialClient } from '../client/trial';
import type { TrialDetail, TrialRelative, UpdateTrial } from '../contract';
import { FollowModel } from './followModel';
import type { IJobsChange, JobsModel } from './jobsModel';
import { TrialMetricsModel } from './trialMetricsModel';

/** Time between looks at a trial that runs, in milliseconds. */
const INTERVAL = 3_000;
/** Time between looks at one that is over, which a person may change, in milliseconds. */
const QUIET_INTERVAL = 20_000;
const MAX_INTERVAL = 60_000;

/** One trial with everything about it, kept current while somebody looks. */
export class TrialModel extends FollowModel {
  constructor(
    readonly jobs: JobsModel,
    readonly runId: string
  ) {
    super(INTERVAL, MAX_INTERVAL);
    this.client = new TrialClient(jobs.client.settings, runId);
    jobs.jobsChanged.connect(this._onJobs, this);
    jobs.client.trials.changed.connect(this._onTrials, this);
  }

  readonly client: TrialClient;

  /** Null before the first answer. */
  get detail(): TrialDetail | null {
    return this._detail;
  }

  get isReady(): boolean {
    return this._detail !== null;
  }

  /** Whether it was deleted and can be restored. */
  get isDeleted(): boolean {
    return (this._detail?.is_deleted ?? false) && !this.isGone;
  }

  /** Whether its name, note and tags can be written. */
  get canChange(): boolean {
    return !this.isDeleted && !this.isGone;
  }

  /** Whether the store knows no such trial any more. */
  get isGone(): boolean {
    return this.error?.code === 'not_found';
  }

  get isRunning(): boolean {
    return this._detail?.trial.status === 'RUNNING' && this.canChange;
  }

  /** Its metrics; null before the first answer. */
  get metrics(): TrialMetricsModel | null {
    return this._metrics;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._metrics?.dispose();
    this.jobs.jobsChanged.disconnect(this._onJobs, this);
    this.jobs.client.trials.changed.disconnect(this._onTrials, this);
    super.dispose();
  }

  /** What is offered depends on settings, which have changed. */
  settingsChanged(): void {
    this.emitChanged();
  }

  /** Change name, note or tags. Rejects with `RequestError`. */
  async update(change: UpdateTrial): Promise<void> {
    this._turn++;
    this._take(await this.client.update(change));
    this.emitChanged();
    this.jobs.client.trials.tell([this.runId]);
  }

  /** Rejects with `RequestError`. */
  async delete(): Promise<void> {
    await this.jobs.client.trials.delete([this.runId]);
  }

  /** Undo a deletion. Rejects with `RequestError`. */
  async restore(): Promise<void> {
    await this.jobs.client.trials.restore([this.runId]);
  }

  /** Ask for more of the trials below it. */
  async moreChildren(): Promise<RequestError | null> {
    try {
      for (;;) {
        const known = this._detail?.children;
        if (!known?.next_cursor || this.isDisposed) {
          return null;
        }
        const page = await this.client.children(known.next_cursor);
        // A look that ended meanwhile has brought those before them anew.
        const now = this._detail?.children;
        if (now && isSame(now.items, known.items)) {
          const items = [...now.items, ...page.items];
          const children = { items, next_cursor: page.next_cursor };
          this._detail = { ...this._detail!, children };
          this._isPaged = true;
          this.emitChanged();
          return null;
        }
      }
    } catch (reason) {
      return asRequestError(reason);
    }
  }

  protected async look(): Promise<void> {
    let turn: number;
    let detail: TrialDetail;
    do {
      // An answer from before a change would take the change back.
      turn = this._turn;
      detail = await this.client.detail(this.signal);
    } while (turn !== this._turn && !this.isDisposed);
    this._take(detail);
  }

  protected override pause(): number {
    const children = this._detail?.children.items ?? [];
    // How those below it go is shown, too.
    const isLive =
      this.isRunning || children.some(({ status }) => status === 'RUNNING');
    const quiet = !isLive && this.error === null;
    return quiet ? QUIET_INTERVAL : super.pause();
  }

  private _take(detail: TrialDetail): void {
    // Those that a person asked for stay, as long as the first are the same.
    const known = this._detail?.children;
    const first = detail.children.items;
    if (
      this._isPaged &&
      known &&
      first.every(({ run_id }, at) => known.items[at]?.run_id === run_id)
    ) {
      const items = [...first, ...known.items.slice(first.length)];
      detail.children = { items, next_cursor: known.next_cursor };
    }
    this._detail = detail;
    if (!this._metrics && !this.isDisposed) {
      const { job } = detail;
      const jobId = job?.is_there ? job.id : '';
      this._metrics = new TrialMetricsModel(this.jobs, this.client, jobId);
    }
  }

  private _onJobs(_: JobsModel, change: IJobsChange): void {
    const id = this._detail?.job?.id;
    if (id !== undefined) {
      const isMine =
        change.changed.some(job => job.id === id) ||
        change.removed.includes(id);
      if (isMine && this.isFollowing) {
        this.schedule(0);
      }
    }
  }

  private _onTrials(_: unknown, runIds: readonly string[]): void {
    if (runIds.includes(this.runId) && this.isFollowing) {
      this._turn++;
      this.schedule(0);
    }
  }

  private _detail: TrialDetail | null = null;
  private _isPaged = false;
  private _metrics: TrialMetricsModel | null = null;
  /** Grows with every change: what was asked before it is old. */
  private _turn = 0;
}

/** Whether both are the same trials in the same order, whatever is known of them. */
function isSame(
  one: readonly TrialRelative[],
  other: readonly TrialRelative[]
): boolean {
  return (
    one.length === other.length &&
    one.every(({ run_id }, at) => run_id === other[at].run_id)
  );
}
