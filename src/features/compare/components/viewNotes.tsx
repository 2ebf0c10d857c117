import React, { useEffect, useState } from 'react';
import { Rendered } from '../../../shared/rendered';
import type { ICompareHeaderProps } from './compareHeader';

/** Characters that a view keeps of its notes. */
const MAX_NOTES = 20_000;

/** What somebody wrote about the comparison. */
export function ViewNotes(props: ICompareHeaderProps): JSX.Element | null {
  const { model, drafts, ui, rendermime, trans } = props;
  const { notes = '' } = model.view;
  const [draft, setDraft] = useState(notes);
  useEffect(
    () => setDraft(drafts.texts.notes ?? notes),
    [drafts, notes, ui.isNoting]
  );
  const close = () => {
    drafts.flush();
    ui.isNoting = false;
  };
  if (!ui.isNoting) {
    return notes === '' ? null : (
      <div className="jp-StudioCompare-notes" tabIndex={0}>
        {rendermime ? (
          <Rendered rendermime={rendermime} markdown={notes} />
        ) : (
          <p>{notes}</p>
        )}
      </div>
    );
  }
  return (
    <div className="jp-StudioCompare-notes">
      <textarea
        className="jp-StudioInput"
        aria-label={trans.__('Notes')}
        placeholder={trans.__('Markdown')}
        rows={6}
        maxLength={MAX_NOTES}
        value={draft}
        readOnly={model.isReadOnly}
        autoFocus
        onChange={event => {
          setDraft(event.target.value);
          drafts.set({ notes: event.target.value });
        }}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            close();
          } else if (isCommand(event)) {
            drafts.flush();
          }
        }}
        onBlur={close}
      />
    </div>
  );
}

/** Whether a key may save or close the tab: no shortcut begins without one of these. */
export function isCommand(event: React.KeyboardEvent): boolean {
  return (
    event.key === 'Enter' || event.ctrlKey || event.metaKey || event.altKey
  );
}
