import { Clipboard, Notification } from '@jupyterlab/apputils';
import type * as nbformat from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, downloadIcon } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import React, { useCallback, useEffect, useState } from 'react';
import { asRequestError, isAbort } from '../../../client';
import type { RequestError, TrialClient } from '../../../client';
import type { ArtifactPreview } from '../../../contract';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { baseName, formatSize } from '../../../shared/format';
import { GraphView } from '../../../shared/graphView';
import { readGraph } from '../../../shared/graphs';
import { Hosted } from '../../../shared/hosted';
import { ReadOnlyNotebook } from '../../../shared/readOnlyNotebook';
import type { INotebookParts } from '../../../shared/readOnlyNotebook';
import { Rendered } from '../../../shared/rendered';
import { PlainTable } from '../../../shared/plainTable';
import { TextView } from '../../../shared/textView';

export interface IArtifactPreviewProps {
  client: TrialClient;
  path: string;
  /** Another value reads it again. */
  version: string;
  /** What documents are drawn with; null where they cannot be drawn. */
  parts: INotebookParts | null;
  trans: TranslationBundle;
}

/** A file of the artefacts, as far as it can be shown. */
export function ArtifactPreviewPane(props: IArtifactPreviewProps): JSX.Element {
  const { client, path, version, trans } = props;
  const [tries, setTries] = useState(0);
  const { value, error } = useAsked(
    signal => client.preview(path, signal),
    `${client.runId}/${path}`,
    `${version}/${tries}`
  );
  const shown = value?.path === path ? value : null;
  return (
    <section className="jp-StudioPreview" aria-label={path}>
      <header className="jp-StudioPreview-bar">
        <span className="jp-StudioPreview-path" title={path}>
          {path}
        </span>
        <span className="jp-StudioPreview-size">
          {shown ? formatSize(shown.size_bytes) : ''}
        </span>
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Copy the path')}
          aria-label={trans.__('Copy the path')}
          onClick={() => Clipboard.copyToSystem(path)}
        >
          <copyIcon.react tag="span" />
        </button>
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Download')}
          aria-label={trans.__('Download %1', path)}
          onClick={() => void save(client, path)}
        >
          <downloadIcon.react tag="span" />
        </button>
      </header>
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => setTries(tries + 1)}
        />
      )}
      {shown ? (
        <Content key={path} {...props} preview={shown} />
      ) : (
        !error && <Skeleton rows={6} label={trans.__('Loading %1', path)} />
      )}
    </section>
  );
}

type ContentProps = IArtifactPreviewProps & { preview: ArtifactPreview };

function Content(props: ContentProps): JSX.Element {
  const { preview, parts, trans } = props;
  switch (preview.kind) {
    case 'table':
      return (
        <PlainTable
          columns={preview.columns}
          rows={preview.rows}
          totalRows={preview.total_rows}
          totalColumns={preview.total_columns}
          trans={trans}
        />
      );
    case 'image':
      return <Picture {...props} />;
    case 'notebook':
      return parts ? <Notebook {...props} parts={parts} /> : <Nothing />;
    case 'html':
      return <Page {...props} />;
    case 'text':
      return <Text {...props} />;
    default:
      return (
        <EmptyState
          message={
            preview.remark ||
            trans.__('This is no text. Download it to open it elsewhere.')
          }
        />
      );
  }
}

function Nothing(): JSX.Element {
  return <div />;
}

function Text(props: ContentProps): JSX.Element {
  const { preview, parts, trans } = props;
  const isMarkdown = preview.media_type === 'text/markdown' && parts !== null;
  const [isSource, setSource] = useState(false);
  let graph = null;
  let text = preview.text;
  if (preview.media_type === 'application/json' && !preview.is_cut) {
    try {
      const value: unknown = JSON.parse(text);
      graph = readGraph(value);
      text = text.trim().includes('\n') ? text : JSON.stringify(value, null, 2);
    } catch {
      // It is shown as it is.
    }
  }
  const isDrawn = (graph !== null || isMarkdown) && !isSource;
  return (
    <>
      {(graph !== null || isMarkdown) && (
        <Switch
          isSource={isSource}
          onSwitch={() => setSource(!isSource)}
          shown={
            graph ? trans.__('Show as a chart') : trans.__('Show rendered')
          }
          trans={trans}
        />
      )}
      {isDrawn && graph ? (
        <GraphView graph={graph} trans={trans} />
      ) : isDrawn && parts ? (
        <Rendered
          rendermime={parts.rendermime}
          markdown={text}
          className="jp-StudioPreview-markdown"
        />
      ) : (
        <TextView
          text={text}
          mediaType={preview.media_type}
          isCut={preview.is_cut}
          rendermime={parts?.rendermime ?? null}
          trans={trans}
        />
      )}
    </>
  );
}

function Switch(props: {
  isSource: boolean;
  onSwitch: () => void;
  shown: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { isSource, onSwitch, shown, trans } = props;
  return (
    <div className="jp-StudioPreview-switch">
      <button type="button" className="jp-StudioLink" onClick={onSwitch}>
        {isSource ? shown : trans.__('Show as text')}
      </button>
    </div>
  );
}

/** What an HTML page may load where it is shown: nothing that is not in it. */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:";

/** HTML as text; on demand as a page that can neither run nor load anything. */
function Page(props: ContentProps): JSX.Element {
  const { preview, parts, trans } = props;
  const [isSource, setSource] = useState(true);
  return (
    <>
      <Switch
        isSource={isSource}
        onSwitch={() => setSource(!isSource)}
        shown={trans.__('Show as a page, without scripts')}
        trans={trans}
      />
      {isSource ? (
        <TextView
          text={preview.text}
          mediaType="text/html"
          isCut={preview.is_cut}
          rendermime={parts?.rendermime ?? null}
          trans={trans}
        />
      ) : (
        <iframe
          className="jp-StudioPreview-page"
          title={preview.path}
          sandbox=""
          referrerPolicy="no-referrer"
          srcDoc={`<meta http-equiv="Content-Security-Policy" content="${POLICY}">${preview.text}`}
        />
      )}
    </>
  );
}

/** A picture, which the browser draws from its bytes: an SVG in it runs nothing. */
function Picture(props: ContentProps): JSX.Element {
  const { client, path, version, preview, trans } = props;
  const { value: blob, error } = useAsked(
    signal => client.artifact(path, signal),
    path,
    version
  );
  const [url, setUrl] = useState('');
  const [size, setSize] = useState('');
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    if (!blob) {
      return;
    }
    const made = URL.createObjectURL(
      new Blob([blob], { type: preview.media_type })
    );
    setUrl(made);
    setBroken(false);
    return () => URL.revokeObjectURL(made);
  }, [blob, preview.media_type]);
  if (error) {
    return <ErrorBanner message={error.message} hint={error.hint} />;
  }
  if (isBroken) {
    return (
      <EmptyState message={trans.__('The picture is damaged: download it.')} />
    );
  }
  if (!url) {
    return <Skeleton rows={6} label={trans.__('Loading %1', path)} />;
  }
  return (
    <figure className="jp-StudioPreview-picture">
      <img
        src={url}
        alt={baseName(path)}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
          setSize(`${naturalWidth} × ${naturalHeight}`)
        }
        onError={() => setBroken(true)}
      />
      <figcaption>{size}</figcaption>
    </figure>
  );
}

/** A notebook with its outputs, which is trusted with nothing. */
function Notebook(
  props: ContentProps & { parts: INotebookParts }
): JSX.Element {
  const { client, path, version, parts, trans } = props;
  const { value, error } = useAsked(
    async signal => {
      const blob = await client.artifact(path, signal);
      return readNotebook(await blob.text(), trans);
    },
    path,
    version
  );
  // The one that could not be drawn.
  const [broken, setBroken] = useState<nbformat.INotebookContent | null>(null);
  const make = useCallback(() => {
    try {
      const notebook = new ReadOnlyNotebook(parts, value!);
      notebook.widget.disposed.connect(() => notebook.dispose());
      return notebook.widget;
    } catch {
      setBroken(value);
      return new Widget();
    }
  }, [parts, value]);
  if (error) {
    return <ErrorBanner message={error.message} hint={error.hint} />;
  }
  if (value && value === broken) {
    return <EmptyState message={damaged(trans)} />;
  }
  return value ? (
    <Hosted make={make} className="jp-StudioPreview-notebook" />
  ) : (
    <Skeleton rows={6} label={trans.__('Loading %1', path)} />
  );
}

function readNotebook(
  text: string,
  trans: TranslationBundle
): nbformat.INotebookContent {
  let found: unknown = null;
  try {
    found = JSON.parse(text);
  } catch {
    // Said below.
  }
  const notebook = found as Partial<nbformat.INotebookContent> | null;
  if (
    typeof notebook !== 'object' ||
    !Array.isArray(notebook?.cells) ||
    notebook.nbformat !== 4
  ) {
    throw new Error(trans.__('This is no notebook of a known format.'));
  }
  if (!notebook.cells.every(cell => typeof cell === 'object' && cell)) {
    throw new Error(damaged(trans));
  }
  return notebook as nbformat.INotebookContent;
}

function damaged(trans: TranslationBundle): string {
  return trans.__('The notebook is damaged: download it.');
}

/** Save a file of the artefacts on this computer. */
async function save(client: TrialClient, path: string): Promise<void> {
  try {
    const blob = await client.artifact(path);
    const url = URL.createObjectURL(blob);
    const link = document.createElement('a');
    link.href = url;
    link.download = baseName(path);
    link.click();
    // The browser has taken it by then.
    window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (reason) {
    Notification.error(asRequestError(reason).message);
  }
}

/**
 * Ask for something whenever `key` or `version` changes. What is known stays
 * while another version is asked for; of another key nothing is known.
 */
function useAsked<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  key: string,
  version: string
): { value: T | null; error: RequestError | null } {
  const [answer, setAnswer] = useState<{
    key: string;
    value: T | null;
    error: RequestError | null;
  }>({ key, value: null, error: null });
  useEffect(() => {
    const abort = new AbortController();
    ask(abort.signal).then(
      value => {
        if (!abort.signal.aborted) {
          setAnswer({ key, value, error: null });
        }
      },
      (reason: unknown) => {
        if (!abort.signal.aborted && !isAbort(reason)) {
          setAnswer({ key, value: null, error: asRequestError(reason) });
        }
      }
    );
    return () => abort.abort();
    // What is asked is told by the two.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, version]);
  return answer.key === key ? answer : { value: null, error: null };
}
