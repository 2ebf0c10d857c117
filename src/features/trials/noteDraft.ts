/** A note that is being written. */
export interface INoteDraft {
  text: string;
  /** The note that it was begun from. */
  base: string;
}

/**
 * Keeps what is being written of one trial's note in the browser, so that a
 * reload, a crash, or a server that is away takes nothing of it.
 */
export class NoteDraft {
  /** @param scope - what tells this server from others in the same browser. */
  constructor(scope: string, runId: string) {
    this._key = `studio_ext:note:${scope}:${runId}`;
  }

  /** Null where nothing is being written. */
  load(): INoteDraft | null {
    try {
      const found: unknown = JSON.parse(
        window.localStorage.getItem(this._key) ?? 'null'
      );
      return isDraft(found) ? found : null;
    } catch {
      return null;
    }
  }

  save(draft: INoteDraft): void {
    try {
      window.localStorage.setItem(this._key, JSON.stringify(draft));
    } catch {
      // The browser keeps nothing, or is full: the text is still on the page.
    }
  }

  clear(): void {
    try {
      window.localStorage.removeItem(this._key);
    } catch {
      // As above.
    }
  }

  private readonly _key: string;
}

function isDraft(value: unknown): value is INoteDraft {
  const draft = value as Partial<INoteDraft> | null;
  return (
    typeof draft === 'object' &&
    typeof draft?.text === 'string' &&
    typeof draft.base === 'string'
  );
}
