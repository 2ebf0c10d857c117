import React from 'react';
import type { LineageNode } from '../../../contract';
import { keyOf } from '../../../models/lineageModel';
import type { LineageModel } from '../../../models/lineageModel';
import { kindIcon, nodeText } from '../words';
import type { ILineageViewProps } from './lineageView';

/** The lineage as text: each thing with what it came from and what came from it. */
export function LineageList(props: ILineageViewProps): JSX.Element {
  const { model, onOpen, trans } = props;
  return (
    <ul className="jp-StudioLineage-list" aria-label={trans.__('Lineage')}>
      {model.nodes.map(node => {
        const Icon = kindIcon(node.kind);
        const sources = named(model, node, 'sources');
        const targets = named(model, node, 'targets');
        return (
          <li key={keyOf(node)}>
            <Icon.react tag="span" />
            <div>
              <button
                type="button"
                className="jp-StudioLink"
                disabled={node.is_deleted}
                onClick={() => onOpen(node)}
              >
                {nodeText(node, trans)}
              </button>
              {sources && <p>{trans.__('came from: %1', sources)}</p>}
              {targets && <p>{trans.__('led to: %1', targets)}</p>}
              {!node.is_whole && !node.more && (
                <button
                  type="button"
                  className="jp-StudioLink"
                  onClick={() => void model.expand(node)}
                >
                  {trans.__('Show what else belongs to it')}
                </button>
              )}
              {node.more && (
                <p>{trans.__('There is more of it than is ever listed.')}</p>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function named(
  model: LineageModel,
  node: LineageNode,
  way: 'sources' | 'targets'
): string {
  const found = model.beside(keyOf(node), way);
  return found.map(({ label }) => label).join(', ');
}
