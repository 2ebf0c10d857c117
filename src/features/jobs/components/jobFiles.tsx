import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretRightIcon,
  downloadIcon,
  fileIcon,
  folderIcon
} from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';
import { asRequestError } from '../../../client';
import type { RequestError } from '../../../client';
import { drivePath } from '../../../client/outputDrive';
import type { FileEntry } from '../../../contract';
import type { JobModel } from '../../../models/jobModel';
import { Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatAgo, formatSize, formatTime } from '../../../shared/format';
import { useSignal } from '../../../shared/useSignal';

export interface IJobFilesProps {
  model: JobModel;
  documents: IDocumentManager;
  trans: TranslationBundle;
}

/** The job directory as a tree; files open in JupyterLab, read-only. */
export function JobFiles(props: IJobFilesProps): JSX.Element {
  const { trans } = props;
  return (
    <div className="jp-StudioFiles">
      <table
        className="jp-StudioTable"
        aria-label={trans.__('Files of the job')}
      >
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col" className="jp-mod-numeric">
              {trans.__('Size')}
            </th>
            <th scope="col">{trans.__('Modified')}</th>
            <th scope="col" aria-label={trans.__('Download')} />
          </tr>
        </thead>
        <tbody>
          <Folder {...props} path="" depth={0} />
        </tbody>
      </table>
    </div>
  );
}

type FolderProps = IJobFilesProps & { path: string; depth: number };

function Folder(props: FolderProps): JSX.Element {
  const { model, path, depth, trans } = props;
  useSignal(model.changed);
  const [entries, setEntries] = useState<readonly FileEntry[] | null>(null);
  const [error, setError] = useState<RequestError | null>(null);
  const [tries, setTries] = useState(0);
  const { id, jobs } = model;
  // What the job writes shows when its state or its progress changes.
  const { status, progress } = model.job ?? {};
  const version = `${status}/${progress?.done}`;
  useEffect(() => {
    let gone = false;
    jobs.client.jobs.files(id, path).then(
      found => {
        if (!gone) {
          setEntries(found);
          setError(null);
        }
      },
      (reason: unknown) => {
        if (!gone) {
          setError(asRequestError(reason));
        }
      }
    );
    return () => {
      gone = true;
    };
  }, [id, jobs, path, version, tries]);

  if (error) {
    return (
      <tr>
        <td colSpan={4}>
          <ErrorBanner
            message={error.message}
            hint={error.hint}
            action={trans.__('Try again')}
            onAction={() => setTries(tries + 1)}
          />
        </td>
      </tr>
    );
  }
  if (!entries) {
    return (
      <tr>
        <td colSpan={4}>
          <Skeleton rows={depth === 0 ? 4 : 1} label={trans.__('Loading')} />
        </td>
      </tr>
    );
  }
  if (entries.length === 0) {
    return (
      <tr className="jp-mod-empty">
        <td colSpan={4} style={{ paddingLeft: 30 + depth * 16 }}>
          {trans.__('empty')}
        </td>
      </tr>
    );
  }
  return (
    <>
      {entries.map(entry => (
        <Entry key={entry.path} {...props} entry={entry} />
      ))}
    </>
  );
}

function Entry(props: FolderProps & { entry: FileEntry }): JSX.Element {
  const { entry, depth, documents, trans } = props;
  const [open, setOpen] = useState(false);
  const isFolder = entry.type === 'directory';
  const Caret = open ? caretDownIcon : caretRightIcon;
  const Icon = isFolder ? folderIcon : fileIcon;
  const path = drivePath(entry.content_path);
  const onOpen = () => {
    if (isFolder) {
      setOpen(!open);
    } else {
      documents.openOrReveal(path, 'default', undefined, undefined, {
        autoStartDefault: false,
        canStart: false,
        shouldStart: false
      });
    }
  };
  const onDownload = () => {
    void documents.services.contents.getDownloadUrl(path).then(url => {
      const link = document.createElement('a');
      link.href = url;
      link.download = entry.name;
      link.click();
    });
  };
  return (
    <>
      <tr>
        <td style={{ paddingLeft: 8 + depth * 16 }}>
          <button
            type="button"
            className="jp-StudioFiles-name"
            aria-expanded={isFolder ? open : undefined}
            onClick={onOpen}
          >
            <span className="jp-StudioFiles-caret">
              {isFolder && <Caret.react tag="span" />}
            </span>
            <Icon.react tag="span" />
            <span>{entry.name}</span>
          </button>
        </td>
        <td className="jp-mod-numeric">
          {entry.size_bytes !== null && !isFolder
            ? formatSize(entry.size_bytes)
            : ''}
        </td>
        <td title={formatTime(entry.modified)}>
          {formatAgo(entry.modified, Date.now() / 1000, trans)}
        </td>
        <td>
          {!isFolder && (
            <button
              type="button"
              className="jp-StudioIconButton"
              title={trans.__('Download %1', entry.name)}
              aria-label={trans.__('Download %1', entry.name)}
              onClick={onDownload}
            >
              <downloadIcon.react tag="span" />
            </button>
          )}
        </td>
      </tr>
      {isFolder && open && (
        <Folder {...props} path={entry.path} depth={depth + 1} />
      )}
    </>
  );
}
