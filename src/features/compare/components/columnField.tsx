import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useId, useState } from 'react';
import type { CompareModel } from '../../../models/compareModel';
import { readKey, withSummary } from '../../../models/trialTableView';
import { columnLabel } from '../../../models/trialWords';

/** Columns that a search offers. */
const OFFERED = 50;
const DEBOUNCE = 150;

/** What a field is of. */
export type ColumnKind = 'any' | 'metric';

export interface IColumnFieldProps {
  label: string;
  kind: ColumnKind;
  /** Key of the column; empty: none. */
  value: string;
  isOptional?: boolean;
  model: CompareModel;
  onChange: (key: string) => void;
  trans: TranslationBundle;
}

/** A column, chosen by typing some of its name. */
export function ColumnField(props: IColumnFieldProps): JSX.Element {
  const { label, kind, value, isOptional, model, onChange, trans } = props;
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const offered = useColumns(model, kind, text === value ? '' : text);
  const settle = (typed: string) => {
    const key = keyFor(typed, offered, kind);
    // A key that nothing has may be the beginning of one: it waits for the end.
    if (key === '' || (key !== null && offered.includes(key))) {
      onChange(key);
    }
  };
  // What is typed before the columns are there is found when they are.
  useEffect(() => {
    if (text !== '' && text !== value) {
      const key = keyFor(text, offered, kind);
      if (key !== null && key !== value && offered.includes(key)) {
        onChange(key);
      }
    }
  });
  const leave = () => {
    const key = text === value ? value : keyFor(text, offered, kind);
    setText(key ?? value);
    if (key !== null && key !== value) {
      onChange(key);
    }
  };
  return (
    <div className="jp-StudioField">
      <label className="jp-StudioField-label" htmlFor={id}>
        {isOptional ? trans.__('%1 (optional)', label) : label}
      </label>
      <input
        id={id}
        className="jp-StudioInput"
        list={`${id}-list`}
        value={text}
        autoComplete="off"
        spellCheck={false}
        placeholder={
          isOptional ? trans.__('none') : trans.__('Type some of the name')
        }
        onChange={event => {
          setText(event.target.value);
          settle(event.target.value);
        }}
        onBlur={leave}
        onKeyDown={event => event.key === 'Enter' && leave()}
      />
      <Offers id={`${id}-list`} keys={offered} trans={trans} />
    </div>
  );
}

export interface IColumnsFieldProps {
  label: string;
  kind: ColumnKind;
  values: readonly string[];
  max: number;
  model: CompareModel;
  onChange: (keys: string[]) => void;
  /** Those of them whose scale is logarithmic; without it there is none to choose. */
  log?: readonly string[];
  onLog?: (keys: string[]) => void;
  trans: TranslationBundle;
}

/** Several columns in their order. */
export function ColumnsField(props: IColumnsFieldProps): JSX.Element {
  const { label, kind, values, max, model, onChange, trans } = props;
  const id = useId();
  const [text, setText] = useState('');
  const offered = useColumns(model, kind, text).filter(
    key => !values.includes(key)
  );
  const add = (typed: string) => {
    const key = keyFor(typed, offered, kind);
    if (key && !values.includes(key) && values.length < max) {
      onChange([...values, key]);
      setText('');
    }
  };
  return (
    <div className="jp-StudioField">
      <label className="jp-StudioField-label" htmlFor={id}>
        {label}
      </label>
      <ul className="jp-StudioChosen">
        {values.map(key => (
          <li key={key} title={key}>
            <span>{columnLabel(key, trans)}</span>
            {props.onLog && <LogSwitch {...props} axis={key} />}
            <button
              type="button"
              className="jp-StudioIconButton"
              title={trans.__('Remove')}
              aria-label={trans.__('Remove %1', columnLabel(key, trans))}
              onClick={() => onChange(values.filter(each => each !== key))}
            >
              <closeIcon.react tag="span" />
            </button>
          </li>
        ))}
      </ul>
      <input
        id={id}
        className="jp-StudioInput"
        list={`${id}-list`}
        value={text}
        autoComplete="off"
        spellCheck={false}
        disabled={values.length >= max}
        placeholder={trans.__('Type some of the name to add one')}
        onChange={event => {
          setText(event.target.value);
          // What was chosen from the list is a key as it is.
          if (offered.includes(event.target.value)) {
            add(event.target.value);
          }
        }}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            event.preventDefault();
            add(text);
          }
        }}
      />
      <Offers id={`${id}-list`} keys={offered} trans={trans} />
    </div>
  );
}

/** Whether the scale of a column is logarithmic: of one with texts it cannot be. */
function LogSwitch(props: IColumnsFieldProps & { axis: string }): JSX.Element {
  const { axis, log = [], onLog, model, trans } = props;
  const isLog = log.includes(axis);
  const column = model.column(axis);
  const isText = !column.isNumeric && column.values.some(each => each !== null);
  return (
    <button
      type="button"
      className="jp-StudioChart-toggle"
      aria-pressed={isLog}
      disabled={isText}
      title={trans.__('Logarithmic scale')}
      aria-label={trans.__('Logarithmic scale of %1', columnLabel(axis, trans))}
      onClick={() =>
        onLog?.(isLog ? log.filter(each => each !== axis) : [...log, axis])
      }
    >
      {trans.__('log')}
    </button>
  );
}

function Offers(props: {
  id: string;
  keys: readonly string[];
  trans: TranslationBundle;
}): JSX.Element {
  return (
    <datalist id={props.id}>
      {props.keys.map(key => (
        <option key={key} value={key}>
          {columnLabel(key, props.trans)}
        </option>
      ))}
    </datalist>
  );
}

/**
 * The key that somebody means: a key, or the name of the only column that is
 * called so; of a metric, its last value. Empty: none; null: unclear.
 */
export function keyFor(
  typed: string,
  offered: readonly string[],
  kind: ColumnKind
): string | null {
  const text = typed.trim();
  if (text === '' || offered.includes(text)) {
    return text;
  }
  const named = offered.filter(key => {
    const { name, summary } = readKey(key);
    return name === text && summary === 'last';
  });
  if (named.length === 1) {
    return named[0];
  }
  const isKey = /^(metrics|params|tags)\../.test(text);
  return isKey && (kind !== 'metric' || text.startsWith('metrics.'))
    ? text
    : null;
}

/** Columns whose name holds a text: those of the comparison first. */
function useColumns(
  model: CompareModel,
  kind: ColumnKind,
  text: string
): string[] {
  const [found, setFound] = useState<string[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const timer = window.setTimeout(async () => {
      const experiments = [
        ...new Set((model.view.sources ?? []).map(each => each.experiment))
      ].slice(0, 3);
      const pages = await Promise.allSettled(
        experiments.map(experiment =>
          model.client.trials.columns(
            {
              experiment,
              text: readKey(text).name,
              kind: kind === 'metric' ? 'metric' : undefined,
              limit: OFFERED
            },
            abort.signal
          )
        )
      );
      if (!abort.signal.aborted) {
        const keys = pages.flatMap(page =>
          page.status === 'fulfilled'
            ? page.value.items.map(({ key }) => key)
            : []
        );
        setFound([...new Set(keys)]);
      }
    }, DEBOUNCE);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [model, kind, text]);
  const wanted = readKey(text).name.toLowerCase();
  const known = (model.comparison?.rows ?? [])
    .filter(
      row =>
        (kind === 'any' || row.kind === 'metric') &&
        row.name.toLowerCase().includes(wanted)
    )
    .map(({ key }) => key);
  const keys = [...new Set([...known, ...found])].slice(0, OFFERED);
  const isMetric = (key: string) => readKey(key).kind === 'metric';
  const summaries = keys
    .filter(key => isMetric(key) && readKey(key).summary === 'last')
    .flatMap(key => [withSummary(key, 'min'), withSummary(key, 'max')]);
  return kind === 'metric' ? keys : [...keys, ...summaries];
}
