import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import React, { useState } from 'react';
import type { LineageNode } from '../../../contract';
import { MAX_DRAWN } from '../../../models/lineageModel';
import type { LineageModel } from '../../../models/lineageModel';
import { EmptyState, Skeleton } from '../../../shared/emptyState';
import { ErrorBanner } from '../../../shared/errorBanner';
import { useSignal } from '../../../shared/useSignal';
import { LineageGraph } from './lineageGraph';
import { LineageList } from './lineageList';

export interface ILineageViewProps {
  model: LineageModel;
  /** Show the thing that a node stands for. */
  onOpen: (node: LineageNode) => void;
  trans: TranslationBundle;
}

/** What a thing came from and what came from it: drawn, or as a list. */
export function LineageView(props: ILineageViewProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const [isList, setList] = useState(false);
  const { error, isReady } = model;
  if (!isReady && error?.status === 404) {
    return (
      <EmptyState
        message={[error.message, error.hint].filter(Boolean).join(' ')}
        action={trans.__('Look again')}
        onAction={() => void model.load()}
      />
    );
  }
  return (
    <>
      {error && (
        <ErrorBanner
          message={error.message}
          hint={error.hint}
          action={trans.__('Try again')}
          onAction={() => void model.load()}
        />
      )}
      {!isReady && !error && (
        <Skeleton rows={4} label={trans.__('Loading the lineage')} />
      )}
      {isReady && (
        <>
          <div className="jp-StudioLineage-bar">
            <div
              role="radiogroup"
              className="jp-StudioLineage-forms"
              aria-label={trans.__('Form')}
            >
              <Form
                label={trans.__('Graph')}
                isOn={!isList}
                onClick={() => setList(false)}
              />
              <Form
                label={trans.__('List')}
                isOn={isList}
                onClick={() => setList(true)}
              />
            </div>
            <span className="jp-StudioLineage-remark" role="status">
              {remark(model, isList, trans)}
            </span>
            <button
              type="button"
              className="jp-StudioIconButton"
              title={trans.__('Look again')}
              aria-label={trans.__('Look again')}
              onClick={() => void model.load()}
            >
              <refreshIcon.react tag="span" />
            </button>
          </div>
          {isList ? <LineageList {...props} /> : <LineageGraph {...props} />}
        </>
      )}
    </>
  );
}

function Form(props: {
  label: string;
  isOn: boolean;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button"
      role="radio"
      aria-checked={props.isOn}
      className="jp-StudioButton"
      onClick={props.onClick}
    >
      {props.label}
    </button>
  );
}

function remark(
  model: LineageModel,
  isList: boolean,
  trans: TranslationBundle
): string {
  const { nodes, edges, isCut } = model;
  if (isCut) {
    return trans.__('Only the nearest %1 are shown.', MAX_DRAWN);
  }
  if (edges.length === 0) {
    return trans.__(
      'Nothing is known of what it came from, or of what came from it.'
    );
  }
  return !isList && nodes.some(node => !node.is_whole && !node.more)
    ? trans.__('+ beside a box shows what else belongs to it.')
    : '';
}
