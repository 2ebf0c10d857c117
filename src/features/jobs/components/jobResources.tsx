import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useMemo } from 'react';
import type { ResourceUsage } from '../../../contract';
import type { JobModel } from '../../../models/jobModel';
import type { ResourcesModel } from '../../../models/resourcesModel';
import { Chart } from '../../../shared/chart';
import type { IChartProps } from '../../../shared/chart';
import type { ILine } from '../../../shared/chartData';
import { BINARY_MARKS, WHOLE_MARKS } from '../../../shared/chartPlot';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import {
  formatDuration,
  formatMemory,
  formatNumber,
  formatSize
} from '../../../shared/format';
import { useSignal } from '../../../shared/useSignal';

export interface IJobResourcesProps {
  model: ResourcesModel;
  job: JobModel;
  trans: TranslationBundle;
}

/** What the job uses: processors, memory, disks, GPUs. */
export function JobResources(props: IJobResourcesProps): JSX.Element {
  const { model, job, trans } = props;
  useSignal(model.changed);
  const { usage, error } = model;
  const began = job.job?.started ?? null;
  const charts = useMemo(
    () => (usage ? resourceCharts(usage, began, trans) : []),
    [usage, began, trans]
  );
  return (
    <div className="jp-StudioMetrics">
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.refresh()}
        />
      )}
      {!usage && !error && (
        <Skeleton rows={6} label={trans.__('Loading what the job uses')} />
      )}
      {usage && usage.time.length === 0 && (
        <EmptyState
          message={
            usage.complete
              ? trans.__('The job was over before anything was measured.')
              : trans.__(
                  'Nothing was measured yet. Processors, memory and disks are drawn here every second while the job runs.'
                )
          }
        />
      )}
      {usage && usage.time.length > 0 && (
        <>
          <p className="jp-StudioMetrics-remark">{totals(usage, trans)}</p>
          <div className="jp-StudioMetrics-charts">
            {charts.map(chart => (
              <Chart
                key={chart.title}
                {...chart}
                axis="elapsed"
                sync={`${model.jobId}-resources`}
                trans={trans}
              />
            ))}
          </div>
        </>
      )}
    </div>
  );
}

type ResourceChart = Omit<IChartProps, 'axis' | 'trans'>;

/** The charts of what was measured; what nobody told has none. */
export function resourceCharts(
  usage: ResourceUsage,
  began: number | null,
  trans: TranslationBundle
): ResourceChart[] {
  const start = began ?? usage.time[0] ?? 0;
  const x = usage.time.map(time => Math.max(0, time - start));
  const line = (
    label: string,
    y: readonly (number | null)[],
    colour: number
  ): ILine => ({ label, x, y, colour });
  const charts: ResourceChart[] = [
    {
      title: trans.__('CPUs'),
      lines: [line(trans.__('CPUs'), usage.cpus, 0)],
      format: formatNumber,
      fromZero: true,
      ...limited(usage.cpus_limit, trans)
    },
    {
      title: trans.__('Memory'),
      lines: [line(trans.__('Memory'), usage.memory_bytes, 1)],
      format: formatMemory,
      marks: BINARY_MARKS,
      fromZero: true,
      ...limited(usage.memory_limit_bytes, trans)
    }
  ];
  if (usage.read_bytes.some(each => each !== null)) {
    charts.push({
      title: trans.__('Disk'),
      lines: [
        line(trans.__('read'), rates(usage.time, usage.read_bytes), 2),
        line(trans.__('written'), rates(usage.time, usage.written_bytes), 3)
      ],
      format: rate => trans.__('%1/s', formatSize(rate)),
      fromZero: true
    });
  }
  charts.push({
    title: trans.__('Processes'),
    lines: [line(trans.__('Processes'), usage.processes, 4)],
    marks: WHOLE_MARKS,
    fromZero: true
  });
  for (const gpu of usage.gpus) {
    const name = trans.__('GPU %1', gpu.index);
    if (gpu.utilization.some(each => each !== null)) {
      charts.push({
        title: trans.__('%1 busy', name),
        lines: [line(name, gpu.utilization, 5 + gpu.index)],
        format: percent => `${formatNumber(percent)} %`,
        fromZero: true,
        note: gpu.name || undefined
      });
    }
    if (gpu.memory_bytes.some(each => each !== null)) {
      charts.push({
        title: trans.__('%1 memory', name),
        lines: [line(name, gpu.memory_bytes, 5 + gpu.index)],
        format: formatMemory,
        marks: BINARY_MARKS,
        fromZero: true,
        limit:
          gpu.memory_total_bytes === null
            ? undefined
            : {
                value: gpu.memory_total_bytes,
                label: trans.__('size of the GPU')
              }
      });
    }
  }
  return charts;
}

/** Change a second between each sample and the one before; counts that began anew give none. */
export function rates(
  time: readonly number[],
  counts: readonly (number | null)[]
): (number | null)[] {
  return counts.map((count, index) => {
    const before = index > 0 ? counts[index - 1] : null;
    const passed = index > 0 ? time[index] - time[index - 1] : 0;
    return count === null || before === null || passed <= 0 || count < before
      ? null
      : (count - before) / passed;
  });
}

function limited(
  value: number | null,
  trans: TranslationBundle
): Pick<IChartProps, 'limit'> {
  return value === null ? {} : { limit: { value, label: trans.__('limit') } };
}

function totals(usage: ResourceUsage, trans: TranslationBundle): string {
  const last = (values: readonly (number | null)[]) =>
    [...values].reverse().find(value => value !== null) ?? null;
  const read = last(usage.read_bytes);
  const written = last(usage.written_bytes);
  const { cpu_seconds: seconds, peak_memory_bytes: peak } = usage;
  const parts = [
    seconds === null ? '' : trans.__('%1 of CPU', formatDuration(seconds)),
    peak === null
      ? ''
      : usage.memory_limit_bytes === null
        ? trans.__('%1 of memory at most', formatMemory(peak))
        : trans.__(
            '%1 of memory at most (limit %2)',
            formatMemory(peak),
            formatMemory(usage.memory_limit_bytes)
          ),
    read === null ? '' : trans.__('%1 read', formatSize(read)),
    written === null ? '' : trans.__('%1 written', formatSize(written)),
    usage.time.length < usage.count
      ? trans.__(
          '%1 of %2 samples are drawn',
          usage.time.length.toLocaleString(),
          usage.count.toLocaleString()
        )
      : ''
  ];
  return parts.filter(Boolean).join(', ');
}
