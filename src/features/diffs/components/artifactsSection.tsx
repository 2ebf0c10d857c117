import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';
import type { ArtifactDiff } from '../../../contract';
import { Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { formatSize } from '../../../shared/format';
import type { DiffModel } from '../diffModel';
import { useArtifacts, useTexts } from '../useArtifacts';
import type { ILoaded } from '../useArtifacts';
import { ChangeMark } from './changeMark';
import { ConfusionMatrices } from './confusionMatrices';
import { Curves } from './curves';
import { Answered } from './diffView';
import { Pictures } from './pictures';
import { Tables } from './tables';
import { TextDiffView } from './textDiffView';

/** Bytes of a document that is fetched to be drawn. */
const LARGEST = 10_000_000;
/** Artefacts that are listed at once. */
const PORTION = 200;
/** What is looked at first of those that differ, in this order. */
const KINDS: readonly ArtifactDiff['kind'][] = [
  'confusion_matrix',
  'roc_curve',
  'precision_recall',
  'table',
  'image',
  'text',
  'notebook',
  'other'
];

interface IProps {
  model: DiffModel;
  trans: TranslationBundle;
}

/** The artefacts in a list, and one of them side by side. */
export function ArtifactsSection(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { items, answer } = model.artifacts();
  const [chosen, setChosen] = useState<string | null>(null);
  const [shown, setShown] = useState(PORTION);
  const sorted = [...items].sort(
    (a, b) =>
      Number(a.change === 'same') - Number(b.change === 'same') ||
      KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
      a.path.localeCompare(b.path)
  );
  const current =
    sorted.find(({ path }) => path === chosen) ?? sorted[0] ?? null;
  const first = current?.path ?? null;
  useEffect(() => {
    // What is shown stays when the answer about another trial adds to the list.
    setChosen(before => before ?? first);
  }, [first]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const next = current ? sorted[sorted.indexOf(current) + by] : undefined;
    if (by !== 0 && next) {
      event.preventDefault();
      setChosen(next.path);
      const node = event.currentTarget.querySelector<HTMLElement>(
        `[data-path="${CSS.escape(next.path)}"]`
      );
      node?.focus();
    }
  };
  return (
    <Answered model={model} answer={answer} trans={trans}>
      {() =>
        current && (
          <div className="jp-StudioDiff-artifacts">
            <ul
              className="jp-StudioDiff-list"
              aria-label={trans.__('Artefacts')}
              onKeyDown={onKeyDown}
            >
              {sorted.slice(0, shown).map(item => (
                <li key={item.path}>
                  <button
                    type="button"
                    data-path={item.path}
                    aria-current={item === current}
                    title={item.path}
                    onClick={() => setChosen(item.path)}
                  >
                    <ChangeMark change={item.change} trans={trans} />
                    <span className="jp-StudioDiff-path">{item.path}</span>
                    <span className="jp-StudioDiff-word">{sizes(item)}</span>
                  </button>
                </li>
              ))}
              {sorted.length > shown && (
                <li>
                  <button
                    type="button"
                    onClick={() => setShown(shown + PORTION)}
                  >
                    {trans.__('Show more')}
                  </button>
                </li>
              )}
            </ul>
            <div className="jp-StudioDiff-viewer">
              <h3 className="jp-StudioDiff-title">{current.path}</h3>
              <Viewer
                key={current.path}
                model={model}
                item={current}
                trans={trans}
              />
            </div>
          </div>
        )
      }
    </Answered>
  );
}

function sizes(item: ArtifactDiff): string {
  const found = [item.first_bytes, item.second_bytes].filter(
    (size): size is number => size !== null
  );
  return [...new Set(found.map(formatSize))].join(' → ');
}

function Viewer(props: IProps & { item: ArtifactDiff }): JSX.Element {
  const { model, item, trans } = props;
  const size = Math.max(item.first_bytes ?? 0, item.second_bytes ?? 0);
  const isDrawn = !['text', 'notebook', 'other'].includes(item.kind);
  if (isDrawn && size <= LARGEST) {
    return <Drawn {...props} />;
  }
  if (isDrawn || (item.kind === 'other' && size > LARGEST)) {
    return (
      <p className="jp-StudioDiff-note">
        {trans.__('It is too large to be shown here.')} {item.note}
      </p>
    );
  }
  if (item.kind === 'notebook') {
    return (
      <p className="jp-StudioDiff-note">
        {trans.__('See Notebook for the differences cell by cell.')}
      </p>
    );
  }
  const { diff, error } = model.part('artifacts', item.path);
  if (error) {
    return <ErrorBanner message={error.message} hint={error.hint} />;
  }
  const found = diff?.artifacts?.[0];
  if (!found) {
    return <Skeleton rows={4} label={trans.__('Comparing…')} />;
  }
  const words = {
    same: trans.__('The contents are the same.'),
    // Where the lines are there, they show it.
    changed: found.text ? '' : trans.__('The contents differ.'),
    added: trans.__('Only the second trial has it.'),
    removed: trans.__('Only the first trial has it.'),
    unknown: ''
  };
  const said = [found.note, words[found.change]].filter(Boolean).join(' ');
  return (
    <>
      {said && <p className="jp-StudioDiff-note">{said}</p>}
      {found.text && (
        <TextDiffView diff={found.text} label={item.path} trans={trans} />
      )}
    </>
  );
}

/** What is drawn of the files themselves, for all trials. */
function Drawn(props: IProps & { item: ArtifactDiff }): JSX.Element {
  const { model, item, trans } = props;
  const found = useArtifacts(model, item.path);
  if (!found) {
    return <Skeleton rows={6} label={trans.__('Loading…')} />;
  }
  const missing = found.filter(({ blob }) => blob === null);
  return (
    <>
      {missing.map(({ run, name, problem }) => (
        <p key={run} className="jp-StudioDiff-note">
          {trans.__('%1: %2', name, problem)}
        </p>
      ))}
      {item.kind === 'image' ? (
        <Pictures path={item.path} found={found} trans={trans} />
      ) : (
        <Documents item={item} found={found} trans={trans} />
      )}
    </>
  );
}

function Documents(props: {
  item: ArtifactDiff;
  found: readonly ILoaded[];
  trans: TranslationBundle;
}): JSX.Element {
  const { item, found, trans } = props;
  const texts = useTexts(found);
  if (!texts) {
    return <Skeleton rows={6} label={trans.__('Loading…')} />;
  }
  switch (item.kind) {
    case 'confusion_matrix':
      return <ConfusionMatrices found={texts} trans={trans} />;
    case 'roc_curve':
    case 'precision_recall':
      return <Curves kind={item.kind} found={texts} trans={trans} />;
    default:
      return <Tables path={item.path} found={texts} trans={trans} />;
  }
}
