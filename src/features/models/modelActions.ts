import {
  Clipboard,
  Dialog,
  InputDialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { asRequestError } from '../../client';
import type { RequestError } from '../../client';
import type { ModelVersion } from '../../contract';
import type { RegisteredModelModel } from '../../models/registeredModel';
import { bothNotes } from '../../shared/noteConflict';
import { askForNote } from './noteDialog';

/** What people do with a model and its versions; asks before what cannot be undone. */
export class ModelActions {
  constructor(
    private readonly _model: RegisteredModelModel,
    private readonly _trans: TranslationBundle
  ) {}

  /** Ask for an alias, and let it stand for a version. */
  async addAlias(version: string): Promise<void> {
    const trans = this._trans;
    const held = this._model.model?.aliases ?? {};
    const items = [
      ...new Set([...Object.keys(held).sort(), 'champion', 'challenger'])
    ].filter(alias => held[alias] !== version);
    const { value } = await InputDialog.getItem({
      title: trans.__('Alias for version %1', version),
      label: trans.__('A name that programs ask for, such as champion'),
      items,
      editable: true,
      okLabel: trans.__('Set')
    });
    const alias = value?.trim();
    if (!alias) {
      return;
    }
    const holder = held[alias] ?? '';
    if (holder && holder !== version) {
      const { button } = await showDialog({
        title: trans.__('Move %1?', alias),
        body: trans.__(
          '%1 stands for version %2 now. Whoever asks for it gets version %3 from now on.',
          alias,
          holder,
          version
        ),
        buttons: [
          Dialog.cancelButton(),
          Dialog.okButton({ label: trans.__('Move') })
        ]
      });
      if (!button.accept) {
        return;
      }
    }
    await this._try(this._model.setAlias(alias, version, holder));
  }

  /** Remove an alias from the version at which it was seen. */
  async removeAlias(alias: string, version: string): Promise<void> {
    const isRemoved = await this._try(this._model.deleteAlias(alias, version));
    const trans = this._trans;
    if (isRemoved) {
      Notification.info(trans.__('%1 stands for no version any more.', alias), {
        autoClose: 8_000,
        actions: [
          {
            label: trans.__('Undo'),
            callback: () =>
              void this._try(this._model.setAlias(alias, version, ''))
          }
        ]
      });
    }
  }

  /**
   * Edit the note of the model, or of a version. Where saving fails the dialog
   * comes back with what was written and what is wrong; where somebody else
   * changed the note meanwhile, with both texts.
   */
  async editNote(version?: ModelVersion): Promise<void> {
    const trans = this._trans;
    const title = version
      ? trans.__('Note on version %1', version.version)
      : trans.__('Note on %1', this._model.name);
    /** What the text was written from. */
    let base = version?.description ?? this._model.model?.description ?? '';
    let text = base;
    let theirs: string | null = null;
    let error: RequestError | null = null;
    for (;;) {
      const answer = await askForNote({ title, text, theirs, error, trans });
      if (!answer) {
        return;
      }
      text = answer.text;
      error = null;
      // From here on their text is known, whatever becomes of it.
      base = theirs ?? base;
      theirs = null;
      if (answer.isMerge) {
        text = bothNotes(base, text);
        continue;
      }
      const change = { description: text, if_description: base };
      try {
        return await this._model.describe(change, version?.version);
      } catch (reason) {
        const failed = asRequestError(reason);
        theirs =
          failed.code === 'conflict'
            ? (failed.fields.find(({ field }) => field === 'description')
                ?.message ?? null)
            : null;
        error = theirs === null ? failed : null;
      }
    }
  }

  async deleteVersion(version: ModelVersion): Promise<void> {
    const trans = this._trans;
    const aliases = version.aliases.join(', ');
    const isSure = await this._confirm(
      trans.__('Delete version %1?', version.version),
      aliases
        ? trans.__(
            'Its aliases go with it: %1. The trial and its files stay. This cannot be undone.',
            aliases
          )
        : trans.__('The trial and its files stay. This cannot be undone.')
    );
    if (isSure) {
      await this._try(this._model.deleteVersion(version.version));
    }
  }

  async deleteModel(): Promise<void> {
    const trans = this._trans;
    const isSure = await this._confirm(
      trans.__('Delete %1?', this._model.name),
      trans.__('It has no versions. This cannot be undone.')
    );
    if (isSure) {
      await this._try(this._model.delete());
    }
  }

  /** The address with which programs load a version. */
  copyAddress(which: string): void {
    const address = addressOf(this._model.name, which);
    Clipboard.copyToSystem(address);
    Notification.info(this._trans.__('Copied %1.', address), {
      autoClose: 2_000
    });
  }

  private async _confirm(title: string, body: string): Promise<boolean> {
    const { button } = await showDialog({
      title,
      body,
      buttons: [
        Dialog.cancelButton(),
        Dialog.warnButton({ label: this._trans.__('Delete') })
      ]
    });
    return button.accept;
  }

  /** Whether it worked; what went wrong is said. */
  private async _try(change: Promise<void>): Promise<boolean> {
    try {
      await change;
      return true;
    } catch (reason) {
      const { message, hint } = asRequestError(reason);
      Notification.error([message, hint].filter(Boolean).join(' '));
      return false;
    }
  }
}

/** What MLflow loads a version by: its number, or an alias with `@`. */
export function addressOf(name: string, which: string): string {
  return /^\d+$/.test(which)
    ? `models:/${name}/${which}`
    : `models:/${name}@${which}`;
}
