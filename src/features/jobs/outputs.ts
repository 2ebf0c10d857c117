import type { IDocumentManager } from '@jupyterlab/docmanager';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JobDetail } from '../../contract';
import { drivePath } from '../../client/outputDrive';
import { baseName, folderOf } from '../../shared/format';

/** Names tried for a copy before giving up. */
const MOST_NAMES = 100;

/** What keeps a document from starting a kernel. */
const NO_KERNEL = {
  autoStartDefault: false,
  canStart: false,
  shouldStart: false
};

/** Open the executed notebook, read-only, untrusted and without a kernel. */
export function openOutput(
  job: JobDetail,
  documents: IDocumentManager,
  trans: TranslationBundle
): NotebookPanel | null {
  if (!job.content_path) {
    throw new Error(trans.__('%1 has no output notebook.', job.name));
  }
  const widget = documents.openOrReveal(
    drivePath(job.content_path),
    'Notebook',
    undefined,
    undefined,
    NO_KERNEL
  );
  return widget instanceof NotebookPanel ? widget : null;
}

/** Put a copy of the output notebook beside the notebook; gives its path. */
export async function saveCopy(
  job: JobDetail,
  contents: Contents.IManager,
  trans: TranslationBundle
): Promise<string> {
  if (!job.content_path) {
    throw new Error(trans.__('%1 has no output notebook.', job.name));
  }
  const { content } = await contents.get(drivePath(job.content_path), {
    content: true,
    type: 'notebook'
  });
  const folder = job.notebook.startsWith('/') ? '' : folderOf(job.notebook);
  const stem = baseName(job.notebook).replace(/\.ipynb$/, '');
  const names = await taken(contents, folder);
  const name = freeName(`${stem}-${job.name}`.slice(0, 200), names);
  if (name === null) {
    throw new Error(trans.__('There are too many copies already.'));
  }
  const path = folder ? `${folder}/${name}` : name;
  await contents.save(path, { type: 'notebook', format: 'json', content });
  return path;
}

/** `stem.ipynb`, or the first of `stem-1.ipynb`, … that is free. */
export function freeName(
  stem: string,
  names: ReadonlySet<string>
): string | null {
  // A job's name may hold what a file's name may not.
  const safe = stem.replace(/[\\/:*?"<>|\p{Cc}]+/gu, '-');
  for (let index = 0; index < MOST_NAMES; index++) {
    const name = `${safe}${index > 0 ? `-${index}` : ''}.ipynb`;
    if (!names.has(name)) {
      return name;
    }
  }
  return null;
}

async function taken(
  contents: Contents.IManager,
  folder: string
): Promise<Set<string>> {
  const model = await contents.get(folder, {
    content: true,
    type: 'directory'
  });
  const entries = model.content as readonly Contents.IModel[];
  return new Set(entries.map(entry => entry.name));
}

/**
 * Open the cell at which a job failed: in the notebook itself when the cell is
 * still there as it ran, else in the output notebook.
 */
export async function openFailingCell(
  job: JobDetail,
  documents: IDocumentManager,
  trans: TranslationBundle
): Promise<void> {
  const source = job.exit?.cell_source ?? null;
  if (source !== null && !job.notebook.startsWith('/')) {
    const found = await findSource(job, source, documents);
    if (found) {
      return;
    }
  }
  const panel = openOutput(job, documents, trans);
  if (panel) {
    await reveal(panel, (text, position) =>
      source !== null ? text === source : position === job.exit?.cell
    );
  }
}

async function findSource(
  job: JobDetail,
  source: string,
  documents: IDocumentManager
): Promise<boolean> {
  const { contents } = documents.services;
  try {
    const { content } = await contents.get(job.notebook, { content: true });
    const cells = (content as { cells?: { source?: string | string[] }[] })
      .cells;
    const there = cells?.some(cell => joined(cell.source) === source);
    if (!there) {
      return false;
    }
  } catch {
    // Moved or deleted since: the output notebook is still there.
    return false;
  }
  const widget = documents.openOrReveal(job.notebook, 'Notebook');
  return widget instanceof NotebookPanel
    ? reveal(widget, text => text === source)
    : false;
}

async function reveal(
  panel: NotebookPanel,
  isWanted: (source: string, position: number) => boolean
): Promise<boolean> {
  await panel.revealed;
  await panel.context.ready;
  const { content } = panel;
  let position = 0;
  for (let index = 0; index < content.widgets.length; index++) {
    const { model } = content.widgets[index];
    if (model.type === 'code') {
      position += 1;
      if (isWanted(model.sharedModel.getSource(), position)) {
        content.activeCellIndex = index;
        await content.scrollToItem(index, 'center');
        return true;
      }
    }
  }
  return false;
}

function joined(source: string | string[] | undefined): string | undefined {
  return Array.isArray(source) ? source.join('') : source;
}
