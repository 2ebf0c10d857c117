import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError } from '../client';
import type { IArtifactEntry, RequestError, TrialClient } from '../client';

/** A row of the tree of artefacts. */
export interface IArtifactRow {
  entry: IArtifactEntry;
  /** Last part of its path. */
  name: string;
  depth: number;
  isOpen: boolean;
  /** What there is to say below an open folder in place of its content. */
  state: 'shown' | 'loading' | 'empty' | 'failed';
  error: RequestError | null;
}

interface IFolder {
  entries: readonly IArtifactEntry[] | null;
  error: RequestError | null;
}

/** The artefacts of a trial as a tree, whose folders are read when they are opened. */
export class ArtifactsModel {
  constructor(private readonly _client: TrialClient) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Path of the file that is looked at; empty: none. */
  get selected(): string {
    return this._selected;
  }

  select(path: string): void {
    if (path !== this._selected) {
      this._selected = path;
      this._changed.emit();
    }
  }

  /** Whether the topmost folder was read. */
  get isReady(): boolean {
    return Boolean(this._folders.get('')?.entries);
  }

  /** Why the topmost folder could not be read. */
  get error(): RequestError | null {
    return this._folders.get('')?.error ?? null;
  }

  /** What is seen of the tree, from top to bottom. */
  get rows(): IArtifactRow[] {
    return this._rowsOf('', 0);
  }

  /** Read what is open again; what is shown stays meanwhile. */
  async refresh(): Promise<void> {
    const open = [...this._open].filter(path => this._folders.has(path));
    await Promise.all(['', ...open].map(path => this._read(path)));
  }

  toggle(path: string, isOpen = !this._open.has(path)): void {
    if (isOpen === this._open.has(path)) {
      return;
    }
    if (isOpen) {
      this._open.add(path);
      void this._read(path);
    } else {
      this._open.delete(path);
    }
    this._changed.emit();
  }

  /** Open the folders above a file, and look at it. */
  reveal(path: string): void {
    const parts = path.split('/');
    for (let end = 1; end < parts.length; end++) {
      this.toggle(parts.slice(0, end).join('/'), true);
    }
    this.select(path);
  }

  private _rowsOf(folder: string, depth: number): IArtifactRow[] {
    const entries = this._folders.get(folder)?.entries ?? [];
    return entries.flatMap(entry => {
      const isOpen = entry.is_folder && this._open.has(entry.path);
      const below = isOpen ? this._folders.get(entry.path) : undefined;
      const row: IArtifactRow = {
        entry,
        name: entry.path.slice(entry.path.lastIndexOf('/') + 1),
        depth,
        isOpen,
        state: !isOpen ? 'shown' : stateOf(below),
        error: below?.error ?? null
      };
      return [row, ...(isOpen ? this._rowsOf(entry.path, depth + 1) : [])];
    });
  }

  private async _read(folder: string): Promise<void> {
    const known = this._folders.get(folder)?.entries ?? null;
    try {
      const entries = await this._client.artifacts(folder);
      this._folders.set(folder, { entries: sorted(entries), error: null });
    } catch (reason) {
      const error = asRequestError(reason);
      this._folders.set(folder, { entries: known, error });
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _folders = new Map<string, IFolder>();
  private readonly _open = new Set<string>();
  private _selected = '';
}

function stateOf(folder: IFolder | undefined): IArtifactRow['state'] {
  if (folder?.error) {
    return 'failed';
  }
  if (!folder?.entries) {
    return 'loading';
  }
  return folder.entries.length === 0 ? 'empty' : 'shown';
}

/** Folders first, then by name as people count. */
function sorted(entries: readonly IArtifactEntry[]): IArtifactEntry[] {
  return [...entries].sort(
    (a, b) =>
      Number(b.is_folder) - Number(a.is_folder) ||
      a.path.localeCompare(b.path, undefined, { numeric: true })
  );
}
