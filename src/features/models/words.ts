import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { LineageKind, LineageNode } from '../../contract';
import {
  dataIcon,
  experimentIcon,
  jobIcon,
  modelIcon
} from '../../shared/icons';

/** What kind of thing a node stands for, in a word. */
export function kindWord(kind: LineageKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'data':
      return trans.__('Data');
    case 'job':
      return trans.__('Job');
    case 'trial':
      return trans.__('Trial');
    case 'model':
      return trans.__('Model');
  }
}

export function kindIcon(kind: LineageKind): LabIcon {
  return {
    data: dataIcon,
    job: jobIcon,
    trial: experimentIcon,
    model: modelIcon
  }[kind];
}

/** A node in words: what, which, and what is known of it. */
export function nodeText(node: LineageNode, trans: TranslationBundle): string {
  const parts = [
    trans.__('%1 %2', kindWord(node.kind, trans), node.label),
    node.detail,
    node.status,
    node.is_deleted ? trans.__('deleted') : ''
  ];
  return parts.filter(Boolean).join(', ');
}
