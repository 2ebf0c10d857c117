import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, editIcon } from '@jupyterlab/ui-components';
import React, { useState } from 'react';
import { useSignal } from '../../../shared/useSignal';
import type { SavedFilters } from '../savedFilters';

export interface ISavedFilterListProps {
  saved: SavedFilters;
  /** The filter that applies now. */
  applied: string;
  onApply: (filter: string) => void;
  onClose: () => void;
  trans: TranslationBundle;
}

/** Filters with names: apply, save, rename, delete. */
export function SavedFilterList(props: ISavedFilterListProps): JSX.Element {
  const { saved, applied, onApply, onClose, trans } = props;
  useSignal(saved.changed);
  const [name, setName] = useState('');
  const [renamed, setRenamed] = useState<string | null>(null);
  const { items } = saved;
  return (
    <div className="jp-StudioSaved">
      {items.length === 0 && (
        <p className="jp-StudioConditions-note">
          {trans.__('No saved filters yet.')}
        </p>
      )}
      <ul aria-label={trans.__('Saved filters')}>
        {items.map(item =>
          item.name === renamed ? (
            <li key={item.name}>
              <NameForm
                name={item.name}
                action={trans.__('Rename')}
                trans={trans}
                onName={next => {
                  setRenamed(null);
                  void saved.rename(item.name, next);
                }}
              />
            </li>
          ) : (
            <li key={item.name}>
              <button
                type="button"
                className="jp-StudioSaved-name"
                aria-current={item.filter === applied}
                title={item.filter}
                onClick={() => {
                  onApply(item.filter);
                  onClose();
                }}
              >
                <span>{item.name}</span>
                <code>{item.filter}</code>
              </button>
              <button
                type="button"
                className="jp-StudioIconButton"
                title={trans.__('Rename')}
                aria-label={trans.__('Rename %1', item.name)}
                onClick={() => setRenamed(item.name)}
              >
                <editIcon.react tag="span" />
              </button>
              <button
                type="button"
                className="jp-StudioIconButton"
                title={trans.__('Delete')}
                aria-label={trans.__('Delete %1', item.name)}
                onClick={() => void saved.remove(item.name)}
              >
                <closeIcon.react tag="span" />
              </button>
            </li>
          )
        )}
      </ul>
      {applied !== '' && (
        <NameForm
          name={name}
          action={trans.__('Save filter')}
          trans={trans}
          onName={next => {
            setName('');
            void saved.save(next, applied);
          }}
        />
      )}
    </div>
  );
}

function NameForm(props: {
  name: string;
  action: string;
  onName: (name: string) => void;
  trans: TranslationBundle;
}): JSX.Element {
  const { action, onName, trans } = props;
  const [name, setName] = useState(props.name);
  return (
    <form
      className="jp-StudioSaved-form"
      onSubmit={event => {
        event.preventDefault();
        if (name.trim()) {
          onName(name.trim());
          setName('');
        }
      }}
    >
      <input
        className="jp-StudioInput"
        aria-label={trans.__('Name of the filter')}
        placeholder={trans.__('Name')}
        maxLength={100}
        value={name}
        onChange={event => setName(event.target.value)}
      />
      <button
        type="submit"
        className="jp-StudioButton"
        disabled={name.trim() === ''}
      >
        {action}
      </button>
    </form>
  );
}
