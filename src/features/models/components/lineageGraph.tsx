import React, { useMemo, useRef, useState } from 'react';
import type { LineageNode } from '../../../contract';
import { endsOf, keyOf } from '../../../models/lineageModel';
import { StatusIcon } from '../../../shared/statusIcon';
import { NODE_HEIGHT, NODE_WIDTH, layOut, pathOf } from '../lineageLayout';
import type { ILayout, IPlace } from '../lineageLayout';
import { detailOf, kindIcon, labelOf, nodeText } from '../words';
import type { ILineageViewProps } from './lineageView';
import { usePanAndZoom } from './panAndZoom';

/**
 * The lineage drawn from left to right. Arrow keys walk along the lines and
 * through the columns, Enter opens, + shows more.
 */
export function LineageGraph(props: ILineageViewProps): JSX.Element {
  const { model, onOpen, trans } = props;
  const { nodes, edges } = model;
  const ends = edges.map(endsOf);
  // Texts, so that what was laid out stays while neither changes.
  const keys = nodes.map(keyOf).join('\n');
  const lines = ends.map(each => each.join('\n')).join('\t');
  const layout = useMemo(() => {
    const pairs = lines.split('\t').filter(Boolean);
    const links = pairs.map(each => each.split('\n'));
    return layOut(
      keys.split('\n'),
      links.map(([source, target]) => ({ source, target }))
    );
  }, [keys, lines]);
  const root = keyOf(model.root);
  const [focused, setFocused] = useState(root);
  const current = layout.places.has(focused) ? focused : keyOf(nodes[0]);
  const view = useRef<HTMLDivElement>(null);
  const zoom = usePanAndZoom(view, layout.width, layout.height);

  const walk = (event: React.KeyboardEvent) => {
    const node = model.node(current);
    // With Ctrl or Cmd the browser enlarges the page.
    const isPlus = event.key === '+' && !event.ctrlKey && !event.metaKey;
    if (isPlus && node && !node.is_whole && !node.more) {
      event.preventDefault();
      void model.expand(node);
      return;
    }
    const next = neighbour(event.key, current, layout, key => ({
      sources: model.beside(key, 'sources').map(keyOf),
      targets: model.beside(key, 'targets').map(keyOf)
    }));
    if (next) {
      event.preventDefault();
      setFocused(next);
      const boxes = view.current?.querySelectorAll<HTMLElement>('[data-key]');
      [...(boxes ?? [])].find(each => each.dataset['key'] === next)?.focus();
    }
  };

  return (
    <div className="jp-StudioLineage-frame">
      <div
        ref={view}
        className="jp-StudioLineage-view"
        role="group"
        aria-label={trans.__(
          'Lineage, from left to right. Arrow keys walk, Enter opens, plus shows more.'
        )}
        onKeyDown={walk}
        {...zoom.handlers}
      >
        <div
          style={{
            width: layout.width * zoom.scale,
            height: layout.height * zoom.scale
          }}
        >
          <div
            className="jp-StudioLineage-sheet"
            style={{
              width: layout.width,
              height: layout.height,
              transform: `scale(${zoom.scale})`
            }}
          >
            <svg
              width={layout.width}
              height={layout.height}
              className="jp-StudioLineage-lines"
              aria-hidden="true"
            >
              {ends.map(([source, target]) => (
                <Line
                  key={`${source}\n${target}`}
                  from={layout.places.get(source)}
                  to={layout.places.get(target)}
                  isNear={source === current || target === current}
                />
              ))}
            </svg>
            {nodes.map(node => {
              const key = keyOf(node);
              return (
                <Box
                  key={key}
                  {...props}
                  node={node}
                  place={layout.places.get(key)!}
                  isRoot={key === root}
                  isCurrent={key === current}
                  onFocus={() => setFocused(key)}
                  onOpen={() => onOpen(node)}
                />
              );
            })}
          </div>
        </div>
      </div>
      <div className="jp-StudioLineage-zoom">
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Smaller')}
          aria-label={trans.__('Smaller')}
          onClick={() => zoom.by(1 / 1.25)}
        >
          −
        </button>
        <button
          type="button"
          className="jp-StudioButton"
          title={trans.__('Show all of it')}
          onClick={zoom.fit}
        >
          {`${Math.round(zoom.scale * 100)} %`}
        </button>
        <button
          type="button"
          className="jp-StudioIconButton"
          title={trans.__('Larger')}
          aria-label={trans.__('Larger')}
          onClick={() => zoom.by(1.25)}
        >
          +
        </button>
      </div>
    </div>
  );
}

function Line(props: {
  from: IPlace | undefined;
  to: IPlace | undefined;
  isNear: boolean;
}): JSX.Element | null {
  const { from, to, isNear } = props;
  return from && to ? (
    <path className={isNear ? 'jp-mod-near' : undefined} d={pathOf(from, to)} />
  ) : null;
}

function Box(
  props: Omit<ILineageViewProps, 'onOpen'> & {
    node: LineageNode;
    place: IPlace;
    isRoot: boolean;
    isCurrent: boolean;
    onFocus: () => void;
    onOpen: () => void;
  }
): JSX.Element {
  const { model, node, place, isRoot, isCurrent, trans } = props;
  const Icon = kindIcon(node.kind);
  const text = nodeText(node, trans);
  const classes = ['jp-StudioLineage-node', `jp-mod-${node.kind}`];
  classes.push(
    isRoot ? 'jp-mod-root' : '',
    node.is_deleted ? 'jp-mod-gone' : ''
  );
  return (
    <div
      className={classes.filter(Boolean).join(' ')}
      style={{
        left: place.x,
        top: place.y,
        width: NODE_WIDTH,
        height: NODE_HEIGHT
      }}
    >
      <button
        type="button"
        data-key={keyOf(node)}
        className="jp-StudioLineage-open"
        tabIndex={isCurrent ? 0 : -1}
        title={text}
        aria-label={text}
        aria-disabled={node.is_deleted || undefined}
        onFocus={props.onFocus}
        onClick={() => !node.is_deleted && props.onOpen()}
      >
        <Icon.react tag="span" />
        <span className="jp-StudioLineage-words">
          <span className="jp-StudioLineage-label">{labelOf(node)}</span>
          <span className="jp-StudioLineage-detail">
            {detailOf(node, trans)}
          </span>
        </span>
        {node.is_deleted ? (
          <span className="jp-StudioLineage-gone">{trans.__('deleted')}</span>
        ) : (
          (node.kind === 'trial' || node.kind === 'job') && (
            <StatusIcon status={node.status} />
          )
        )}
      </button>
      {!node.is_whole && !node.more && (
        <button
          type="button"
          className="jp-StudioLineage-expand"
          tabIndex={-1}
          title={trans.__('Show what else belongs to %1', node.label)}
          aria-label={trans.__('Show what else belongs to %1', node.label)}
          onClick={() => void model.expand(node)}
        >
          +
        </button>
      )}
      {node.more && (
        <span
          className="jp-StudioLineage-expand"
          title={trans.__('There is more of it than is ever listed.')}
        >
          …
        </span>
      )}
    </div>
  );
}

/** The node to which a key leads: along a line, or up and down a column. */
export function neighbour(
  key: string,
  current: string,
  layout: ILayout,
  beside: (key: string) => { sources: string[]; targets: string[] }
): string | undefined {
  const place = layout.places.get(current);
  if (!place) {
    return undefined;
  }
  const column = layout.layers[place.layer];
  const index = column.indexOf(current);
  const nearest = (keys: string[]) =>
    [...keys].sort((a, b) => {
      const away = (each: string) =>
        Math.abs((layout.places.get(each)?.y ?? Infinity) - place.y);
      return away(a) - away(b);
    })[0];
  switch (key) {
    case 'ArrowLeft':
      return nearest(beside(current).sources);
    case 'ArrowRight':
      return nearest(beside(current).targets);
    case 'ArrowUp':
      return column[index - 1];
    case 'ArrowDown':
      return column[index + 1];
    default:
      return undefined;
  }
}
