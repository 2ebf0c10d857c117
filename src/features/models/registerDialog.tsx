import { Dialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';
import type { ModelsModel } from '../../models/modelsModel';
import { CommandIDs } from '../../tokens';
import { RegisterFields } from './components/registerFields';
import { RegisterForm } from './registerForm';

/** What the dialog shows. */
class RegisterBody extends ReactWidget {
  constructor(
    private readonly _form: RegisterForm,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-StudioRegister-body');
  }

  getValue(): RegisterForm {
    return this._form;
  }

  protected override render(): JSX.Element {
    return <RegisterFields form={this._form} trans={this._trans} />;
  }
}

/**
 * Ask how a model of a trial is to be registered, and do it. Where that fails
 * the dialog comes back with what was written and what is wrong.
 */
export async function registerModel(options: {
  models: ModelsModel;
  run: string;
  path: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): Promise<{ name: string; version: string } | null> {
  const { models, run, path, commands, trans } = options;
  const form = new RegisterForm(models, run, trans, path);
  void form.load();
  for (;;) {
    const register = Dialog.okButton({ label: trans.__('Register') });
    const dialog = new Dialog({
      title: trans.__('Register model'),
      body: new RegisterBody(form, trans),
      buttons: [Dialog.cancelButton(), register],
      focusNodeSelector: '#studio-register-name'
    });
    dialog.addClass('jp-StudioRegister-dialog');
    const follow = () => {
      const button = dialog.node.querySelector('button.jp-mod-accept');
      if (button instanceof HTMLButtonElement) {
        button.disabled = !form.isComplete;
      }
    };
    form.changed.connect(follow);
    const answer = dialog.launch();
    follow();
    const { button } = await answer;
    form.changed.disconnect(follow);
    if (!button.accept) {
      return null;
    }
    const made = form.isComplete ? await form.submit() : null;
    if (made) {
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
  }
}
