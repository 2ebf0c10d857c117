import type { TranslationBundle } from '@jupyterlab/translation';
import {
  deleteIcon,
  downloadIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React, { useEffect, useReducer, useRef } from 'react';
import { MAX_TRIALS } from '../../../models/compareQuery';
import type { TrialTableModel } from '../../../models/trialTableModel';
import { ATTRIBUTES } from '../../../models/trialTableView';
import type { TableParts } from '../../../models/trialTableView';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatTime } from '../../../shared/format';
import { compareIcon, conditionsIcon } from '../../../shared/icons';
import { useSignal } from '../../../shared/useSignal';
import { CommandIDs } from '../../../tokens';
import type { SavedFilters } from '../savedFilters';
import type { TableUi } from '../tableUi';
import type { TrialCharts } from '../trialCharts';
import { columnLabel } from '../trialCells';
import { ConditionBuilder } from './conditionBuilder';
import { FilterBox } from './filterBox';
import { Popup } from '../../../shared/popup';
import { SavedFilterList } from './savedFilterList';

export interface ITableHeaderProps {
  model: TrialTableModel;
  ui: TableUi;
  saved: SavedFilters | null;
  commands: CommandRegistry;
  /** Null until they are shown for the first time. Undefined: none can be. */
  charts?: () => TrialCharts | null;
  onExport: (left: number, top: number) => void;
  trans: TranslationBundle;
}

/** What stands above the table: filter, tools, counts, and what is wrong. */
export function TableHeader(props: ITableHeaderProps): JSX.Element {
  const { model, ui, trans } = props;
  useSignal(model.changed);
  useSignal(model.selection.changed);
  useSignal(ui.changed);
  return (
    <div className="jp-StudioTrials">
      <FilterBar {...props} />
      <Tools {...props} />
      <Notices {...props} />
      {!model.rows.isReady && !model.error && (
        <Skeleton rows={8} label={trans.__('Loading trials')} />
      )}
      <Empty {...props} />
    </div>
  );
}

function FilterBar(props: ITableHeaderProps): JSX.Element {
  const { model, saved, ui, trans } = props;
  const node = useRef<HTMLDivElement>(null);
  const { filter } = model.view;
  const apply = (next: string) => model.update({ filter: next });
  useEffect(() => {
    const focus = () => node.current?.querySelector('input')?.focus();
    ui.filterWanted.connect(focus);
    return () => {
      ui.filterWanted.disconnect(focus);
    };
  }, [ui]);
  return (
    <div className="jp-StudioTrials-bar" ref={node}>
      <h1 title={model.experiment}>{model.experiment}</h1>
      <FilterBox
        client={model.client.trials}
        experiment={model.experiment}
        applied={filter}
        onApply={apply}
        trans={trans}
      />
      <span>
        <button
          type="button"
          className="jp-StudioButton"
          aria-expanded={ui.panel === 'conditions'}
          title={trans.__('Put the filter together from conditions')}
          onClick={() => ui.toggle('conditions')}
        >
          <conditionsIcon.react tag="span" className="jp-StudioButton-icon" />
          {trans.__('Conditions')}
        </button>
        {ui.panel === 'conditions' && (
          <Popup label={trans.__('Conditions')} onClose={() => ui.show(null)}>
            <ConditionBuilder
              client={model.client.trials}
              experiment={model.experiment}
              applied={filter}
              onApply={apply}
              onClose={() => ui.show(null)}
              trans={trans}
            />
          </Popup>
        )}
      </span>
      {saved && (
        <span>
          <button
            type="button"
            className="jp-StudioButton"
            aria-expanded={ui.panel === 'saved'}
            onClick={() => ui.toggle('saved')}
          >
            {trans.__('Saved')}
          </button>
          {ui.panel === 'saved' && (
            <Popup
              label={trans.__('Saved filters')}
              onClose={() => ui.show(null)}
            >
              <SavedFilterList
                saved={saved}
                applied={filter}
                onApply={apply}
                onClose={() => ui.show(null)}
                trans={trans}
              />
            </Popup>
          )}
        </span>
      )}
    </div>
  );
}

function Tools(props: ITableHeaderProps): JSX.Element {
  const { model, ui, commands, onExport, trans } = props;
  const { group, tree } = model.view;
  const groups = [...new Set([...ATTRIBUTES, ...model.columns])]
    .filter(key => !UNGROUPED.includes(key))
    .slice(0, GROUPS);
  if (group && !groups.includes(group)) {
    groups.push(group);
  }
  return (
    <div className="jp-StudioTrials-bar">
      <Count model={model} trans={trans} />
      <button
        type="button"
        className="jp-StudioButton"
        disabled={model.selection.size < 2}
        title={
          model.selection.size < 2
            ? trans.__('Select two or more trials to compare them')
            : trans.__('Show the selected trials side by side')
        }
        onClick={() => void commands.execute(CommandIDs.compareTrials)}
      >
        <compareIcon.react tag="span" className="jp-StudioButton-icon" />
        {trans.__('Compare')}
      </button>
      {props.charts && <Parts {...props} charts={props.charts} />}
      <span className="jp-StudioSpace" />
      <label className="jp-StudioTrials-group">
        {trans.__('Group by')}
        <select
          className="jp-StudioInput"
          value={group ?? ''}
          onChange={event =>
            model.update({ group: event.target.value || null })
          }
        >
          <option value="">{trans.__('nothing')}</option>
          {groups.map(key => (
            <option key={key} value={key}>
              {columnLabel(key, trans)}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        className="jp-StudioButton"
        aria-pressed={tree}
        title={trans.__('Show components below the trial they belong to')}
        onClick={() => model.update({ tree: !tree })}
      >
        {trans.__('Tree')}
      </button>
      <button
        type="button"
        className="jp-StudioButton"
        aria-expanded={ui.panel === 'columns'}
        title={trans.__('Choose, order and pin columns')}
        onClick={() => ui.toggle('columns')}
      >
        {trans.__('Columns')}
      </button>
      <button
        type="button"
        className="jp-StudioIconButton"
        aria-haspopup="menu"
        title={trans.__('Export or copy the table')}
        aria-label={trans.__('Export')}
        onClick={event => {
          const { left, bottom } = event.currentTarget.getBoundingClientRect();
          onExport(left, bottom);
        }}
      >
        <downloadIcon.react tag="span" />
      </button>
      <button
        type="button"
        className="jp-StudioIconButton"
        disabled={model.selection.size === 0}
        title={trans.__('Delete the selected trials')}
        aria-label={trans.__('Delete')}
        onClick={() => void commands.execute(CommandIDs.deleteTrials)}
      >
        <deleteIcon.react tag="span" />
      </button>
      <button
        type="button"
        className="jp-StudioIconButton"
        title={trans.__('Refresh')}
        aria-label={trans.__('Refresh')}
        onClick={() => model.refresh()}
      >
        <refreshIcon.react tag="span" />
      </button>
    </div>
  );
}

/** The table, charts of its trials, or both; and of which ones. */
function Parts(
  props: ITableHeaderProps & { charts: () => TrialCharts | null }
): JSX.Element {
  const { model, charts, trans } = props;
  const { parts } = model.view;
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const shown = parts === 'table' ? null : charts();
  const words: [TableParts, string][] = [
    ['table', trans.__('Table')],
    ['charts', trans.__('Charts')],
    ['both', trans.__('Both')]
  ];
  return (
    <>
      <div
        className="jp-StudioSegments"
        role="group"
        aria-label={trans.__('What is shown')}
      >
        {words.map(([part, label]) => (
          <button
            key={part}
            type="button"
            aria-pressed={parts === part}
            onClick={() => model.update({ parts: part })}
          >
            {label}
          </button>
        ))}
      </div>
      {shown && (
        <button
          type="button"
          className="jp-StudioButton"
          aria-pressed={shown.isChosen}
          disabled={!shown.isChosen && model.selection.size === 0}
          title={trans.__(
            'Draw the trials that are selected now, instead of the first 50 that match'
          )}
          onClick={() => {
            shown.choose(!shown.isChosen);
            redraw();
          }}
        >
          {trans.__('Draw only selected')}
        </button>
      )}
      {shown && shown.leftOut > 0 && (
        <span className="jp-StudioTrials-count" role="status">
          {trans.__(
            'The first %1 of %2 are drawn, the most that charts take.',
            MAX_TRIALS,
            MAX_TRIALS + shown.leftOut
          )}
        </span>
      )}
    </>
  );
}

/** Columns that are offered to group by; others are from their headers. */
const GROUPS = 40;
/** Attributes that are different in every trial. */
const UNGROUPED = ['name', 'run_id', 'started', 'ended', 'duration'];

function Count(props: {
  model: TrialTableModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { rows, selection, view } = model;
  const { index } = rows;
  const number = (value: number) => value.toLocaleString();
  const count =
    view.filter === ''
      ? trans._n('%2 trial', '%2 trials', rows.trials, number(rows.trials))
      : trans._n(
          '%2 of %3 trial',
          '%2 of %3 trials',
          rows.trials,
          number(rows.matched),
          number(rows.trials)
        );
  const swept =
    index.swept !== null
      ? trans.__('All compared with the store at %1', formatTime(index.swept))
      : '';
  return (
    <span className="jp-StudioTrials-count" title={swept} aria-live="polite">
      {rows.isReady && count}
      {rows.isReady &&
        selection.size > 0 &&
        `, ${trans.__('%1 selected', number(selection.size))}`}
      {rows.isReady && index.phase === 'building' && (
        <span className="jp-StudioTrials-building">
          {index.expected !== null
            ? trans.__(
                'Reading trials: %1 of %2',
                number(index.indexed),
                number(index.expected)
              )
            : trans.__('Reading trials: %1', number(index.indexed))}
        </span>
      )}
      {rows.isReady && !rows.isCurrent && (
        <span className="jp-StudioTrials-new">
          {trans.__('New results')}
          <button
            type="button"
            className="jp-StudioLink"
            onClick={() => rows.reorder()}
          >
            {trans.__('Show them')}
          </button>
        </span>
      )}
    </span>
  );
}

function Notices(props: ITableHeaderProps): JSX.Element {
  const { model, trans } = props;
  const { error } = model;
  const { index } = model.rows;
  if (error) {
    return (
      <ErrorBanner
        message={error.message}
        hint={error.hint}
        action={trans.__('Try again')}
        onAction={() => model.refresh()}
      />
    );
  }
  return index.phase === 'away' ? (
    <ErrorBanner
      message={index.message || trans.__('The tracking store does not answer.')}
      hint={
        index.hint ||
        trans.__('What is shown was read before. It goes on by itself.')
      }
    />
  ) : (
    <></>
  );
}

function Empty(props: ITableHeaderProps): JSX.Element | null {
  const { model, commands, trans } = props;
  const { rows } = model;
  if (!rows.isReady || rows.total > 0) {
    return null;
  }
  if (model.view.filter !== '') {
    return (
      <EmptyState
        message={trans.__('No trial matches the filter.')}
        action={trans.__('Clear the filter')}
        onAction={() => model.update({ filter: '' })}
      />
    );
  }
  if (rows.index.phase === 'building') {
    return <Skeleton rows={8} label={trans.__('Reading trials')} />;
  }
  return model.error ? null : (
    <EmptyState
      message={trans.__(
        'No trials yet. Every job, script and notebook cell that records to this experiment becomes one.'
      )}
      action={trans.__('Run a notebook as a job')}
      onAction={() => void commands.execute(CommandIDs.runAsJob)}
    />
  );
}
