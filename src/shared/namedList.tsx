import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import React, { useEffect } from 'react';
import { Skeleton } from './emptyState';
import { ErrorBanner } from './errorBanner';
import { formatAgo, formatTime } from './format';
import { useNow, useSignal } from './useSignal';

/** Something with a name, as a list shows it. */
export interface INamedItem {
  /** Tells it from others. */
  id: string;
  name: string;
  /** What stands between the name and the count. */
  mark?: React.ReactNode;
  /** How many there are of what it holds, in words. */
  count: string;
  /** When it was last changed, in seconds since the epoch. */
  updated: number | null;
}

/** What a list follows. */
export interface INamedModel<T> {
  readonly changed: ISignal<unknown, void>;
  /** Null before the first answer. */
  readonly items: readonly T[] | null;
  /** Why the last look failed. */
  readonly error: { message: string; hint: string } | null;
  load(): Promise<void>;
}

export interface INamedListProps<T> {
  model: INamedModel<T>;
  itemOf: (item: T) => INamedItem;
  /** What the list holds, in a word. */
  label: string;
  /** What is said while it is asked for. */
  loading: string;
  icon: LabIcon;
  /** What is shown where there is nothing. */
  empty: React.ReactNode;
  /** Attribute of rows that holds the name: context menus ask for it. */
  attribute: `data-${string}`;
  onOpen: (name: string) => void;
  trans: TranslationBundle;
}

/** A list in a section of the panel: names, last changed first. */
export function NamedList<T>(props: INamedListProps<T>): JSX.Element {
  const { model, icon: Icon, onOpen, trans } = props;
  useSignal(model.changed);
  const { items, error } = model;
  const now = useNow(true, 30_000);
  useEffect(() => {
    if (!model.items) {
      void model.load();
    }
  }, [model]);
  return (
    <div className="jp-StudioNames">
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.load()}
        />
      )}
      {!items && !error && <Skeleton rows={2} label={props.loading} />}
      {items && items.length === 0 && props.empty}
      {items && items.length > 0 && (
        <ul aria-label={props.label}>
          {items.map(props.itemOf).map(({ id, name, mark, count, updated }) => (
            <li
              key={id}
              className="jp-StudioNames-row"
              {...{ [props.attribute]: name }}
            >
              <button type="button" title={name} onClick={() => onOpen(name)}>
                <span className="jp-StudioNames-main">
                  <Icon.react tag="span" />
                  <span className="jp-StudioNames-name">{name}</span>
                  {mark}
                  <span className="jp-StudioNames-count">{count}</span>
                </span>
                <span
                  className="jp-StudioNames-time"
                  title={updated !== null ? formatTime(updated) : undefined}
                >
                  {updated !== null && formatAgo(updated, now, trans)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
