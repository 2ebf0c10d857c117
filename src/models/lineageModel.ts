import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { asRequestError } from '../client';
import { ModelsClient } from '../client/registry';
import type { RequestError, StudioClient } from '../client';
import type { LineageEdge, LineageKind, LineageNode } from '../contract';

/** Nodes that are drawn; what more is asked for is not taken in. */
export const MAX_DRAWN = 500;

/** One thing: its kind and its id. */
export interface ILineageRef {
  kind: LineageKind;
  id: string;
}

/** What tells a node from all others. */
export function keyOf({ kind, id }: ILineageRef): string {
  return `${kind}:${id}`;
}

/** What a thing came from and what came from it; grows where more is asked for. */
export class LineageModel implements IDisposable {
  constructor(
    client: StudioClient,
    readonly root: ILineageRef
  ) {
    this._registry = new ModelsClient(client.settings);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The one that was asked for first; empty before the first answer. */
  get nodes(): readonly LineageNode[] {
    return [...this._nodes.values()];
  }

  get edges(): readonly LineageEdge[] {
    return [...this._edges.values()];
  }

  get error(): RequestError | null {
    return this._error;
  }

  get isReady(): boolean {
    return this._nodes.size > 0;
  }

  /** Whether there is more than is drawn. */
  get isCut(): boolean {
    return this._isCut;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
    }
  }

  node(key: string): LineageNode | undefined {
    return this._nodes.get(key);
  }

  /** What a node came from, or what came from it. */
  beside(key: string, way: 'sources' | 'targets'): LineageNode[] {
    const found: LineageNode[] = [];
    for (const edge of this._edges.values()) {
      const [source, target] = endsOf(edge);
      const [near, far] =
        way === 'sources' ? [target, source] : [source, target];
      const node = near === key ? this._nodes.get(far) : undefined;
      if (node) {
        found.push(node);
      }
    }
    return found;
  }

  /** Ask anew for what was asked for, and forget what was taken in since. */
  async load(): Promise<void> {
    this._turn += 1;
    await this._ask(this.root, undefined);
  }

  /** Take in what is directly beside a node. */
  async expand(node: ILineageRef): Promise<void> {
    await this._ask(node, 1);
  }

  private async _ask(
    ref: ILineageRef,
    depth: number | undefined
  ): Promise<void> {
    const turn = this._turn;
    try {
      const found = await this._registry.lineage(ref.kind, ref.id, depth);
      if (this._isDisposed || turn !== this._turn) {
        return;
      }
      this._error = null;
      if (depth === undefined) {
        this._nodes.clear();
        this._edges.clear();
        this._isCut = false;
      }
      this._isCut ||= found.is_cut;
      this._take(found.nodes, found.edges);
    } catch (reason) {
      if (turn !== this._turn) {
        return;
      }
      this._error = asRequestError(reason);
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _take(
    nodes: readonly LineageNode[],
    edges: readonly LineageEdge[]
  ): void {
    for (const node of nodes) {
      const key = keyOf(node);
      const known = this._nodes.get(key);
      if (!known && this._nodes.size >= MAX_DRAWN) {
        this._isCut = true;
        continue;
      }
      // What was whole once has all its neighbours here.
      const isWhole = node.is_whole || known?.is_whole === true;
      this._nodes.set(key, { ...node, is_whole: isWhole });
    }
    for (const edge of edges) {
      const [source, target] = endsOf(edge);
      if (this._nodes.has(source) && this._nodes.has(target)) {
        this._edges.set(`${source}\n${target}`, edge);
      }
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _edges = new Map<string, LineageEdge>();
  private _error: RequestError | null = null;
  private _isCut = false;
  private _isDisposed = false;
  private readonly _nodes = new Map<string, LineageNode>();
  private readonly _registry: ModelsClient;
  /** How often all was asked for: an older answer is not taken in. */
  private _turn = 0;
}

/** Keys of the two nodes of an edge. */
export function endsOf(edge: LineageEdge): [string, string] {
  return [
    keyOf({ kind: edge.source_kind, id: edge.source }),
    keyOf({ kind: edge.target_kind, id: edge.target })
  ];
}
