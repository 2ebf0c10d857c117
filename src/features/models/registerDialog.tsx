import { Dialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ModelsModel } from '../../models/modelsModel';
import { CommandIDs } from '../../tokens';
import { RegisterFields } from './components/registerFields';
import { RegisterForm } from './registerForm';
import type { IMadeVersion } from './registerForm';

/** Index of the button that registers. */
const REGISTER = 1;

/** What the dialog shows. */
class RegisterBody extends ReactWidget {
  constructor(
    private readonly _form: RegisterForm,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-StudioRegister-body');
  }

  protected override render(): JSX.Element {
    return <RegisterFields form={this._form} trans={this._trans} />;
  }
}

/** Stays open until the version is made, and shows what is wrong with what was written. */
class RegisterDialog extends Dialog<void> {
  constructor(
    private readonly _form: RegisterForm,
    trans: TranslationBundle
  ) {
    super({
      title: trans.__('Register model'),
      body: new RegisterBody(_form, trans),
      buttons: [
        Dialog.cancelButton(),
        Dialog.okButton({ label: trans.__('Register') })
      ],
      focusNodeSelector: '.jp-StudioRegister'
    });
    this.addClass('jp-StudioRegister-dialog');
    _form.changed.connect(this._follow, this);
    this._follow();
  }

  /** What came of the last try; null: no version. */
  made: Promise<IMadeVersion | null> = Promise.resolve(null);

  override dispose(): void {
    this._form.changed.disconnect(this._follow, this);
    super.dispose();
  }

  /** A click on a button, or Enter in a field. */
  override resolve(index = REGISTER): void {
    if (index !== REGISTER) {
      super.resolve(index);
    } else if (this._form.isComplete && !this._form.isBusy) {
      this.made = this._form.submit();
      void this.made.then(made => {
        if (made) {
          super.resolve(index);
        }
      });
    }
  }

  private _follow(): void {
    const button = this.node.querySelector('button.jp-mod-accept');
    if (button instanceof HTMLButtonElement) {
      button.disabled = !this._form.isComplete || this._form.isBusy;
    }
  }
}

/** Ask how a model of a trial is to be registered, and do it. */
export async function registerModel(options: {
  models: ModelsModel;
  run: string;
  path: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): Promise<IMadeVersion | null> {
  const { models, run, path, commands, trans } = options;
  const form = new RegisterForm(models, run, trans, path);
  void form.load();
  const dialog = new RegisterDialog(form, trans);
  await dialog.launch();
  // It may have been closed while the server was at work: what came of that is said all the same.
  const isUnseen = form.isBusy;
  const made = await dialog.made;
  if (!made) {
    if (isUnseen && form.error) {
      Notification.error(form.error.message);
    }
    return null;
  }
  const { name, version } = made;
  Notification.success(
    trans.__('Registered version %1 of %2.', version, name),
    {
      autoClose: 8_000,
      actions: [
        {
          label: trans.__('Open'),
          callback: () =>
            void commands.execute(CommandIDs.openModel, { name, version })
        }
      ]
    }
  );
  return made;
}
