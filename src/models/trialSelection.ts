import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

/** Which trials are selected: by run id, so that it survives sorting, filtering and paging. */
export class TrialSelection {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get size(): number {
    return this._ids.size;
  }

  get ids(): string[] {
    return [...this._ids];
  }

  has(id: string): boolean {
    return this._ids.has(id);
  }

  set(ids: Iterable<string>): void {
    const next = new Set(ids);
    if (next.size === 0 && this._ids.size === 0) {
      return;
    }
    this._ids = next;
    this._changed.emit();
  }

  add(ids: Iterable<string>): void {
    this.set([...this._ids, ...ids]);
  }

  remove(ids: Iterable<string>): void {
    const gone = new Set(ids);
    this.set(this.ids.filter(id => !gone.has(id)));
  }

  toggle(id: string): void {
    if (this._ids.has(id)) {
      this.remove([id]);
    } else {
      this.add([id]);
    }
  }

  clear(): void {
    this.set([]);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _ids: Set<string> = new Set();
}
