import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretRightIcon,
  fileIcon,
  folderIcon
} from '@jupyterlab/ui-components';
import React, { useRef, useState } from 'react';
import type {
  ArtifactsModel,
  IArtifactRow
} from '../../../models/artifactsModel';
import { formatSize } from '../../../shared/format';
import { useSignal } from '../../../shared/useSignal';

/** Rows drawn before somebody asks for more. */
const MANY = 1_000;

export interface IArtifactTreeProps {
  model: ArtifactsModel;
  trans: TranslationBundle;
}

/** The artefacts as a tree, for pointer and keys. */
export function ArtifactTree(props: IArtifactTreeProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const [current, setCurrent] = useState('');
  const [most, setMost] = useState(MANY);
  const root = useRef<HTMLDivElement>(null);
  const all = model.rows;
  const rows = all.slice(0, most);
  const active = rows.some(({ entry }) => entry.path === current)
    ? current
    : (rows.find(({ entry }) => entry.path === model.selected)?.entry.path ??
      rows[0]?.entry.path);

  const choose = ({ entry }: IArtifactRow) => {
    setCurrent(entry.path);
    if (entry.is_folder) {
      model.toggle(entry.path);
    } else {
      model.select(entry.path);
    }
  };
  const go = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row) {
      setCurrent(row.entry.path);
      const nodes =
        root.current?.querySelectorAll<HTMLElement>('[role="treeitem"]');
      nodes?.[rows.indexOf(row)]?.focus();
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const index = rows.findIndex(({ entry }) => entry.path === active);
    const row = rows[index];
    if (!row) {
      return;
    }
    const { entry, isOpen, depth } = row;
    switch (event.key) {
      case 'ArrowDown':
        go(index + 1);
        break;
      case 'ArrowUp':
        go(index - 1);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(rows.length - 1);
        break;
      case 'ArrowRight':
        if (entry.is_folder && !isOpen) {
          model.toggle(entry.path, true);
        } else if (isOpen) {
          go(index + 1);
        }
        break;
      case 'ArrowLeft':
        if (isOpen) {
          model.toggle(entry.path, false);
        } else if (depth > 0) {
          const above = rows.slice(0, index).map(each => each.depth);
          go(above.lastIndexOf(depth - 1));
        }
        break;
      case 'Enter':
      case ' ':
        choose(row);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={root}
      className="jp-StudioArtifacts-tree"
      role="tree"
      aria-label={trans.__('Artefacts of the trial')}
      onKeyDown={onKeyDown}
    >
      {rows.map(row => (
        <React.Fragment key={row.entry.path}>
          <Row
            row={row}
            isSelected={row.entry.path === model.selected}
            isActive={row.entry.path === active}
            onChoose={() => choose(row)}
          />
          {row.isOpen && row.state !== 'shown' && (
            <div
              className="jp-StudioArtifacts-state"
              role="none"
              style={{ paddingLeft: 30 + row.depth * 14 }}
            >
              {row.state === 'loading'
                ? trans.__('Loading…')
                : row.state === 'empty'
                  ? trans.__('empty')
                  : row.error?.message}
            </div>
          )}
        </React.Fragment>
      ))}
      {all.length > most && (
        <button
          type="button"
          className="jp-StudioLink"
          onClick={() => setMost(most + MANY)}
        >
          {trans.__('Show more of %1', all.length.toLocaleString())}
        </button>
      )}
    </div>
  );
}

function Row(props: {
  row: IArtifactRow;
  isSelected: boolean;
  isActive: boolean;
  onChoose: () => void;
}): JSX.Element {
  const { row, isSelected, isActive, onChoose } = props;
  const { entry, name, depth, isOpen } = row;
  const Caret = isOpen ? caretDownIcon : caretRightIcon;
  const Icon = entry.is_folder ? folderIcon : fileIcon;
  return (
    <div
      className={`jp-StudioArtifacts-row${isSelected ? ' jp-mod-selected' : ''}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={isSelected}
      aria-expanded={entry.is_folder ? isOpen : undefined}
      tabIndex={isActive ? 0 : -1}
      title={entry.path}
      style={{ paddingLeft: 4 + depth * 14 }}
      onClick={onChoose}
    >
      <span className="jp-StudioFiles-caret">
        {entry.is_folder && <Caret.react tag="span" />}
      </span>
      <Icon.react tag="span" />
      <span className="jp-StudioArtifacts-name">{name}</span>
      <span className="jp-StudioArtifacts-size">
        {entry.size_bytes !== null ? formatSize(entry.size_bytes) : ''}
      </span>
    </div>
  );
}
