import type { TranslationBundle } from '@jupyterlab/translation';
import type { Trial } from '../../contract';
import { formatNumber } from '../../shared/format';

/** A column of the trials table. */
export interface IColumn {
  /** Name by which the server sorts. */
  key: string;
  label: string;
  group: 'about' | 'parameter' | 'metric';
  numeric: boolean;
}

/**
 * Which trial and how it ended, what came out, what went in, and where it came
 * from: every metric and parameter that occurs. Parameters that tell trials apart
 * come first: libraries log dozens that are the same in all of them.
 */
export function columnsOf(
  trials: readonly Trial[],
  trans: TranslationBundle
): IColumn[] {
  const about = (key: string, label: string, numeric = false): IColumn => ({
    key,
    label,
    group: 'about',
    numeric
  });
  return [
    about('name', trans.__('Trial')),
    about('status', trans.__('Status')),
    ...names(trials.map(trial => trial.metrics)).map((name): IColumn => ({
      key: `metrics.${name}`,
      label: name,
      group: 'metric',
      numeric: true
    })),
    ...telling(trials).map((name): IColumn => ({
      key: `params.${name}`,
      label: name,
      group: 'parameter',
      numeric: trials.every(trial => isNumber(trial.parameters[name]))
    })),
    about('started', trans.__('Started')),
    about('duration', trans.__('Duration'), true),
    about('notebook', trans.__('Notebook')),
    about('commit', trans.__('Commit'))
  ];
}

/** What a parameter's cell shows; numbers with sensible digits. */
export function parameterText(value: string | undefined): string {
  if (value === undefined) {
    return '';
  }
  return isNumber(value) && /[.eE]/.test(value)
    ? formatNumber(Number(value))
    : value;
}

/** What a metric's cell shows. */
export function metricText(value: number | null | undefined): string {
  return value === undefined ? '' : formatNumber(value ?? NaN);
}

/** MLflow's word for a run's state as people say it. */
export function trialWord(status: string, trans: TranslationBundle): string {
  switch (status) {
    case 'RUNNING':
      return trans.__('Running');
    case 'SCHEDULED':
      return trans.__('Pending');
    case 'FINISHED':
      return trans.__('Completed');
    case 'FAILED':
      return trans.__('Failed');
    case 'KILLED':
      return trans.__('Stopped');
    default:
      return status;
  }
}

/** Names of parameters, those with several values before the others. */
function telling(trials: readonly Trial[]): string[] {
  const all = names(trials.map(trial => trial.parameters));
  const differs = (name: string) =>
    trials.some(trial => trial.parameters[name] !== trials[0].parameters[name]);
  return [...all.filter(differs), ...all.filter(name => !differs(name))];
}

function names(records: readonly Record<string, unknown>[]): string[] {
  return [...new Set(records.flatMap(record => Object.keys(record)))].sort();
}

function isNumber(value: string | undefined): boolean {
  return (
    value === undefined ||
    (value.trim() !== '' && Number.isFinite(Number(value)))
  );
}
