import React from 'react';

export interface IFieldProps {
  /** Id of the control; labels and messages refer to it. */
  id: string;
  /** Empty where the control itself says what it is. */
  label: React.ReactNode;
  /** What is wrong with the value, if anything. */
  error?: string;
  /** A remark beside or below the control. */
  note?: React.ReactNode;
}

/** A label, a control, and below it what is wrong. */
export function Field(
  props: IFieldProps & { children: React.ReactNode }
): JSX.Element {
  const { id, label, error, note } = props;
  return (
    <div className={`jp-StudioField${error ? ' jp-mod-invalid' : ''}`}>
      {label !== '' && (
        <label className="jp-StudioField-label" htmlFor={id}>
          {label}
        </label>
      )}
      <div className="jp-StudioField-control">{props.children}</div>
      {note && (
        <div className="jp-StudioField-note" id={`${id}-note`}>
          {note}
        </div>
      )}
      {error && (
        <div className="jp-StudioField-error" id={`${id}-error`} role="alert">
          {error}
        </div>
      )}
    </div>
  );
}

/** What ties a control to its messages. */
export function describe(props: IFieldProps) {
  const ids = [
    props.note ? `${props.id}-note` : '',
    props.error ? `${props.id}-error` : ''
  ].filter(Boolean);
  return {
    id: props.id,
    'aria-invalid': props.error ? true : undefined,
    'aria-describedby': ids.length > 0 ? ids.join(' ') : undefined
  };
}

export interface ITextFieldProps extends IFieldProps {
  value: string;
  onChange: (value: string) => void;
  onBlur?: () => void;
  placeholder?: string;
  /** Lines shown; more than one makes a text area. */
  rows?: number;
  /** Whether digits are expected: aligned right, number keys on a tablet. */
  numeric?: boolean;
  /** Whether the text is code. */
  code?: boolean;
  disabled?: boolean;
  maxLength?: number;
}

export function TextField(props: ITextFieldProps): JSX.Element {
  const classes = [
    'jp-StudioInput',
    props.numeric ? 'jp-mod-numeric' : '',
    props.code ? 'jp-mod-code' : ''
  ].filter(Boolean);
  const shared = {
    ...describe(props),
    className: classes.join(' '),
    value: props.value,
    placeholder: props.placeholder,
    disabled: props.disabled,
    maxLength: props.maxLength,
    spellCheck: false,
    autoComplete: 'off',
    onBlur: props.onBlur
  };
  return (
    <Field {...props}>
      {props.rows && props.rows > 1 ? (
        <textarea
          {...shared}
          rows={props.rows}
          onChange={event => props.onChange(event.target.value)}
        />
      ) : (
        <input
          {...shared}
          type="text"
          inputMode={props.numeric ? 'decimal' : undefined}
          onChange={event => props.onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

export interface ISelectFieldProps extends IFieldProps {
  value: string;
  options: readonly { value: string; label: string; disabled?: boolean }[];
  onChange: (value: string) => void;
}

export function SelectField(props: ISelectFieldProps): JSX.Element {
  return (
    <Field {...props}>
      <select
        {...describe(props)}
        className="jp-StudioInput"
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      >
        {props.options.map(option => (
          <option
            key={option.value}
            value={option.value}
            disabled={option.disabled}
          >
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

export interface ICheckFieldProps extends IFieldProps {
  /** Words behind the box, for what is a sentence rather than a name. */
  text?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function CheckField(props: ICheckFieldProps): JSX.Element {
  const box = (
    <input
      {...describe(props)}
      className="jp-StudioCheck"
      type="checkbox"
      checked={props.checked}
      onChange={event => props.onChange(event.target.checked)}
    />
  );
  return (
    <Field {...props}>
      {props.text ? (
        <label className="jp-StudioField-text">
          {box}
          {props.text}
        </label>
      ) : (
        box
      )}
    </Field>
  );
}
