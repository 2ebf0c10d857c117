import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

/** What became of something, from the first trial to the second. */
export type ChangeWord =
  'same' | 'changed' | 'added' | 'removed' | 'unknown' | 'newer' | 'older';

const SIGNS: Record<ChangeWord, string> = {
  same: '=',
  changed: '≠',
  added: '+',
  removed: '−',
  unknown: '?',
  newer: '↑',
  older: '↓'
};

/** What a change is called. */
export function changeWord(
  change: ChangeWord,
  trans: TranslationBundle
): string {
  return {
    same: trans.__('the same'),
    changed: trans.__('changed'),
    added: trans.__('only in the second'),
    removed: trans.__('only in the first'),
    unknown: trans.__('not certain'),
    newer: trans.__('newer in the second'),
    older: trans.__('older in the second')
  }[change];
}

/** A sign with its word: never colour alone. */
export function ChangeMark(props: {
  change: ChangeWord;
  trans: TranslationBundle;
}): JSX.Element {
  const word = changeWord(props.change, props.trans);
  return (
    <span
      className={`jp-StudioDiff-sign jp-mod-${props.change}`}
      role="img"
      aria-label={word}
      title={word}
    >
      {SIGNS[props.change]}
    </span>
  );
}
