import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';
import type { RequestError } from '../../client';
import { ErrorBanner } from '../../shared/errorBanner';

const MAX_LENGTH = 5_000;

class NoteBody extends ReactWidget {
  constructor(
    private _text: string,
    private readonly _label: string,
    private readonly _error: RequestError | null
  ) {
    super();
    this.addClass('jp-StudioRegister-body');
  }

  getValue(): string {
    return this._text;
  }

  protected override render(): JSX.Element {
    return (
      <>
        {this._error && (
          <ErrorBanner message={this._error.message} hint={this._error.hint} />
        )}
        <textarea
          className="jp-StudioInput"
          aria-label={this._label}
          defaultValue={this._text}
          rows={6}
          maxLength={MAX_LENGTH}
          onChange={event => {
            this._text = event.target.value;
          }}
        />
      </>
    );
  }
}

/** Ask for a text of some lines; null where the person thought better of it. */
export async function askForNote(options: {
  title: string;
  text: string;
  /** Why it could not be saved the last time. */
  error: RequestError | null;
  okLabel: string;
}): Promise<string | null> {
  const { title, text, error, okLabel } = options;
  const { button, value } = await showDialog({
    title,
    body: new NoteBody(text, title, error),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: okLabel })],
    focusNodeSelector: 'textarea'
  });
  return button.accept ? value : null;
}
