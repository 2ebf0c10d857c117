import type { TranslationBundle } from '@jupyterlab/translation';
import type { JobDetail, KernelEnvironment, Resources } from '../../contract';
import { formatDuration, formatMemory } from '../../shared/format';

/** A name, its value, and what the tool tip says. */
export type TextFact = [name: string, value: string, title?: string];

/** What a job runs in: one line, or two for jobs of versions without it. */
export function environmentFacts(
  job: JobDetail,
  trans: TranslationBundle
): TextFact[] {
  const { environment, runner } = job;
  const details = environmentDetails(environment, trans);
  return environment.summary
    ? [[trans.__('Runs in'), environment.summary, details]]
    : [
        [trans.__('Runner'), runner],
        [trans.__('Kernel'), environment.display_name, details]
      ];
}

/** `CPUs: 2, memory: 2 GiB, time: 1 h`; GPUs only where there are some. */
export function limitsText(
  resources: Resources,
  trans: TranslationBundle
): string {
  const { cpus, gpus, memory_bytes: memory, time_limit_seconds } = resources;
  const none = trans.__('no limit');
  return [
    trans.__('CPUs: %1', cpus ?? none),
    gpus !== null ? trans.__('GPUs: %1', gpus) : '',
    trans.__('memory: %1', memory !== null ? formatMemory(memory) : none),
    trans.__(
      'time: %1',
      time_limit_seconds !== null ? formatDuration(time_limit_seconds) : none
    )
  ]
    .filter(Boolean)
    .join(', ');
}

/** Details of what a job runs in, a line each. */
function environmentDetails(
  environment: KernelEnvironment,
  trans: TranslationBundle
): string {
  const { container, kernel, prefix } = environment;
  const lines = container
    ? [
        trans.__('Image: %1', container.image),
        container.image_id ?? trans.__('Fetched when the job starts'),
        container.profile === 'notebook'
          ? trans.__('Made for notebooks: runs as you, without special rights')
          : trans.__("Any image: runs as the image's own user"),
        container.network_access
          ? trans.__('May reach the network')
          : trans.__('Has no network')
      ]
    : [kernel, prefix];
  return lines.filter(Boolean).join('\n');
}
