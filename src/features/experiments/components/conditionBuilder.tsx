import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useState } from 'react';
import { asRequestError } from '../../../client';
import type { TrialsClient } from '../../../client';
import type { FilterCondition } from '../../../contract';
import { ATTRIBUTES } from '../../../models/trialTableView';
import { OPERATORS, readList, takesList, takesValue } from '../filterText';

/** Columns that are suggested at once. */
const SUGGESTED = 50;
const DEBOUNCE = 150;

export interface IConditionBuilderProps {
  client: TrialsClient;
  experiment: string;
  /** The filter that applies now. */
  applied: string;
  onApply: (filter: string) => void;
  onClose: () => void;
  trans: TranslationBundle;
}

interface IRow {
  key: string;
  operator: string;
  /** As it is typed: the values of a list with commas. */
  value: string;
}

const BLANK: IRow = { key: '', operator: '<', value: '' };

/** A filter as rows, for those who do not type it. */
export function ConditionBuilder(props: IConditionBuilderProps): JSX.Element {
  const { applied, client, experiment, onApply, onClose, trans } = props;
  const [rows, setRows] = useState<IRow[] | null>(null);
  const [isFree, setIsFree] = useState(false);
  const [error, setError] = useState('');

  useEffect(() => {
    let isCurrent = true;
    client
      .check({ filter: applied, experiment })
      .then(({ conditions }) => {
        if (isCurrent) {
          setIsFree(conditions === null);
          setRows(
            conditions && conditions.length > 0
              ? conditions.map(toRow)
              : [BLANK]
          );
        }
      })
      .catch(reason => {
        if (isCurrent) {
          setIsFree(applied !== '');
          setRows([BLANK]);
          setError(asRequestError(reason).message);
        }
      });
    return () => {
      isCurrent = false;
    };
  }, [applied, client, experiment]);

  const change = (index: number, part: Partial<IRow>) =>
    setRows(
      (rows ?? []).map((row, i) => (i === index ? { ...row, ...part } : row))
    );

  async function apply(): Promise<void> {
    const conditions = (rows ?? [])
      .filter(({ key }) => key.trim() !== '')
      .map(fromRow);
    try {
      const answer = await client.check({ conditions, experiment });
      if (answer.error) {
        setError(`${answer.error.message} ${answer.error.hint}`.trim());
      } else {
        onApply(answer.filter);
        onClose();
      }
    } catch (reason) {
      const { message, hint } = asRequestError(reason);
      setError(`${message} ${hint}`.trim());
    }
  }

  return (
    <form
      className="jp-StudioConditions"
      onSubmit={event => {
        event.preventDefault();
        void apply();
      }}
    >
      {isFree && (
        <p className="jp-StudioConditions-note">
          {trans.__(
            'The present filter says more than conditions that all hold. These take its place.'
          )}
        </p>
      )}
      <p className="jp-StudioConditions-note">
        {trans.__('Trials for which all of these hold:')}
      </p>
      {(rows ?? []).map((row, index) => (
        <Row
          key={index}
          row={row}
          number={index + 1}
          client={client}
          experiment={experiment}
          trans={trans}
          onChange={part => change(index, part)}
          onRemove={() =>
            setRows((rows ?? []).filter((_, other) => other !== index))
          }
        />
      ))}
      {error && (
        <div className="jp-StudioFilter-error" role="alert">
          {error}
        </div>
      )}
      <div className="jp-StudioConditions-buttons">
        <button
          type="button"
          className="jp-StudioButton"
          disabled={rows === null}
          onClick={() => setRows([...(rows ?? []), BLANK])}
        >
          {trans.__('Add condition')}
        </button>
        <span className="jp-StudioSpace" />
        <button type="button" className="jp-StudioButton" onClick={onClose}>
          {trans.__('Cancel')}
        </button>
        <button
          type="submit"
          className="jp-StudioButton jp-mod-accept"
          disabled={rows === null}
        >
          {trans.__('Apply')}
        </button>
      </div>
    </form>
  );
}

function Row(props: {
  row: IRow;
  number: number;
  client: TrialsClient;
  experiment: string;
  trans: TranslationBundle;
  onChange: (part: Partial<IRow>) => void;
  onRemove: () => void;
}): JSX.Element {
  const { row, number, client, experiment, trans, onChange, onRemove } = props;
  const id = useId();
  const keys = useSuggestions(row.key, async text => {
    const search = text.replace(/^(params|metrics|tags)\./, '');
    const { items } = await client.columns({
      experiment,
      text: search,
      limit: SUGGESTED
    });
    const own = ATTRIBUTES.filter(name => name.includes(text.toLowerCase()));
    return [...own, ...items.map(({ key }) => key)];
  });
  const values = useSuggestions(
    takesValue(row.operator) && row.key ? `${row.key} = ` : '',
    async filter => {
      if (!filter) {
        return [];
      }
      const { completions } = await client.check({
        filter,
        experiment,
        cursor: [...filter].length
      });
      return completions.map(({ text }) => text);
    }
  );
  return (
    <div
      className="jp-StudioConditions-row"
      role="group"
      aria-label={trans.__('Condition %1', number)}
    >
      <input
        className="jp-StudioInput"
        aria-label={trans.__('Column')}
        placeholder={trans.__('Column')}
        list={`${id}-keys`}
        value={row.key}
        onChange={event => onChange({ key: event.target.value })}
      />
      <datalist id={`${id}-keys`}>
        {keys.map(key => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <select
        className="jp-StudioInput"
        aria-label={trans.__('Comparison')}
        value={row.operator}
        onChange={event => onChange({ operator: event.target.value })}
      >
        {OPERATORS.map(operator => (
          <option key={operator} value={operator}>
            {operatorWord(operator, trans)}
          </option>
        ))}
      </select>
      {takesValue(row.operator) ? (
        <>
          <input
            className="jp-StudioInput"
            aria-label={trans.__('Value')}
            placeholder={
              takesList(row.operator)
                ? trans.__('Values, with commas')
                : trans.__('Value')
            }
            list={`${id}-values`}
            value={row.value}
            onChange={event => onChange({ value: event.target.value })}
          />
          <datalist id={`${id}-values`}>
            {values.map(value => (
              <option key={value} value={value} />
            ))}
          </datalist>
        </>
      ) : (
        <span />
      )}
      <button
        type="button"
        className="jp-StudioIconButton"
        title={trans.__('Remove the condition')}
        aria-label={trans.__('Remove condition %1', number)}
        onClick={onRemove}
      >
        ×
      </button>
    </div>
  );
}

function operatorWord(operator: string, trans: TranslationBundle): string {
  switch (operator) {
    case '~':
      return trans.__('contains');
    case '!~':
      return trans.__('does not contain');
    case 'in':
      return trans.__('is one of');
    case 'not in':
      return trans.__('is none of');
    case 'is present':
      return trans.__('has a value');
    case 'is missing':
      return trans.__('has no value');
    case '!=':
      return '≠';
    case '<=':
      return '≤';
    case '>=':
      return '≥';
    default:
      return operator;
  }
}

/** What the server suggests for a text, once typing rests. */
function useSuggestions(
  text: string,
  ask: (text: string) => Promise<string[]>
): string[] {
  const [found, setFound] = useState<string[]>([]);
  useEffect(() => {
    let isCurrent = true;
    const timer = window.setTimeout(() => {
      ask(text)
        .then(answer => {
          if (isCurrent) {
            setFound(answer);
          }
        })
        .catch(() => {
          // Suggestions are a help, not a need.
        });
    }, DEBOUNCE);
    return () => {
      isCurrent = false;
      window.clearTimeout(timer);
    };
    // `ask` is made anew by each draw.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [text]);
  return found;
}

function toRow({ key, operator, values }: FilterCondition): IRow {
  return { key, operator, value: values.join(', ') };
}

function fromRow({ key, operator, value }: IRow): FilterCondition {
  const values = !takesValue(operator)
    ? []
    : takesList(operator)
      ? readList(value)
      : [value.trim()];
  return { key: key.trim(), operator, values };
}
