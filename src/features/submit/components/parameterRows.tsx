import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, closeIcon } from '@jupyterlab/ui-components';
import React from 'react';
import { CheckField, Field, TextField } from '../../../shared/formFields';
import type { FieldErrors } from '../form';
import { parameterKey } from '../parameters';
import type { IParameterField } from '../parameters';

export interface IParameterRowsProps {
  fields: readonly IParameterField[];
  errors: FieldErrors;
  /** Prefix of the ids of controls. */
  id: string;
  canAdd: boolean;
  onChange: (index: number, change: Partial<IParameterField>) => void;
  onLeave: (field: string) => void;
  onAdd: () => void;
  onRemove: (index: number) => void;
  trans: TranslationBundle;
}

/** The parameters of a notebook, each with the control that fits its type. */
export function ParameterRows(props: IParameterRowsProps): JSX.Element {
  const { fields, trans } = props;
  return (
    <>
      {fields.map((field, index) =>
        field.added ? (
          <AddedRow key={index} {...props} field={field} index={index} />
        ) : (
          <DeclaredRow
            key={field.name}
            {...props}
            field={field}
            index={index}
          />
        )
      )}
      {fields.length === 0 && !props.canAdd && (
        <p className="jp-StudioForm-remark">
          {trans.__('The notebook declares no parameters.')}
        </p>
      )}
      {props.canAdd && (
        <button
          type="button"
          className="jp-StudioButton jp-StudioForm-add"
          onClick={props.onAdd}
        >
          <addIcon.react tag="span" />
          {trans.__('Add parameter')}
        </button>
      )}
    </>
  );
}

type RowProps = IParameterRowsProps & { field: IParameterField; index: number };

function DeclaredRow(props: RowProps): JSX.Element {
  const { field, index, errors, id, trans, onChange, onLeave } = props;
  const key = parameterKey(field, index);
  const type = field.type === 'any' ? '' : field.type;
  const note = (
    <>
      {type && <span className="jp-StudioForm-type">{type}</span>}
      <span title={field.default}>
        {trans.__('default %1', shorten(field.default))}
      </span>
      {field.help && (
        <span className="jp-StudioForm-help" title={field.help}>
          {field.help}
        </span>
      )}
    </>
  );
  const shared = {
    id: `${id}-p${index}`,
    label: <code>{field.name}</code>,
    error: errors[key],
    note
  };
  if (field.type === 'bool') {
    return (
      <CheckField
        {...shared}
        checked={field.text === 'true'}
        onChange={checked => onChange(index, { text: String(checked) })}
      />
    );
  }
  const structured = field.type === 'list' || field.type === 'dict';
  return (
    <TextField
      {...shared}
      value={field.text}
      placeholder={field.optional ? field.default : undefined}
      numeric={field.type === 'int' || field.type === 'float'}
      code={structured}
      rows={structured && field.text.length > 40 ? 3 : 1}
      onChange={text => onChange(index, { text })}
      onBlur={() => onLeave(key)}
    />
  );
}

function AddedRow(props: RowProps): JSX.Element {
  const { field, index, errors, id, trans, onChange, onLeave } = props;
  const key = parameterKey(field, index);
  const error = errors[key];
  return (
    <Field
      id={`${id}-p${index}`}
      label={
        <input
          type="text"
          className="jp-StudioInput jp-mod-code"
          aria-label={trans.__('Name of the parameter')}
          placeholder={trans.__('name')}
          value={field.name}
          spellCheck={false}
          autoFocus={field.name === '' && field.text === ''}
          onChange={event => onChange(index, { name: event.target.value })}
        />
      }
      error={error}
      note={
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Remove this parameter')}
          aria-label={trans.__('Remove parameter %1', field.name)}
          onClick={() => props.onRemove(index)}
        >
          <closeIcon.react tag="span" />
        </button>
      }
    >
      <input
        id={`${id}-p${index}`}
        type="text"
        className="jp-StudioInput"
        aria-label={trans.__('Value of the parameter')}
        aria-invalid={error ? true : undefined}
        placeholder={trans.__('value')}
        value={field.text}
        spellCheck={false}
        onChange={event => onChange(index, { text: event.target.value })}
        onBlur={() => onLeave(key)}
      />
    </Field>
  );
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 32 ? `${line.slice(0, 31)}…` : line;
}
