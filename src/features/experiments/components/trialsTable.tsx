import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretUpIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { useMemo } from 'react';
import type { Trial } from '../../../contract';
import type { TrialsModel } from '../../../models/trialsModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import {
  baseName,
  formatAgo,
  formatDuration,
  formatTime
} from '../../../shared/format';
import { StatusIcon } from '../../../shared/statusIcon';
import { useNow, useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';
import { columnsOf, metricText, parameterText, trialWord } from '../columns';
import type { IColumn } from '../columns';

export interface ITrialsTableProps {
  model: TrialsModel;
  /** Run id of the trial to mark. */
  marked?: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

const NONE: readonly Trial[] = [];

/** The trials of one experiment as a table. */
export function TrialsTable(props: ITrialsTableProps): JSX.Element {
  const { model, commands, trans } = props;
  useSignal(model.changed);
  const { items, error, total } = model;
  const trials = items ?? NONE;
  const columns = useMemo(() => columnsOf(trials, trans), [trials, trans]);
  const runs = trials.some(trial => trial.status === 'RUNNING');
  const now = useNow(true, runs ? 1000 : 30_000);
  return (
    <div className="jp-StudioTrials">
      <header className="jp-StudioTrials-header">
        <h1>{model.experiment}</h1>
        <span className="jp-StudioTrials-count">
          {items && trans._n('%1 trial', '%1 trials', total)}
        </span>
        <Pages model={model} trans={trans} />
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Refresh')}
          aria-label={trans.__('Refresh')}
          onClick={() => void model.refresh()}
        >
          <refreshIcon.react tag="span" />
        </button>
      </header>
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.refresh()}
        />
      )}
      {!items && !error && (
        <Skeleton rows={8} label={trans.__('Loading trials')} />
      )}
      {items && items.length === 0 && !error && (
        <EmptyState
          message={trans.__(
            'No trials yet. Every job, script and notebook cell that records to this experiment becomes one.'
          )}
          action={trans.__('Run a notebook as a job')}
          onAction={() => void commands.execute(CommandIDs.runAsJob)}
        />
      )}
      {trials.length > 0 && (
        <div className="jp-StudioTrials-scroller">
          <table
            className="jp-StudioTable"
            aria-label={trans.__('Trials of %1', model.experiment)}
            aria-busy={model.isLoading}
          >
            <thead>
              <tr>
                {columns.map(column => (
                  <Head
                    key={column.key}
                    column={column}
                    model={model}
                    trans={trans}
                  />
                ))}
              </tr>
            </thead>
            <tbody>
              {trials.map(trial => (
                <Row
                  key={trial.run_id}
                  {...props}
                  trial={trial}
                  columns={columns}
                  now={now}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Pages(props: {
  model: TrialsModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { model, trans } = props;
  if (!model.hasNext && !model.hasPrevious) {
    return null;
  }
  const last = model.offset + (model.items?.length ?? 0);
  return (
    <span className="jp-StudioTrials-pages">
      <button
        type="button"
        className="jp-StudioButton"
        disabled={!model.hasPrevious}
        onClick={() => void model.previousPage()}
      >
        {trans.__('Previous')}
      </button>
      <span>
        {trans.__('%1–%2 of %3', model.offset + 1, last, model.total)}
      </span>
      <button
        type="button"
        className="jp-StudioButton"
        disabled={!model.hasNext}
        onClick={() => void model.nextPage()}
      >
        {trans.__('Next')}
      </button>
    </span>
  );
}

function Head(props: {
  column: IColumn;
  model: TrialsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { column, model, trans } = props;
  const { sort, descending } = model.view;
  const isSorted = sort === column.key;
  const Caret = descending ? caretDownIcon : caretUpIcon;
  const group =
    column.group === 'parameter'
      ? trans.__('parameter')
      : column.group === 'metric'
        ? trans.__('metric')
        : '';
  return (
    <th
      scope="col"
      className={column.numeric ? 'jp-mod-numeric' : undefined}
      aria-sort={
        isSorted ? (descending ? 'descending' : 'ascending') : undefined
      }
    >
      <button
        type="button"
        className="jp-StudioTable-sort"
        title={
          group
            ? trans.__('Sort by %1 %2', group, column.label)
            : trans.__('Sort by %1', column.label)
        }
        onClick={() => void model.sortBy(column.key)}
      >
        <span className={`jp-mod-${column.group}`}>{column.label}</span>
        {isSorted && <Caret.react tag="span" />}
      </button>
    </th>
  );
}

function Row(
  props: ITrialsTableProps & {
    trial: Trial;
    columns: readonly IColumn[];
    now: number;
  }
): JSX.Element {
  const { trial, columns, marked, commands, now, trans } = props;
  const open = () => {
    if (trial.job_id) {
      void commands.execute(CommandIDs.openJob, { id: trial.job_id });
    }
  };
  return (
    <tr
      className={[
        trial.job_id ? 'jp-mod-clickable' : '',
        trial.run_id === marked ? 'jp-mod-marked' : ''
      ].join(' ')}
      data-job-id={trial.job_id ?? undefined}
      onClick={open}
    >
      {columns.map(column => (
        <Cell
          key={column.key}
          column={column}
          trial={trial}
          now={now}
          trans={trans}
          onOpen={open}
        />
      ))}
    </tr>
  );
}

function Cell(props: {
  column: IColumn;
  trial: Trial;
  now: number;
  trans: TranslationBundle;
  onOpen: () => void;
}): JSX.Element {
  const { column, trial, now, trans, onOpen } = props;
  const { started, ended } = trial;
  const name = column.key.slice(column.key.indexOf('.') + 1);
  const className = column.numeric ? 'jp-mod-numeric' : undefined;
  if (column.group === 'parameter') {
    const value = trial.parameters[name];
    return (
      <td className={className} data-column={column.label} title={value}>
        {parameterText(value)}
      </td>
    );
  }
  if (column.group === 'metric') {
    const value = trial.metrics[name];
    return (
      <td
        className={className}
        data-column={column.label}
        title={value != null ? String(value) : ''}
      >
        {metricText(value)}
      </td>
    );
  }
  switch (column.key) {
    case 'name':
      return (
        <th scope="row" data-column={column.label} title={trial.run_id}>
          {trial.job_id ? (
            <button
              type="button"
              className="jp-StudioLink"
              onClick={event => {
                event.stopPropagation();
                onOpen();
              }}
            >
              {trial.name}
            </button>
          ) : (
            trial.name
          )}
        </th>
      );
    case 'status':
      return (
        <td data-column={column.label}>
          <span className="jp-StudioTrials-status">
            <StatusIcon status={trial.status} />
            {trialWord(trial.status, trans)}
          </span>
        </td>
      );
    case 'started':
      return (
        <td
          data-column={column.label}
          title={started !== null ? formatTime(started) : ''}
        >
          {started !== null ? formatAgo(started, now, trans) : ''}
        </td>
      );
    case 'duration':
      return (
        <td className={className} data-column={column.label}>
          {started !== null ? formatDuration((ended ?? now) - started) : ''}
        </td>
      );
    case 'notebook':
      return (
        <td data-column={column.label} title={trial.notebook ?? ''}>
          {trial.notebook ? baseName(trial.notebook) : ''}
        </td>
      );
    default:
      return (
        <td
          data-column={column.label}
          title={
            trial.dirty
              ? trans.__(
                  '%1, with changes that were not committed',
                  trial.commit ?? ''
                )
              : (trial.commit ?? '')
          }
        >
          {trial.commit && (
            <code>{`${trial.commit.slice(0, 8)}${trial.dirty ? '*' : ''}`}</code>
          )}
        </td>
      );
  }
}
