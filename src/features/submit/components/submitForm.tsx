import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useRef, useState } from 'react';
import type { Autolog, SubmitOptions } from '../../../contract';
import { Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { SelectField, TextField } from '../../../shared/formFields';
import { baseName, formatMemory } from '../../../shared/format';
import { useSignal } from '../../../shared/useSignal';
import type { IFormState } from '../form';
import { canAdd } from '../parameters';
import { hasImages } from '../place';
import type { SubmitModel } from '../submitModel';
import { ParameterRows } from './parameterRows';
import { Place } from './place';

/** Value of the choice that asks for a new experiment. */
const NEW = '\u0000new';

export interface ISubmitFormProps {
  model: SubmitModel;
  trans: TranslationBundle;
  onCancel: () => void;
}

/** Everything that a job needs to know, on one screen. */
export function SubmitForm(props: ISubmitFormProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const id = useId().replace(/:/g, '');
  const form = useRef<HTMLFormElement>(null);
  const { state, choices, inspection, errors, failure, notebooks } = model;

  // After a refusal the first wrong field has the focus.
  const { isSending: sending, tries } = model;
  useEffect(() => {
    if (tries > 0) {
      form.current
        ?.querySelector<HTMLElement>('[aria-invalid="true"]')
        ?.focus();
    }
  }, [tries]);

  const submit = () => void model.submit();
  return (
    <form
      ref={form}
      className="jp-StudioForm"
      aria-label={trans.__('Run as job')}
      noValidate
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={event => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          event.stopPropagation();
          submit();
        }
      }}
    >
      <h1 className="jp-StudioForm-title">
        {notebooks.length === 1
          ? trans.__('Run %1 as a job', baseName(notebooks[0]))
          : trans.__('Run %1 notebooks as jobs', notebooks.length)}
      </h1>
      {failure && (
        <ErrorBanner
          message={failure.message}
          hint={failure.hint}
          action={state ? undefined : trans.__('Try again')}
          onAction={() => void model.load()}
        />
      )}
      {!state && !failure && (
        <Skeleton rows={8} label={trans.__('Looking into the notebook')} />
      )}
      {state && choices && inspection && (
        <>
          {model.warnings.map(warning => (
            <p key={warning} className="jp-StudioForm-warning" role="note">
              {warning}
            </p>
          ))}
          <Identity {...props} id={id} state={state} choices={choices} />
          <fieldset className="jp-StudioForm-section">
            <legend>{trans.__('Parameters')}</legend>
            {notebooks.length === 1 ? (
              <ParameterRows
                id={id}
                fields={state.parameters}
                errors={errors}
                canAdd={canAdd(inspection)}
                onChange={(index, change) =>
                  model.updateParameter(index, change)
                }
                onLeave={field => model.leave(field)}
                onAdd={() => model.addParameter()}
                onRemove={index => model.removeParameter(index)}
                trans={trans}
              />
            ) : (
              <>
                <p className="jp-StudioForm-remark">
                  {trans.__('Every notebook runs with its own defaults.')}
                </p>
                <ul className="jp-StudioForm-list">
                  {notebooks.map(path => (
                    <li key={path}>{path}</li>
                  ))}
                </ul>
              </>
            )}
          </fieldset>
          <Place {...props} id={id} state={state} choices={choices} />
          <Size {...props} id={id} state={state} choices={choices} />
          <More {...props} id={id} state={state} choices={choices} />
        </>
      )}
      <div className="jp-StudioForm-buttons">
        <button
          type="button"
          className="jp-StudioButton"
          onClick={props.onCancel}
        >
          {trans.__('Cancel')}
        </button>
        <button
          type="submit"
          className="jp-StudioButton jp-mod-accept"
          title={trans.__('Run (Ctrl+Enter)')}
          disabled={!state || sending}
        >
          {sending ? trans.__('Submitting…') : trans.__('Run')}
        </button>
      </div>
    </form>
  );
}

/** What a part of the form is made of. */
export type PartProps = ISubmitFormProps & {
  id: string;
  state: IFormState;
  choices: SubmitOptions;
};

function Identity(props: PartProps): JSX.Element {
  const { model, trans, id, state, choices } = props;
  const { errors, notebooks } = model;
  const known = choices.experiments;
  const names =
    state.newExperiment || known.includes(state.experiment)
      ? known
      : [state.experiment, ...known];
  return (
    <fieldset className="jp-StudioForm-section">
      <legend className="jp-mod-hidden">{trans.__('Name')}</legend>
      {notebooks.length === 1 && (
        <TextField
          id={`${id}-name`}
          label={trans.__('Name')}
          value={state.name}
          error={errors.name}
          placeholder={trans.__('Chosen for you')}
          onChange={name => model.update({ name })}
          onBlur={() => model.leave('name')}
        />
      )}
      <SelectField
        id={`${id}-experiment`}
        label={trans.__('Experiment')}
        value={state.newExperiment ? NEW : state.experiment}
        error={state.newExperiment ? undefined : errors.experiment}
        options={[
          ...names.map(name => ({
            value: name,
            label: known.includes(name) ? name : trans.__('%1 (new)', name)
          })),
          { value: NEW, label: trans.__('New experiment…') }
        ]}
        onChange={value =>
          model.update(
            value === NEW
              ? { newExperiment: true, experiment: '' }
              : { newExperiment: false, experiment: value }
          )
        }
      />
      {state.newExperiment && (
        <TextField
          id={`${id}-new-experiment`}
          label={trans.__('Its name')}
          value={state.experiment}
          error={errors.experiment}
          onChange={experiment => model.update({ experiment })}
          onBlur={() => model.leave('experiment')}
        />
      )}
    </fieldset>
  );
}

function Size(props: PartProps): JSX.Element {
  const { model, trans, id, state, choices } = props;
  const { errors } = model;
  const none = trans.__('no limit');
  const { cpus, memory_bytes: memory } = choices;
  return (
    <fieldset className="jp-StudioForm-section">
      <legend>{trans.__('Size')}</legend>
      <TextField
        id={`${id}-cpus`}
        label={trans.__('CPUs')}
        value={state.cpus}
        error={errors['resources.cpus']}
        placeholder={none}
        note={trans.__('of %1 here', cpus)}
        numeric
        onChange={value => model.update({ cpus: value })}
        onBlur={() => model.leave('resources.cpus')}
      />
      <TextField
        id={`${id}-memory`}
        label={trans.__('Memory')}
        value={state.memory}
        error={errors['resources.memory_bytes']}
        placeholder={none}
        note={trans.__('of %1 here, for example 2 GiB', formatMemory(memory))}
        onChange={value => model.update({ memory: value })}
        onBlur={() => model.leave('resources.memory_bytes')}
      />
      {hasImages(state, choices) && (
        <TextField
          id={`${id}-gpus`}
          label={trans.__('GPUs')}
          value={state.gpus}
          error={errors['resources.gpus']}
          placeholder={trans.__('none')}
          note={trans.__('handed to the container, for example 1')}
          numeric
          onChange={gpus => model.update({ gpus })}
          onBlur={() => model.leave('resources.gpus')}
        />
      )}
      <TextField
        id={`${id}-time`}
        label={trans.__('Time limit')}
        value={state.timeLimit}
        error={errors['resources.time_limit_seconds']}
        placeholder={none}
        note={trans.__('for example 1 h or 90 min')}
        onChange={value => model.update({ timeLimit: value })}
        onBlur={() => model.leave('resources.time_limit_seconds')}
      />
    </fieldset>
  );
}

/** What most people leave as it is. */
function More(props: PartProps): JSX.Element {
  const { model, trans, id, state, choices } = props;
  const { errors } = model;
  const [isOpen, setOpen] = useState(state.autolog !== choices.autolog);
  return (
    <details
      className="jp-StudioForm-more"
      open={isOpen || 'autolog' in errors}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{trans.__('More')}</summary>
      <fieldset className="jp-StudioForm-section">
        <legend className="jp-mod-hidden">{trans.__('More')}</legend>
        <SelectField
          id={`${id}-autolog`}
          label={trans.__('Autologging')}
          value={state.autolog}
          error={errors.autolog}
          note={trans.__(
            'what MLflow logs by itself of scikit-learn and other libraries it knows'
          )}
          options={[
            { value: 'on', label: trans.__('Parameters and metrics') },
            {
              value: 'models',
              label: trans.__('Models too (seconds for each)')
            },
            { value: 'off', label: trans.__('Nothing') }
          ]}
          onChange={value => model.update({ autolog: value as Autolog })}
        />
      </fieldset>
    </details>
  );
}
