import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Drives whose paths lie below the server's root. */
const SERVER_DRIVES = ['', 'RTC'];

/**
 * Save a notebook if it is open and changed.
 *
 * Resolves with its path below the server's root: the drive of real-time
 * collaboration is stripped. Rejects for drives that the server cannot read.
 */
export async function prepareNotebook(
  path: string,
  documents: IDocumentManager,
  contents: Contents.IManager,
  trans: TranslationBundle
): Promise<string> {
  const drive = contents.driveName(path);
  if (!SERVER_DRIVES.includes(drive)) {
    throw new Error(
      trans.__(
        'Notebooks of the drive %1 cannot run as jobs. Save a copy among your files first.',
        drive
      )
    );
  }
  const widget = documents.findWidget(path, null);
  const context = widget && documents.contextForWidget(widget);
  if (context) {
    await context.ready;
    if (context.model.dirty) {
      await context.save();
      if (context.model.dirty) {
        throw new Error(
          trans.__('%1 could not be saved.', contents.localPath(path))
        );
      }
    }
  }
  return contents.localPath(path);
}
