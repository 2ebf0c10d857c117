import { URLExt } from '@jupyterlab/coreutils';
import { Drive } from '@jupyterlab/services';
import type { Contents, ServerConnection } from '@jupyterlab/services';
import { API_ROOT } from './request';

/** Name of the drive that shows job directories. */
export const DRIVE_NAME = 'Studio';

/** Path that the contents manager takes for a path in the drive. */
export function drivePath(contentPath: string): string {
  return `${DRIVE_NAME}:${contentPath}`;
}

/**
 * Job directories as a read-only contents drive.
 *
 * Notebooks come out untrusted whatever they say of themselves: a job's output
 * was not made by the person who looks at it.
 */
export class OutputDrive extends Drive {
  constructor(serverSettings: ServerConnection.ISettings) {
    super({
      name: DRIVE_NAME,
      apiEndpoint: URLExt.join(API_ROOT, 'contents'),
      serverSettings
    });
  }

  override async get(
    path: string,
    options?: Contents.IFetchOptions
  ): Promise<Contents.IModel> {
    const model = await super.get(path, options);
    return {
      ...model,
      writable: false,
      content:
        model.type === 'notebook' ? distrust(model.content) : model.content
    };
  }

  override getDownloadUrl(path: string): Promise<string> {
    return Promise.resolve(
      URLExt.join(
        this.serverSettings.baseUrl,
        API_ROOT,
        'files',
        URLExt.encodeParts(path)
      )
    );
  }

  override listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return Promise.resolve([]);
  }

  override newUntitled(): Promise<Contents.IModel> {
    return refuse();
  }

  override delete(): Promise<void> {
    return refuse();
  }

  override rename(): Promise<Contents.IModel> {
    return refuse();
  }

  override save(): Promise<Contents.IModel> {
    return refuse();
  }

  override copy(): Promise<Contents.IModel> {
    return refuse();
  }

  override createCheckpoint(): Promise<Contents.ICheckpointModel> {
    return refuse();
  }

  override restoreCheckpoint(): Promise<void> {
    return refuse();
  }

  override deleteCheckpoint(): Promise<void> {
    return refuse();
  }
}

/** A notebook document without any cell that claims to be trusted. */
export function distrust(content: unknown): unknown {
  if (typeof content !== 'object' || content === null) {
    return content;
  }
  const { cells } = content as { cells?: unknown };
  if (!Array.isArray(cells)) {
    return content;
  }
  return {
    ...content,
    cells: cells.map((cell: { metadata?: object }) => ({
      ...cell,
      metadata: { ...cell.metadata, trusted: false }
    }))
  };
}

function refuse<T>(): Promise<T> {
  return Promise.reject(
    new Error('What a job wrote cannot be changed here. Save a copy instead.')
  );
}
