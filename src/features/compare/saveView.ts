import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { fileName } from './commands';
import type { CompareContent } from './compareTab';

export interface ISaveViewOptions {
  /** The tab of the comparison. */
  widget: MainAreaWidget<CompareContent>;
  /** How the names of such files end, and what opens them. */
  suffix: string;
  factory: string;
  /** Where it is suggested to be saved. */
  folder: string;
  commands: CommandRegistry;
  contents: Contents.IManager;
  documents: IDocumentManager;
  trans: TranslationBundle;
}

/** Save a comparison; the tab of a new file takes the place of the one that had none. */
export async function saveView(options: ISaveViewOptions): Promise<void> {
  const { widget, factory, commands, documents } = options;
  if (widget.content.isFile) {
    await commands.execute('docmanager:save');
    return;
  }
  const path = await saveAs(options);
  if (path && documents.openOrReveal(path, factory)) {
    widget.dispose();
  }
}

/** Save one that is in no file; resolves to its path, or null where that was called off. */
async function saveAs(options: ISaveViewOptions): Promise<string | null> {
  const { suffix, folder, contents, documents, trans } = options;
  const { content } = options.widget;
  const title = content.view?.model.view.title ?? '';
  const { value } = await InputDialog.getText({
    title: trans.__('Save the view'),
    label: trans.__('Path'),
    text: PathExt.join(
      folder,
      `${fileName(title || trans.__('comparison'))}${suffix}`
    ),
    okLabel: trans.__('Save')
  });
  const given = value?.trim();
  if (!given) {
    return null;
  }
  const path = given.endsWith(suffix) ? given : `${given}${suffix}`;
  const opened = () => {
    const other = documents.findWidget(path, null);
    return other && documents.contextForWidget(other);
  };
  const isThere = await contents
    .get(path, { content: false })
    .then(() => true)
    .catch(() => false);
  if (isThere) {
    const { button } = await showDialog({
      title: trans.__('Replace the file?'),
      body: opened()?.model.dirty
        ? trans.__(
            '%1 is there already, and open with changes that are not saved: they will be lost.',
            path
          )
        : trans.__('%1 is there already.', path),
      buttons: [
        Dialog.cancelButton(),
        Dialog.warnButton({ label: trans.__('Replace') })
      ]
    });
    if (!button.accept) {
      return null;
    }
  }
  await contents.save(path, {
    type: 'file',
    format: 'text',
    content: content.source.text
  });
  // Where it is open, it still says what was there before.
  await opened()?.revert();
  return path;
}
