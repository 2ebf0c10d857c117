import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

/** Says that a note was changed while it was being written, and shows what it says now. */
export function NoteConflict(props: {
  note: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { note, trans } = props;
  return (
    <div className="jp-StudioNote-conflict" role="alert">
      <p>
        {trans.__(
          'The note was changed since you began to write. It now says:'
        )}
      </p>
      <pre>{note || trans.__('(nothing)')}</pre>
    </div>
  );
}

/** A note with what somebody else wrote, and below it one's own text. */
export function bothNotes(theirs: string, mine: string): string {
  return [theirs, mine].filter(Boolean).join('\n\n');
}
