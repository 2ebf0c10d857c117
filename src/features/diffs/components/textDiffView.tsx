import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useMemo, useState } from 'react';
import type { TextBlock, TextDiff } from '../../../contract';
import { wordsOf } from '../words';
import type { IPiece } from '../words';

/** Unchanged lines that stay beside changed ones. */
const AROUND = 3;
/** Unchanged lines in a row that are not worth hiding. */
const FEW = 2 * AROUND + 2;

export interface ITextDiffProps {
  diff: TextDiff;
  /** What it is, for those who do not see it. */
  label: string;
  trans: TranslationBundle;
}

/** Two texts in one column: what was removed, what was added, and what is unchanged between. */
export const TextDiffView = memo(function TextDiffView(
  props: ITextDiffProps
): JSX.Element {
  const { diff, label, trans } = props;
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const words = useMemo(() => allWords(diff.blocks), [diff]);
  const rows: JSX.Element[] = [];
  diff.blocks.forEach((block, index) => {
    if (block.kind === 'gap') {
      rows.push(
        <Fold key={`${index}-gap`}>
          {trans._n(
            '%1 unchanged line, not loaded',
            '%1 unchanged lines, not loaded',
            block.count
          )}
        </Fold>
      );
      return;
    }
    const isLong = block.kind === 'same' && block.lines.length > FEW;
    const head = index > 0 ? AROUND : 0;
    const tail = index < diff.blocks.length - 1 ? AROUND : 0;
    block.lines.forEach((line, at) => {
      const isHidden =
        isLong &&
        !opened.has(index) &&
        at >= head &&
        at < block.lines.length - tail;
      if (!isHidden) {
        rows.push(
          <Line
            key={`${index}-${at}`}
            block={block}
            at={at}
            isFirst={at === 0}
            pieces={words.get(index)?.[at] ?? null}
            text={line}
            trans={trans}
          />
        );
      } else if (at === head) {
        rows.push(
          <Fold key={`${index}-fold`}>
            <button
              type="button"
              className="jp-StudioLink"
              onClick={() => setOpened(new Set([...opened, index]))}
            >
              {trans._n(
                'Show %1 unchanged line',
                'Show %1 unchanged lines',
                block.lines.length - head - tail
              )}
            </button>
          </Fold>
        );
      }
    });
  });
  return (
    <div className="jp-StudioDiff-text">
      <div className="jp-StudioDiff-scroll">
        <table aria-label={label}>
          <tbody>{rows}</tbody>
        </table>
      </div>
      {diff.note && <p className="jp-StudioDiff-note">{diff.note}</p>}
    </div>
  );
});

function Line(props: {
  block: TextBlock;
  at: number;
  isFirst: boolean;
  pieces: readonly IPiece[] | null;
  text: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { block, at, isFirst, pieces, text, trans } = props;
  const { kind } = block;
  const mark = kind === 'added' ? '+' : kind === 'removed' ? '−' : ' ';
  const word =
    kind === 'added'
      ? trans.__('added')
      : kind === 'removed'
        ? trans.__('removed')
        : undefined;
  return (
    <tr
      className={`jp-StudioDiff-line jp-mod-${kind}`}
      data-change={kind !== 'same' && isFirst ? '' : undefined}
    >
      <td className="jp-StudioDiff-number">
        {kind !== 'added' ? block.first + at : ''}
      </td>
      <td className="jp-StudioDiff-number">
        {kind !== 'removed' ? block.second + at : ''}
      </td>
      <td className="jp-StudioDiff-mark">
        {word ? (
          <span role="img" aria-label={word}>
            {mark}
          </span>
        ) : (
          '\u00a0'
        )}
      </td>
      <td className="jp-StudioDiff-code">
        {pieces
          ? pieces.map((piece, index) =>
              piece.changed ? <mark key={index}>{piece.text}</mark> : piece.text
            )
          : text || '\u200b'}
      </td>
    </tr>
  );
}

function Fold(props: { children: React.ReactNode }): JSX.Element {
  return (
    <tr className="jp-StudioDiff-fold">
      <td colSpan={4}>{props.children}</td>
    </tr>
  );
}

/** The words of all changed lines, by block. */
function allWords(
  blocks: readonly TextBlock[]
): ReadonlyMap<number, (IPiece[] | null)[]> {
  const found = new Map<number, (IPiece[] | null)[]>();
  blocks.forEach((block, index) => {
    const before = index > 0 ? blocks[index - 1] : null;
    if (block.kind === 'added' && before?.kind === 'removed') {
      const [one, other] = wordsOf(before, block);
      found.set(index - 1, one);
      found.set(index, other);
    }
  });
  return found;
}
