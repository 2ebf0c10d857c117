import type { IEditorMimeTypeService } from '@jupyterlab/codeeditor';
import type * as nbformat from '@jupyterlab/nbformat';
import { NotebookModel, StaticNotebook } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IDisposable } from '@lumino/disposable';

/** What JupyterLab draws notebooks with. */
export interface INotebookParts {
  rendermime: IRenderMimeRegistry;
  contentFactory: NotebookPanel.IContentFactory;
  mimeTypeService: IEditorMimeTypeService;
}

/**
 * A notebook to be looked at: read-only, untrusted whatever it says of itself,
 * without a kernel.
 */
export class ReadOnlyNotebook implements IDisposable {
  constructor(parts: INotebookParts, content: nbformat.INotebookContent) {
    this.widget = new StaticNotebook({
      rendermime: parts.rendermime.clone(),
      contentFactory: parts.contentFactory,
      mimeTypeService: parts.mimeTypeService,
      notebookConfig: {
        ...StaticNotebook.defaultNotebookConfig,
        windowingMode: 'none'
      }
    });
    this.widget.addClass('jp-StudioNotebook-content');
    // Outputs may hold forms: sending one would leave JupyterLab.
    this.widget.node.addEventListener('submit', event =>
      event.preventDefault()
    );
    this._model.fromJSON(untrusted(content));
    this.widget.model = this._model;
    this._lock();
  }

  readonly widget: StaticNotebook;

  get isDisposed(): boolean {
    return this.widget.isDisposed;
  }

  /** Exchange the cells, so that the notebook keeps its place. */
  update(content: nbformat.INotebookContent): void {
    const top = this.widget.outerNode.scrollTop;
    this._model.fromJSON(untrusted(content));
    this._lock();
    this.widget.outerNode.scrollTop = top;
  }

  dispose(): void {
    this.widget.dispose();
    this._model.dispose();
  }

  private _lock(): void {
    for (const cell of this.widget.widgets) {
      cell.readOnly = true;
    }
  }

  private readonly _model = new NotebookModel();
}

/**
 * A notebook none of whose cells claims to be trusted, and that does not say
 * that it was of another format once: JupyterLab would ask about it in a dialog.
 */
export function untrusted(
  content: nbformat.INotebookContent
): nbformat.INotebookContent {
  const metadata: nbformat.INotebookMetadata = { ...content.metadata };
  delete metadata.orig_nbformat;
  return {
    ...content,
    metadata,
    cells: content.cells.map(cell => ({
      ...cell,
      metadata: { ...cell.metadata, trusted: false }
    }))
  };
}
