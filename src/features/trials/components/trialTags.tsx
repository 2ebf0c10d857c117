import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import React, { useState } from 'react';
import type { TrialModel } from '../../../models/trialModel';
import { formatValue } from '../../../shared/format';
import type { TrialDeeds } from '../trialDeeds';

/** Beginnings of the names of tags that Studio and MLflow write. */
const THEIRS = /^(studio|mlflow|tracker)\./;
/** Tags drawn at once. */
const MANY = 200;

export interface ITrialTagsProps {
  model: TrialModel;
  deeds: TrialDeeds;
  trans: TranslationBundle;
}

/** A person's tags, to be added and taken away, and those that were recorded. */
export function TrialTags(props: ITrialTagsProps): JSX.Element {
  const { model, deeds, trans } = props;
  const tags = Object.entries(model.detail?.trial.tags ?? {}).map(
    ([name, value]) => [name, String(value)] as const
  );
  const own = tags.filter(([name]) => !THEIRS.test(name));
  const recorded = tags.filter(
    ([name]) => THEIRS.test(name) && name !== 'mlflow.note.content'
  );
  const isEditable = model.canChange;
  return (
    <section className="jp-StudioTrial-tags" aria-label={trans.__('Tags')}>
      <h2>{trans.__('Tags')}</h2>
      <ul className="jp-StudioTrial-chips">
        {own.slice(0, MANY).map(([name, value]) => (
          <li key={name} title={`${name}: ${value}`}>
            <span>
              {formatValue(name, 40)}
              {value && <b>{formatValue(value, 60)}</b>}
            </span>
            {isEditable && (
              <button
                type="button"
                className="jp-StudioIconButton"
                title={trans.__('Remove the tag %1', name)}
                aria-label={trans.__('Remove the tag %1', name)}
                onClick={() => void deeds.removeTag(name)}
              >
                <closeIcon.react tag="span" />
              </button>
            )}
          </li>
        ))}
      </ul>
      {isEditable && <NewTag {...props} />}
      {recorded.length > 0 && (
        <details className="jp-StudioTrial-recorded">
          <summary>
            {trans._n(
              '%1 tag that was recorded',
              '%1 tags that were recorded',
              recorded.length
            )}
          </summary>
          <dl className="jp-StudioFacts">
            {recorded.map(([name, value]) => (
              <React.Fragment key={name}>
                <dt>{name}</dt>
                <dd title={value.slice(0, 2000)}>{formatValue(value, 200)}</dd>
              </React.Fragment>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}

function NewTag(props: ITrialTagsProps): JSX.Element {
  const { deeds, trans } = props;
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const add = async () => {
    if (name.trim() && (await deeds.setTag(name.trim(), value.trim()))) {
      setName('');
      setValue('');
    }
  };
  return (
    <form
      className="jp-StudioTrial-newTag"
      onSubmit={event => {
        event.preventDefault();
        void add();
      }}
    >
      <input
        className="jp-StudioInput"
        aria-label={trans.__('Name of a new tag')}
        placeholder={trans.__('name')}
        maxLength={250}
        value={name}
        onChange={event => setName(event.target.value)}
      />
      <input
        className="jp-StudioInput"
        aria-label={trans.__('Value of the new tag')}
        placeholder={trans.__('value')}
        maxLength={5000}
        value={value}
        onChange={event => setValue(event.target.value)}
      />
      <button
        type="submit"
        className="jp-StudioButton"
        disabled={name.trim() === ''}
      >
        {trans.__('Add tag')}
      </button>
    </form>
  );
}
