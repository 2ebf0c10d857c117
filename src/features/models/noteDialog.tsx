import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';
import type { RequestError } from '../../client';
import { ErrorBanner } from '../../shared/errorBanner';
import { NoteConflict } from '../../shared/noteConflict';

const MAX_LENGTH = 5_000;
/** Marks the button that puts both texts together. */
const MERGE = 'studio-merge';

export interface INoteQuestion {
  title: string;
  text: string;
  /** What somebody else wrote meanwhile; null: nobody did. */
  theirs: string | null;
  /** Why it could not be saved the last time. */
  error: RequestError | null;
  trans: TranslationBundle;
}

class NoteBody extends ReactWidget {
  constructor(
    private readonly _question: INoteQuestion,
    private readonly _onSubmit: () => void
  ) {
    super();
    this._text = _question.text;
    this.addClass('jp-StudioRegister-body');
  }

  getValue(): string {
    return this._text;
  }

  protected override render(): JSX.Element {
    const { title, text, theirs, error, trans } = this._question;
    return (
      <>
        {error && <ErrorBanner message={error.message} hint={error.hint} />}
        <textarea
          className="jp-StudioInput"
          aria-label={title}
          title={theirs === null ? trans.__('Ctrl+Enter saves') : undefined}
          defaultValue={text}
          rows={6}
          maxLength={MAX_LENGTH}
          onChange={event => {
            this._text = event.target.value;
          }}
          onKeyDown={event => {
            // What overwrites somebody's text is never done by a habit.
            const isMeant = event.ctrlKey || event.metaKey;
            if (event.key === 'Enter' && isMeant && theirs === null) {
              event.preventDefault();
              this._onSubmit();
            }
          }}
        />
        {theirs !== null && <NoteConflict note={theirs} trans={trans} />}
      </>
    );
  }

  private _text: string;
}

/**
 * Ask for a text of some lines; null where the person thought better of it.
 * `isMerge`: what was written is to be put together with what somebody else wrote.
 */
export async function askForNote(
  question: INoteQuestion
): Promise<{ text: string; isMerge: boolean } | null> {
  const { title, theirs, trans } = question;
  const save =
    theirs === null
      ? [Dialog.okButton({ label: trans.__('Save') })]
      : [
          Dialog.okButton({
            label: trans.__('Put both together'),
            actions: [MERGE]
          }),
          Dialog.warnButton({ label: trans.__('Save mine over it') })
        ];
  const dialog: Dialog<string> = new Dialog({
    title,
    body: new NoteBody(question, () => dialog.resolve()),
    buttons: [Dialog.cancelButton(), ...save],
    focusNodeSelector: 'textarea'
  });
  const { button, value } = await dialog.launch();
  return button.accept && value !== null
    ? { text: value, isMerge: button.actions.includes(MERGE) }
    : null;
}
