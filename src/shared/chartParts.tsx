import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useState, useSyncExternalStore } from 'react';
import { COLOURS, dash } from './chartTheme';
import { pictureIcon } from './icons';
import { LateIcon } from './lateIcon';

/** Where the crosshair of a chart is; null: nowhere. */
export class Cursor<T> {
  get at(): T | null {
    return this._at;
  }

  readonly move = (at: T | null): void => {
    this._at = at;
    this._listeners.forEach(listener => listener());
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };

  private _at: T | null = null;
  private readonly _listeners = new Set<() => void>();
}

/** Words about the place of the cursor: nothing else is drawn when it moves. */
export function AtCursor<T>(props: {
  className: string;
  cursor: Cursor<T>;
  text: (at: T | null) => string;
  isSpoken?: boolean;
}): JSX.Element {
  const { className, cursor, text, isSpoken } = props;
  const said = useSyncExternalStore(cursor.subscribe, () => text(cursor.at));
  return (
    <span className={className} aria-live={isSpoken ? 'polite' : undefined}>
      {said}
    </span>
  );
}

/** How a line is drawn, for a legend. */
export function Mark(props: { colour: number; dash?: number }): JSX.Element {
  const { colour, dash: place = Math.floor(colour / COLOURS) } = props;
  return (
    <span
      className="jp-StudioChart-mark"
      aria-hidden="true"
      style={{
        borderTopColor: `var(--jp-studio-series-${colour % COLOURS})`,
        borderTopStyle: dash(place * COLOURS) ? 'dashed' : 'solid'
      }}
    />
  );
}

/** A word that is said for a moment, and what says another. */
export function useSaid(): [string, (said: string) => void] {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said) {
      const timer = window.setTimeout(() => setSaid(''), 2500);
      return () => window.clearTimeout(timer);
    }
    return undefined;
  }, [said]);
  return [said, setSaid];
}

/** What can be done with every chart. */
export function ChartButtons(props: {
  title: string;
  trans: TranslationBundle;
  isLog?: boolean;
  canLog?: boolean;
  /** Undefined: the owner says which axes are logarithmic. */
  onLog?: () => void;
  /** Undefined: there is no picture now. */
  onPicture?: () => void;
  /** Undefined: there is no data now. */
  onData?: () => void;
  children?: React.ReactNode;
}): JSX.Element {
  const { title, trans, isLog, canLog, onLog, onPicture } = props;
  return (
    <span className="jp-StudioChart-buttons">
      {onLog && (
        <button
          type="button"
          className="jp-StudioChart-toggle"
          aria-pressed={isLog}
          disabled={!canLog}
          title={trans.__('Logarithmic scale')}
          onClick={onLog}
        >
          {trans.__('log')}
        </button>
      )}
      <button
        type="button"
        className="jp-StudioIconButton"
        disabled={!onPicture}
        title={trans.__('Copy as picture')}
        aria-label={trans.__('Copy %1 as picture', title)}
        onClick={onPicture}
      >
        <LateIcon icon={pictureIcon} />
      </button>
      <button
        type="button"
        className="jp-StudioIconButton"
        disabled={!props.onData}
        title={trans.__('Copy the data')}
        aria-label={trans.__('Copy the data of %1', title)}
        onClick={props.onData}
      >
        <LateIcon icon={copyIcon} />
      </button>
      {props.children}
    </span>
  );
}

/** What copying a picture came to. */
export function copyWords(
  trans: TranslationBundle
): Record<'copied' | 'saved' | 'failed', string> {
  return {
    copied: trans.__('Copied the picture'),
    saved: trans.__('Saved the picture'),
    failed: trans.__('The picture could not be made')
  };
}
