import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import { asRequestError } from '../../../client';
import type { RequestError } from '../../../client';
import type { TrialModel } from '../../../models/trialModel';
import { ErrorBanner } from '../../../shared/errorBanner';
import { NoteConflict, bothNotes } from '../../../shared/noteConflict';
import { Rendered } from '../../../shared/rendered';
import type { INoteDraft, NoteDraft } from '../noteDraft';

/** Characters that MLflow keeps of a note. */
export const MAX_NOTE = 5_000;
/** From here on it is said how many are left. */
const NEARLY = 4_500;

export interface INoteEditorProps {
  model: TrialModel;
  draft: NoteDraft;
  /** Null where Markdown cannot be drawn: the text is shown as it is. */
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}

/** The note of a trial: Markdown to be read, a text to be written. */
export function NoteEditor(props: INoteEditorProps): JSX.Element {
  const { model, draft, rendermime, trans } = props;
  const note = model.detail?.note ?? '';
  const [written, setWritten] = useState<INoteDraft | null>(() => draft.load());
  const begin = () => change({ text: note, base: note });
  const change = (next: INoteDraft) => {
    draft.save(next);
    setWritten(next);
  };
  const end = () => {
    draft.clear();
    setWritten(null);
  };
  return (
    <section className="jp-StudioNote" aria-label={trans.__('Note')}>
      <h2>
        {trans.__('Note')}
        {!written && note && model.canChange && (
          <button type="button" className="jp-StudioLink" onClick={begin}>
            {trans.__('Edit')}
          </button>
        )}
      </h2>
      {written ? (
        <Writing
          model={model}
          draft={written}
          note={note}
          onChange={change}
          onEnd={end}
          trans={trans}
        />
      ) : !note ? (
        <button
          type="button"
          className="jp-StudioNote-add"
          disabled={!model.canChange}
          onClick={begin}
        >
          {trans.__('Add a note: what was tried, what came of it (Markdown)')}
        </button>
      ) : rendermime ? (
        <Rendered
          rendermime={rendermime}
          markdown={note}
          className="jp-StudioNote-text"
        />
      ) : (
        <pre className="jp-StudioNote-text">{note}</pre>
      )}
    </section>
  );
}

interface IWritingProps {
  model: TrialModel;
  draft: INoteDraft;
  /** The note as it is now. */
  note: string;
  onChange: (draft: INoteDraft) => void;
  onEnd: () => void;
  trans: TranslationBundle;
}

function Writing(props: IWritingProps): JSX.Element {
  const { model, draft, note, onChange, onEnd, trans } = props;
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<RequestError | null>(null);
  // What the server said was there, where that is newer than what is known.
  const [theirs, setTheirs] = useState<string | null>(null);
  const now = theirs ?? note;
  const isConflict = now !== draft.base && now !== draft.text;
  const isTooLong = draft.text.length > MAX_NOTE;
  const save = async (base: string) => {
    if (isSaving || isTooLong) {
      return;
    }
    setSaving(true);
    setError(null);
    try {
      await model.update({ note: draft.text, if_note: base });
      onEnd();
    } catch (reason) {
      const failed = asRequestError(reason);
      const newer = failed.fields.find(({ field }) => field === 'note');
      if (failed.code === 'conflict' && newer) {
        setTheirs(newer.message);
      } else {
        setError(failed);
      }
      setSaving(false);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      if (!isConflict) {
        void save(draft.base);
      }
    } else if (event.key === 'Escape' && draft.text === draft.base) {
      event.stopPropagation();
      onEnd();
    }
  };
  return (
    <div className="jp-StudioNote-form">
      <textarea
        className="jp-StudioInput"
        aria-label={trans.__('Note, in Markdown')}
        rows={Math.min(20, Math.max(6, draft.text.split('\n').length + 1))}
        value={draft.text}
        // What would be written now would not be saved, and go with the form.
        readOnly={isSaving}
        autoFocus
        onChange={event => onChange({ ...draft, text: event.target.value })}
        onKeyDown={onKeyDown}
      />
      {error && (
        <ErrorBanner
          message={trans.__('The note is not saved: %1', error.message)}
          hint={
            error.hint ||
            trans.__('What you wrote is kept in this browser. Try again.')
          }
        />
      )}
      {isConflict && <NoteConflict note={now} trans={trans} />}
      <div className="jp-StudioNote-buttons">
        {isConflict ? (
          <>
            <button
              type="button"
              className="jp-StudioButton jp-mod-warn"
              disabled={isSaving || isTooLong}
              onClick={() => void save(now)}
            >
              {trans.__('Save mine over it')}
            </button>
            <button
              type="button"
              className="jp-StudioButton"
              disabled={isSaving}
              onClick={() =>
                onChange({
                  text: bothNotes(now, draft.text),
                  base: now
                })
              }
            >
              {trans.__('Put both together')}
            </button>
          </>
        ) : (
          <button
            type="button"
            className="jp-StudioButton jp-mod-accept"
            disabled={isSaving || isTooLong}
            title={trans.__('Ctrl+Enter')}
            onClick={() => void save(draft.base)}
          >
            {isSaving ? trans.__('Saving…') : trans.__('Save')}
          </button>
        )}
        <button type="button" className="jp-StudioButton" onClick={onEnd}>
          {draft.text === draft.base ? trans.__('Cancel') : trans.__('Discard')}
        </button>
        <span className="jp-StudioNote-remark" aria-live="polite">
          {draft.text.length > NEARLY
            ? trans.__(
                '%1 of %2 characters',
                draft.text.length.toLocaleString(),
                MAX_NOTE.toLocaleString()
              )
            : draft.text === draft.base
              ? ''
              : trans.__('Not saved yet')}
        </span>
      </div>
    </div>
  );
}
