import type { GpuSamples, ResourceUsage } from '../contract';
import type { ILiveChange } from './jobsModel';
import { LiveModel } from './liveModel';

const POINTS = 1_000;

/** What a job uses, followed while it runs. */
export class ResourcesModel extends LiveModel<ResourceUsage> {
  /** Everything known; null before the first answer. */
  get usage(): ResourceUsage | null {
    return this._usage;
  }

  protected fetch(cursor: string | undefined, signal: AbortSignal) {
    return this.jobs.client.jobs.resources(this.jobId, POINTS, cursor, signal);
  }

  protected concerns(change: ILiveChange): boolean {
    return change.resources.includes(this.jobId);
  }

  protected take(answer: ResourceUsage): boolean {
    const known = this._usage;
    this._usage = known && !answer.whole ? append(known, answer) : answer;
    return !answer.whole && this._usage.time.length > 2 * POINTS;
  }

  private _usage: ResourceUsage | null = null;
}

/** Samples that came later put behind those that are known. */
export function append(
  known: ResourceUsage,
  later: ResourceUsage
): ResourceUsage {
  return {
    ...later,
    time: known.time.concat(later.time),
    cpus: known.cpus.concat(later.cpus),
    memory_bytes: known.memory_bytes.concat(later.memory_bytes),
    processes: known.processes.concat(later.processes),
    read_bytes: known.read_bytes.concat(later.read_bytes),
    written_bytes: known.written_bytes.concat(later.written_bytes),
    gpus: appendGpus(known, later)
  };
}

/** A GPU that only one part knows of has no figures in the other. */
function appendGpus(known: ResourceUsage, later: ResourceUsage): GpuSamples[] {
  const indices = new Set(
    [...known.gpus, ...later.gpus].map(({ index }) => index)
  );
  return [...indices]
    .sort((a, b) => a - b)
    .map(index => {
      const before = known.gpus.find(gpu => gpu.index === index);
      const after = later.gpus.find(gpu => gpu.index === index);
      const none = (usage: ResourceUsage) =>
        usage.time.map((): number | null => null);
      return {
        index,
        name: after?.name || before?.name || '',
        memory_total_bytes:
          after?.memory_total_bytes ?? before?.memory_total_bytes ?? null,
        utilization: (before?.utilization ?? none(known)).concat(
          after?.utilization ?? none(later)
        ),
        memory_bytes: (before?.memory_bytes ?? none(known)).concat(
          after?.memory_bytes ?? none(later)
        )
      };
    });
}
