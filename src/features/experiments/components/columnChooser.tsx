import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretUpIcon,
  closeIcon
} from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';
import { asRequestError, isAbort } from '../../../client';
import type { ColumnPage, TrialColumn } from '../../../contract';
import type { TrialTableModel } from '../../../models/trialTableModel';
import {
  ATTRIBUTES,
  MAX_COLUMNS,
  readKey,
  withSummary
} from '../../../models/trialTableView';
import type { Direction, Summary } from '../../../models/trialTableView';
import { pinIcon } from '../../../shared/icons';
import { useSignal } from '../../../shared/useSignal';
import type { TableUi } from '../tableUi';
import { columnLabel } from '../trialCells';

/** Columns that a search shows. */
const FOUND = 100;
const DEBOUNCE = 150;
const SUMMARIES: readonly Summary[] = ['last', 'min', 'max'];

export interface IColumnChooserProps {
  model: TrialTableModel;
  ui: TableUi;
  onDifferences: () => void;
  onClose: () => void;
  trans: TranslationBundle;
}

/** Which columns the table shows, and in what order; there while it is open. */
export function ColumnChooser(props: IColumnChooserProps): JSX.Element | null {
  useSignal(props.ui.changed);
  return props.ui.panel === 'columns' ? <Chooser {...props} /> : null;
}

function Chooser(props: IColumnChooserProps): JSX.Element {
  const { model, onClose, onDifferences, trans } = props;
  useSignal(model.columnsChanged);
  return (
    <section
      className="jp-StudioColumns"
      aria-label={trans.__('Columns')}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <header>
        <h2>{trans.__('Columns')}</h2>
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Close')}
          aria-label={trans.__('Close the columns')}
          onClick={onClose}
        >
          <closeIcon.react tag="span" />
        </button>
      </header>
      <div className="jp-StudioColumns-tools">
        <button
          type="button"
          className="jp-StudioButton"
          title={trans.__(
            'Show only the parameters that differ, among the selected trials where there are some'
          )}
          onClick={onDifferences}
        >
          {trans.__('Only what differs')}
        </button>
        <button
          type="button"
          className="jp-StudioButton"
          title={trans.__('Let the table choose its columns again')}
          disabled={model.view.columns === null}
          onClick={() => model.update({ columns: null, pinned: ['name'] })}
        >
          {trans.__('Reset')}
        </button>
        <label>
          <input
            type="checkbox"
            checked={model.view.hideConstant}
            onChange={event =>
              model.update({ hideConstant: event.target.checked })
            }
          />
          {trans.__('Hide columns with one value')}
        </label>
      </div>
      <Search model={model} trans={trans} />
      <Shown model={model} trans={trans} />
    </section>
  );
}

function Search(props: {
  model: TrialTableModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const [text, setText] = useState('');
  const [kind, setKind] = useState('');
  const [page, setPage] = useState<ColumnPage | null>(null);
  const [error, setError] = useState('');
  useEffect(() => {
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      const { client, experiment } = model;
      client.trials
        .columns(
          { experiment, text, kind: kind || undefined, limit: FOUND },
          abort.signal
        )
        .then(found => {
          model.learn(found.items);
          setPage(found);
          setError('');
        })
        .catch(reason => {
          if (!isAbort(reason)) {
            setError(asRequestError(reason).message);
          }
        });
    }, DEBOUNCE);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [model, text, kind]);
  const wanted = text.toLowerCase();
  const attributes =
    kind === ''
      ? ATTRIBUTES.filter(key =>
          columnLabel(key, trans).toLowerCase().includes(wanted)
        )
      : [];
  const items = page?.items ?? [];
  return (
    <div className="jp-StudioColumns-search">
      <div className="jp-StudioColumns-fields">
        <input
          type="search"
          className="jp-StudioInput"
          aria-label={trans.__('Search columns')}
          placeholder={trans.__('Search columns')}
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <select
          className="jp-StudioInput"
          aria-label={trans.__('Kind of column')}
          value={kind}
          onChange={event => setKind(event.target.value)}
        >
          <option value="">{trans.__('All')}</option>
          <option value="metric">{trans.__('Metrics')}</option>
          <option value="parameter">{trans.__('Parameters')}</option>
          <option value="tag">{trans.__('Tags')}</option>
        </select>
      </div>
      {error && (
        <div className="jp-StudioFilter-error" role="alert">
          {error}
        </div>
      )}
      <ul aria-label={trans.__('Columns found')}>
        {attributes.map(key => (
          <Choice key={key} name={key} model={model} trans={trans} />
        ))}
        {items.map(column => (
          <Choice
            key={column.key}
            name={column.key}
            column={column}
            model={model}
            trans={trans}
          />
        ))}
      </ul>
      {page && page.total > items.length && (
        <p className="jp-StudioColumns-note">
          {trans.__(
            '%1 of %2: search to find the others',
            items.length,
            page.total.toLocaleString()
          )}
        </p>
      )}
      {page && items.length + attributes.length === 0 && (
        <p className="jp-StudioColumns-note">
          {trans.__('No column is called so.')}
        </p>
      )}
    </div>
  );
}

function Choice(props: {
  name: string;
  column?: TrialColumn;
  model: TrialTableModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { name, column, model, trans } = props;
  const label = columnLabel(name, trans);
  if (column?.kind !== 'metric') {
    return (
      <li>
        <label title={label}>
          <Box model={model} name={name} />
          <span className={`jp-mod-${column?.kind ?? 'attribute'}`}>
            {label}
          </span>
        </label>
      </li>
    );
  }
  return (
    <li>
      <label title={label}>
        <Box model={model} name={name} />
        <span className="jp-mod-metric">{label}</span>
      </label>
      <span className="jp-StudioColumns-summaries">
        {SUMMARIES.slice(1).map(summary => (
          <label key={summary}>
            <Box
              model={model}
              name={withSummary(name, summary)}
              label={columnLabel(withSummary(name, summary), trans)}
            />
            {summary === 'min' ? trans.__('min') : trans.__('max')}
          </label>
        ))}
      </span>
    </li>
  );
}

function Box(props: {
  model: TrialTableModel;
  name: string;
  label?: string;
}): JSX.Element {
  const { model, name, label } = props;
  const shown = model.view.columns ?? model.columns;
  const isShown = shown.includes(name);
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={isShown}
      disabled={!isShown && shown.length >= MAX_COLUMNS}
      onChange={() => toggleColumn(model, name)}
    />
  );
}

/** Show a column, the values of a metric side by side, or hide it. */
export function toggleColumn(model: TrialTableModel, key: string): void {
  const shown = [...(model.view.columns ?? model.columns)];
  if (shown.includes(key)) {
    if (shown.length > 1) {
      model.update({ columns: shown.filter(each => each !== key) });
    }
    return;
  }
  const { base, kind } = readKey(key);
  const sibling = shown.map(each => readKey(each).base).lastIndexOf(base);
  const kin = shown.map(each => readKey(each).kind).lastIndexOf(kind);
  const isOwn = kind === 'attribute';
  const at = sibling >= 0 ? sibling : isOwn || kin < 0 ? -1 : kin;
  if (at < 0) {
    shown.push(key);
  } else {
    shown.splice(at + 1, 0, key);
  }
  model.update({ columns: shown });
}

function Shown(props: {
  model: TrialTableModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { columns } = model;
  return (
    <div className="jp-StudioColumns-shown">
      <h3>{trans._n('%1 column shown', '%1 columns shown', columns.length)}</h3>
      <ol aria-label={trans.__('Columns shown, in order')}>
        {columns.map((key, index) => (
          <Item
            key={key}
            name={key}
            index={index}
            model={model}
            trans={trans}
          />
        ))}
      </ol>
    </div>
  );
}

function Item(props: {
  name: string;
  index: number;
  model: TrialTableModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { name, index, model, trans } = props;
  const { columns } = model;
  const label = columnLabel(name, trans);
  const isPinned = index < model.pinned;
  const { kind, base } = readKey(name);
  return (
    <li>
      <button
        type="button"
        className="jp-StudioIconButton"
        aria-pressed={isPinned}
        title={
          isPinned
            ? trans.__('Pinned: stays in sight. Let it scroll')
            : trans.__('Pin: keep it in sight')
        }
        aria-label={trans.__('Pin %1', label)}
        onClick={() => model.togglePin(name)}
      >
        <pinIcon.react tag="span" />
      </button>
      <span className={`jp-StudioColumns-name jp-mod-${kind}`} title={label}>
        {label}
      </span>
      {kind === 'metric' && (
        <select
          className="jp-StudioInput"
          aria-label={trans.__('Better values of %1', label)}
          title={trans.__('Which values are better')}
          value={model.view.directions[base] ?? ''}
          onChange={event =>
            model.setDirection(
              base,
              (event.target.value || null) as Direction | null
            )
          }
        >
          <option value="">{automaticWord(model, name, trans)}</option>
          <option value="lower">{trans.__('lower is better')}</option>
          <option value="higher">{trans.__('higher is better')}</option>
        </select>
      )}
      <button
        type="button"
        className="jp-StudioIconButton"
        title={trans.__('Move up')}
        aria-label={trans.__('Move %1 up', label)}
        disabled={index === 0 || index === model.pinned}
        onClick={() => moveColumn(model, index, -1)}
      >
        <caretUpIcon.react tag="span" />
      </button>
      <button
        type="button"
        className="jp-StudioIconButton"
        title={trans.__('Move down')}
        aria-label={trans.__('Move %1 down', label)}
        disabled={index === columns.length - 1 || index === model.pinned - 1}
        onClick={() => moveColumn(model, index, 1)}
      >
        <caretDownIcon.react tag="span" />
      </button>
      <button
        type="button"
        className="jp-StudioIconButton"
        title={trans.__('Hide')}
        aria-label={trans.__('Hide %1', label)}
        disabled={columns.length === 1}
        onClick={() => toggleColumn(model, name)}
      >
        <closeIcon.react tag="span" />
      </button>
    </li>
  );
}

function automaticWord(
  model: TrialTableModel,
  key: string,
  trans: TranslationBundle
): string {
  switch (model.fact(key)?.better) {
    case 'lower':
      return trans.__('auto (lower)');
    case 'higher':
      return trans.__('auto (higher)');
    default:
      return trans.__('auto');
  }
}

function moveColumn(model: TrialTableModel, index: number, step: number): void {
  const columns = [...model.columns];
  const [key] = columns.splice(index, 1);
  columns.splice(index + step, 0, key);
  model.show(columns, columns.slice(0, model.pinned));
}
