import React from 'react';
import type { RunnerInfo } from '../../../contract';
import { CheckField, SelectField, TextField } from '../../../shared/formFields';
import { formatSize } from '../../../shared/format';
import { hasImages, imageOf, isMissing, runsIn } from '../place';
import type { PartProps } from './submitForm';

/** Value of the choice that asks for another image. */
const OTHER = '\u0000other';

/** The part of the form that says where the job runs, and in what. */
export function Place(props: PartProps): JSX.Element {
  const { model, trans, id, state, choices } = props;
  const { errors } = model;
  const line = runsIn(state, choices, trans);
  return (
    <fieldset className="jp-StudioForm-section">
      <legend>{trans.__('Where')}</legend>
      <div
        className="jp-StudioForm-runners"
        role="radiogroup"
        aria-label={trans.__('Runner')}
      >
        {choices.runners.map(runner => (
          <Runner
            key={runner.name}
            name={`${id}-runner`}
            runner={runner}
            checked={runner.name === state.runner}
            onChoose={() => model.update({ runner: runner.name })}
          />
        ))}
      </div>
      {errors.runner && (
        <div className="jp-StudioField-error" role="alert">
          {errors.runner}
        </div>
      )}
      {hasImages(state, choices) ? <Image {...props} /> : <Kernel {...props} />}
      {line && (
        <div className="jp-StudioField">
          <span className="jp-StudioField-label">{trans.__('Runs in')}</span>
          <output className="jp-StudioForm-line">{line}</output>
        </div>
      )}
    </fieldset>
  );
}

function Runner(props: {
  name: string;
  runner: RunnerInfo;
  checked: boolean;
  onChoose: () => void;
}): JSX.Element {
  const { runner } = props;
  return (
    <label className={runner.available ? '' : 'jp-mod-disabled'}>
      <input
        type="radio"
        name={props.name}
        checked={props.checked}
        disabled={!runner.available}
        onChange={props.onChoose}
      />
      {runner.display_name}
      {!runner.available && runner.reason && (
        <span className="jp-StudioForm-reason">{runner.reason}</span>
      )}
    </label>
  );
}

function Kernel(props: PartProps): JSX.Element {
  const { model, trans, id, state, choices } = props;
  const { errors, inspection } = model;
  const missing = inspection?.kernel === null && inspection.kernel_wanted;
  return (
    <SelectField
      id={`${id}-kernel`}
      label={trans.__('Kernel')}
      value={state.kernel}
      error={errors.kernel}
      note={
        missing
          ? trans.__(
              'The notebook asks for %1, which is not installed.',
              inspection.kernel_wanted ?? ''
            )
          : undefined
      }
      options={choices.kernels.map(kernel => ({
        value: kernel.name,
        label: kernel.display_name
      }))}
      onChange={kernel => model.update({ kernel })}
    />
  );
}

function Image(props: PartProps): JSX.Element {
  const { model, trans, id, state, choices } = props;
  const { errors } = model;
  const choice = imageOf(state, choices);
  const missing = isMissing(state, choices);
  const known = choices.images.map(({ reference, size_bytes: size }) => ({
    value: reference,
    label: trans.__('%1 (%2)', reference, formatSize(size))
  }));
  const named =
    choice || state.otherImage
      ? known
      : [
          {
            value: state.image,
            label: trans.__('%1 (not there)', state.image)
          },
          ...known
        ];
  // What is to be fetched is no trouble.
  const note = missing
    ? !state.pull && <Missing {...props} />
    : choice?.profile === 'notebook'
      ? trans.__('Made for notebooks')
      : choice
        ? trans.__("Runs as the image's own user")
        : undefined;
  return (
    <>
      <SelectField
        id={`${id}-image`}
        label={trans.__('Image')}
        value={state.otherImage ? OTHER : (choice?.reference ?? state.image)}
        error={state.otherImage ? undefined : errors.image}
        note={state.otherImage ? undefined : note}
        options={[...named, { value: OTHER, label: trans.__('Other image…') }]}
        onChange={value =>
          model.update(
            value === OTHER
              ? { otherImage: true, image: '' }
              : { otherImage: false, image: value }
          )
        }
      />
      {state.otherImage && (
        <TextField
          id={`${id}-other-image`}
          label={trans.__('Its name')}
          value={state.image}
          error={errors.image}
          placeholder={trans.__('for example python:3.12')}
          note={note}
          onChange={image => model.update({ image })}
          onBlur={() => model.leave('image')}
        />
      )}
      {missing && (
        <CheckField
          id={`${id}-pull`}
          label=""
          text={trans.__('Fetch it if it is not there')}
          checked={state.pull}
          error={errors.pull}
          onChange={pull => model.update({ pull })}
        />
      )}
      <CheckField
        id={`${id}-network`}
        label=""
        text={trans.__('May reach the network')}
        checked={state.networkAccess}
        error={errors.network_access}
        onChange={networkAccess => model.update({ networkAccess })}
      />
    </>
  );
}

/** What to do about an image that is not there. */
function Missing(props: PartProps): JSX.Element {
  const { model, trans, state, choices } = props;
  const isDefault = state.image.trim() === choices.default_image;
  return (
    <>
      <span className="jp-StudioForm-missing">
        {(isDefault && choices.image_hint) || trans.__('Not there')}
      </span>
      <button
        type="button"
        className="jp-StudioLink"
        title={trans.__('Look again which images are there')}
        onClick={() => void model.lookAgain()}
      >
        {trans.__('Look again')}
      </button>
    </>
  );
}
