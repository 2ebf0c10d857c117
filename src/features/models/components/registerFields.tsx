import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef } from 'react';
import type { LoggedModel } from '../../../contract';
import { Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import {
  Field,
  SelectField,
  TextField,
  describe
} from '../../../shared/formFields';
import type { IFieldProps } from '../../../shared/formFields';
import { formatTime } from '../../../shared/format';
import { useSignal } from '../../../shared/useSignal';
import type { RegisterForm } from '../registerForm';

const FIELDS = ['path', 'name', 'alias', 'description'];
const EXAMPLE = "mlflow.sklearn.log_model(model, name='model')";

/** Which model, under which name, with which alias, and a note. */
export function RegisterFields(props: {
  form: RegisterForm;
  trans: TranslationBundle;
}): JSX.Element {
  const { form, trans } = props;
  useSignal(form.changed);
  const { choices, error, values } = form;
  const field = (name: string) => {
    const message = error?.fields.find(each => each.field === name)?.message;
    return message && [message, error?.hint].filter(Boolean).join(' ');
  };
  const isBeside = FIELDS.some(name => field(name));
  return (
    <div className="jp-StudioRegister" tabIndex={-1} {...useFocus(form)}>
      {error && !isBeside && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={choices ? undefined : trans.__('Try again')}
          onAction={choices ? undefined : () => void form.load()}
        />
      )}
      {!choices && !error && (
        <Skeleton
          rows={3}
          label={trans.__('Looking for models of the trial')}
        />
      )}
      {choices && choices.length === 0 && (
        <div className="jp-StudioRegister-none" role="status">
          <p>{trans.__('The trial %1 has no model.', form.trial)}</p>
          <p>
            {trans.__(
              'Log one in the notebook and run it again, for example with this line after the fit:'
            )}
          </p>
          <pre>{EXAMPLE}</pre>
          <p>
            {trans.__(
              'A job logs models by itself when Autolog in its form says so. While it runs, its models are with the job: register them when it is over.'
            )}
          </p>
        </div>
      )}
      {choices && choices.length > 0 && (
        <>
          <SelectField
            id="studio-register-path"
            label={trans.__('Model of %1', form.trial)}
            value={values.path}
            options={choices.map(each => ({
              value: each.path,
              label: labelOf(each, choices, trans),
              disabled: each.status !== 'READY'
            }))}
            onChange={path => form.set({ path })}
            error={field('path')}
          />
          <Completed
            id="studio-register-name"
            label={trans.__('Name')}
            value={values.name}
            choices={form.names}
            onChange={name => form.set({ name })}
            note={form.nameNote}
            error={field('name')}
          />
          <Completed
            id="studio-register-alias"
            label={trans.__('Alias')}
            value={values.alias}
            choices={form.aliases}
            placeholder={trans.__('none, or such as champion')}
            onChange={alias => form.set({ alias })}
            note={form.aliasNote}
            error={field('alias')}
          />
          <TextField
            id="studio-register-description"
            label={trans.__('Note')}
            value={values.description}
            rows={3}
            maxLength={5000}
            placeholder={trans.__('Why this one?')}
            onChange={description => form.set({ description })}
            error={field('description')}
          />
        </>
      )}
    </div>
  );
}

/**
 * Gives the focus to the first field that has something to decide, once there
 * are fields, and to the one with which something is wrong. Before, and where
 * there are none, all of it has the focus, so that Escape is heard.
 */
function useFocus(form: RegisterForm) {
  const ref = useRef<HTMLDivElement>(null);
  const { error } = form;
  const count = form.choices?.length ?? 0;
  const focus = (selector: string) =>
    ref.current?.querySelector<HTMLElement>(selector)?.focus();
  const first = count > 1 ? '#studio-register-path' : '#studio-register-name';
  useEffect(() => focus(first), [first, count]);
  useEffect(() => focus('[aria-invalid]'), [error]);
  const onFocus = (event: React.FocusEvent) => {
    if (event.target === ref.current) {
      focus(first);
    }
  };
  return { ref, onFocus };
}

/** A line of text, with texts to choose from. */
function Completed(
  props: IFieldProps & {
    value: string;
    choices: readonly string[];
    placeholder?: string;
    onChange: (value: string) => void;
  }
): JSX.Element {
  const { id, value, choices, placeholder, onChange } = props;
  return (
    <Field {...props} note={<span aria-live="polite">{props.note}</span>}>
      <input
        {...describe({ ...props, note: 'note' })}
        className="jp-StudioInput"
        type="text"
        list={`${id}-choices`}
        value={value}
        placeholder={placeholder}
        maxLength={250}
        spellCheck={false}
        autoComplete="off"
        onChange={event => onChange(event.target.value)}
      />
      <datalist id={`${id}-choices`}>
        {choices.map(each => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </Field>
  );
}

/** Names that are not the only ones of their kind have time and id behind them. */
function labelOf(
  model: LoggedModel,
  all: readonly LoggedModel[],
  trans: TranslationBundle
): string {
  const isOnly = all.filter(({ name }) => name === model.name).length === 1;
  const parts = [
    model.name,
    model.model_type,
    isOnly || model.created === null ? '' : formatTime(model.created),
    isOnly ? '' : model.path,
    model.status === 'READY' ? '' : trans.__('not logged to its end')
  ];
  return parts.filter(Boolean).join(' · ');
}
