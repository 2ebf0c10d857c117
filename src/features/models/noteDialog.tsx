import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

const MAX_LENGTH = 5_000;

class NoteBody extends ReactWidget {
  constructor(
    private _text: string,
    private readonly _label: string
  ) {
    super();
    this.addClass('jp-StudioRegister-body');
  }

  getValue(): string {
    return this._text;
  }

  protected override render(): JSX.Element {
    return (
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
    );
  }
}

/** Ask for a text of some lines; null where the person thought better of it. */
export async function askForNote(options: {
  title: string;
  text: string;
  okLabel: string;
}): Promise<string | null> {
  const { title, text, okLabel } = options;
  const { button, value } = await showDialog({
    title,
    body: new NoteBody(text, title),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: okLabel })],
    focusNodeSelector: 'textarea'
  });
  return button.accept ? value : null;
}
