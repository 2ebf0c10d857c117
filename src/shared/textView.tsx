import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import { Rendered, fenced } from './rendered';

/** Characters that are coloured: more would take the browser too long. */
const COLOURED = 100_000;
/** Characters of one line that are coloured. */
const LONGEST_LINE = 5_000;

/** What JupyterLab calls the language of a media type. */
const LANGUAGES: Record<string, string> = {
  'application/json': 'json',
  'application/toml': 'toml',
  'application/yaml': 'yaml',
  'text/html': 'html',
  'text/x-diff': 'diff',
  'text/x-python': 'python',
  'text/markdown': 'markdown'
};

export interface ITextViewProps {
  text: string;
  mediaType: string;
  /** Whether there is more of it. */
  isCut: boolean;
  /** What colours it; null: nothing does. */
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}

/** A text as it is, coloured where its language is known. */
export function TextView(props: ITextViewProps): JSX.Element {
  const { text, mediaType, isCut, rendermime, trans } = props;
  const language = LANGUAGES[mediaType];
  const isColoured =
    rendermime !== null &&
    language !== undefined &&
    text.length <= COLOURED &&
    !new RegExp(`[^\\n]{${LONGEST_LINE}}`).test(text);
  return (
    <>
      {isColoured ? (
        <Rendered
          rendermime={rendermime}
          markdown={fenced(text, language)}
          className="jp-StudioText jp-mod-coloured"
        />
      ) : (
        <pre className="jp-StudioText">{text}</pre>
      )}
      {text === '' && (
        <p className="jp-StudioPreview-remark">
          {trans.__('The file is empty.')}
        </p>
      )}
      {isCut && (
        <p className="jp-StudioPreview-remark">
          {trans.__('This is the beginning. Download it to see the rest.')}
        </p>
      )}
    </>
  );
}
