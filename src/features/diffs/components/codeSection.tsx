import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { CodeDiff, FileDiff } from '../../../contract';
import { formatSize } from '../../../shared/format';
import { ChangeMark } from './changeMark';
import { TextDiffView } from './textDiffView';

/** Files that are shown opened. */
const OPENED = 10;

/** Commits, and the files that differ. */
export function CodeSection(props: {
  diff: CodeDiff;
  trans: TranslationBundle;
}): JSX.Element {
  const { diff, trans } = props;
  const basis = {
    snapshots: trans.__('The folders that were copied for the jobs.'),
    commits: trans.__('The two commits, and what was recorded beside.'),
    records: trans.__('What was recorded as artefacts.'),
    none: ''
  }[diff.basis];
  const commit = (id: string | null, dirty: boolean | null) =>
    id === null
      ? trans.__('no commit')
      : dirty
        ? trans.__('%1 and uncommitted changes', id.slice(0, 10))
        : id.slice(0, 10);
  return (
    <div className="jp-StudioDiff">
      {(diff.first_commit || diff.second_commit) && (
        <dl className="jp-StudioDiff-facts">
          <dt>{trans.__('Commit')}</dt>
          <dd title={diff.first_commit ?? ''}>
            − {commit(diff.first_commit, diff.first_dirty)}
          </dd>
          <dd title={diff.second_commit ?? ''}>
            + {commit(diff.second_commit, diff.second_dirty)}
          </dd>
        </dl>
      )}
      {basis && (
        <p className="jp-StudioDiff-note">
          {trans.__('Compared: %1', basis)}{' '}
          {diff.unchanged > 0 &&
            trans._n(
              '%1 file is the same.',
              '%1 files are the same.',
              diff.unchanged
            )}
        </p>
      )}
      {diff.files.map((file, index) => (
        <File
          key={file.path}
          file={file}
          isOpen={index < OPENED}
          trans={trans}
        />
      ))}
    </div>
  );
}

function File(props: {
  file: FileDiff;
  isOpen: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { file, trans } = props;
  const [isOpen, setOpen] = useState(props.isOpen);
  const sizes = [file.first_bytes, file.second_bytes]
    .filter((size): size is number => size !== null)
    .map(formatSize);
  return (
    <section className="jp-StudioDiff-cell" aria-label={file.path}>
      <h3 className="jp-StudioDiff-title">
        <ChangeMark change={file.change} trans={trans} />
        {file.text ? (
          <button
            type="button"
            className="jp-StudioLink"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            {file.path}
          </button>
        ) : (
          <span>{file.path}</span>
        )}
        <span className="jp-StudioDiff-label" />
        <span className="jp-StudioDiff-word">
          {file.text
            ? `+${file.text.added} −${file.text.removed}`
            : [...new Set(sizes)].join(' → ')}
        </span>
      </h3>
      {file.note && <p className="jp-StudioDiff-note">{file.note}</p>}
      {isOpen && file.text && (
        <TextDiffView diff={file.text} label={file.path} trans={trans} />
      )}
    </section>
  );
}
