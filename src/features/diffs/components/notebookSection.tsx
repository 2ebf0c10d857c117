import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { CellDiff, NotebookDiff, PicturePair } from '../../../contract';
import { TextDiffView } from './textDiffView';

/** Cells that differ and are drawn at once. */
const PORTION = 50;

/** Two notebooks cell by cell; cells that are the same are folded. */
export function NotebookSection(props: {
  diff: NotebookDiff;
  trans: TranslationBundle;
}): JSX.Element {
  const { diff, trans } = props;
  const [shown, setShown] = useState(PORTION);
  const [withOutputs, setWithOutputs] = useState(true);
  const groups = grouped(diff.cells, withOutputs);
  const drawn: JSX.Element[] = [];
  let left = shown;
  for (const group of groups) {
    if (left <= 0) {
      break;
    }
    if (Array.isArray(group)) {
      drawn.push(
        <SameCells
          key={`same-${group[0].second}`}
          cells={group}
          trans={trans}
        />
      );
    } else {
      left -= 1;
      drawn.push(
        <Cell
          key={`${group.first}-${group.second}`}
          cell={group}
          withOutputs={withOutputs}
          trans={trans}
        />
      );
    }
  }
  return (
    <div className="jp-StudioDiff">
      <div className="jp-StudioDiff-tools">
        <span>
          − {diff.first_place} <br />+ {diff.second_place}
        </span>
        <label>
          <input
            type="checkbox"
            checked={withOutputs}
            onChange={event => setWithOutputs(event.target.checked)}
          />
          {trans.__('Outputs')}
        </label>
      </div>
      {drawn}
      {left <= 0 && drawn.length < groups.length && (
        <button
          type="button"
          className="jp-StudioButton"
          onClick={() => setShown(shown + PORTION)}
        >
          {trans.__('Show more cells')}
        </button>
      )}
    </div>
  );
}

/** Cells that differ alone, those that do not together. */
function grouped(
  cells: readonly CellDiff[],
  withOutputs: boolean
): (CellDiff | CellDiff[])[] {
  const groups: (CellDiff | CellDiff[])[] = [];
  for (const cell of cells) {
    const isSame =
      cell.change === 'same' && !(withOutputs && cell.outputs === 'changed');
    const last = groups[groups.length - 1];
    if (!isSame) {
      groups.push(cell);
    } else if (Array.isArray(last)) {
      last.push(cell);
    } else {
      groups.push([cell]);
    }
  }
  return groups;
}

function SameCells(props: {
  cells: readonly CellDiff[];
  trans: TranslationBundle;
}): JSX.Element {
  const { cells, trans } = props;
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="jp-StudioDiff-same">
      <button
        type="button"
        className="jp-StudioLink"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen
          ? trans._n(
              'Hide %1 unchanged cell',
              'Hide %1 unchanged cells',
              cells.length
            )
          : trans._n(
              'Show %1 unchanged cell',
              'Show %1 unchanged cells',
              cells.length
            )}
      </button>
      {isOpen &&
        cells.map(cell => (
          <Cell
            key={`${cell.first}-${cell.second}`}
            cell={cell}
            withOutputs={false}
            trans={trans}
          />
        ))}
    </div>
  );
}

function Cell(props: {
  cell: CellDiff;
  withOutputs: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { cell, withOutputs, trans } = props;
  const places =
    cell.first !== null && cell.second !== null && cell.first !== cell.second
      ? trans.__('Cell %1 → %2', cell.first, cell.second)
      : trans.__('Cell %1', cell.second ?? cell.first ?? 0);
  const words = {
    same: trans.__('same source'),
    changed: trans.__('changed'),
    added: trans.__('only in the second'),
    removed: trans.__('only in the first'),
    unknown: ''
  };
  const hasOutputs = withOutputs && cell.outputs === 'changed';
  return (
    <section
      className={`jp-StudioDiff-cell jp-mod-${cell.change}`}
      aria-label={`${places}: ${cell.label}`}
    >
      <h3 className="jp-StudioDiff-title">
        <span>{places}</span>
        <span className="jp-StudioDiff-label">{cell.label}</span>
        <span className="jp-StudioDiff-word">{words[cell.change]}</span>
      </h3>
      <TextDiffView
        diff={cell.source}
        label={trans.__('Source of %1', places)}
        trans={trans}
      />
      {hasOutputs && (
        <div className="jp-StudioDiff-outputs">
          <h4>{trans.__('Outputs')}</h4>
          {cell.output_text && (
            <TextDiffView
              diff={cell.output_text}
              label={trans.__('Outputs of %1', places)}
              trans={trans}
            />
          )}
          {cell.pictures.map((pair, index) => (
            <Pair key={index} pair={pair} trans={trans} />
          ))}
          {!cell.output_text && cell.pictures.length === 0 && (
            <p className="jp-StudioDiff-note">
              {trans.__('They differ in what is not shown as text.')}
            </p>
          )}
        </div>
      )}
    </section>
  );
}

function Pair(props: {
  pair: PicturePair;
  trans: TranslationBundle;
}): JSX.Element {
  const { pair, trans } = props;
  const picture = (content: string | null, name: string) => (
    <figure>
      {content === null ? (
        <p className="jp-StudioDiff-note">{trans.__('no picture')}</p>
      ) : (
        <img src={`data:${pair.media_type};base64,${content}`} alt={name} />
      )}
      <figcaption>{name}</figcaption>
    </figure>
  );
  return (
    <div className="jp-StudioDiff-pair" data-change="">
      {picture(pair.first, trans.__('− first'))}
      {picture(pair.second, trans.__('+ second'))}
    </div>
  );
}
