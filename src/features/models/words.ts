import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { LineageKind, LineageNode } from '../../contract';
import { experimentIcon, jobIcon, modelIcon } from '../../shared/icons';
import { dataIcon } from './icons';

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

/** Name and number of a version, of the node of a model. */
export function versionOf({ id }: { id: string }): {
  name: string;
  version: string;
} {
  const at = id.lastIndexOf('/');
  return { name: id.slice(0, at), version: id.slice(at + 1) };
}

/** What a node is called. */
export function labelOf(node: LineageNode): string {
  return node.kind === 'model' ? versionOf(node).name : node.label;
}

/** What kind of thing a node is, and what tells it from others of its name. */
export function detailOf(node: LineageNode, trans: TranslationBundle): string {
  const version =
    node.kind === 'model'
      ? trans.__('version %1', versionOf(node).version)
      : '';
  return [kindWord(node.kind, trans), version, node.detail]
    .filter(Boolean)
    .join(' · ');
}

/** A node in words: what, which, and what is known of it. */
export function nodeText(node: LineageNode, trans: TranslationBundle): string {
  const state = node.is_deleted
    ? trans.__('deleted')
    : stateWord(node.status, trans);
  return [labelOf(node), detailOf(node, trans), state]
    .filter(Boolean)
    .join(' · ');
}

/** Aliases of a model, those of its newest versions first. */
export function aliasNames(
  aliases: Readonly<Record<string, string>>
): string[] {
  return Object.keys(aliases).sort(
    (one, other) =>
      Number(aliases[other]) - Number(aliases[one]) || one.localeCompare(other)
  );
}

/** A state of MLflow's as people call it. */
function stateWord(status: string, trans: TranslationBundle): string {
  switch (status) {
    case 'RUNNING':
      return trans.__('Running');
    case 'SCHEDULED':
      return trans.__('Scheduled');
    case 'FINISHED':
      return trans.__('Completed');
    case 'FAILED':
      return trans.__('Failed');
    case 'KILLED':
      return trans.__('Stopped');
    case 'READY':
      return '';
    default:
      return status;
  }
}
