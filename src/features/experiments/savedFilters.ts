import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/** A filter that somebody gave a name. */
export interface ISavedFilter {
  name: string;
  filter: string;
}

const KEY = 'savedFilters';

/** Filters with names, in JupyterLab's settings. */
export class SavedFilters {
  constructor(private readonly _settings: ISettingRegistry.ISettings) {
    _settings.changed.connect(() => this._changed.emit());
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get items(): readonly ISavedFilter[] {
    const stored = this._settings.get(KEY).composite;
    return Array.isArray(stored)
      ? (stored as unknown[]).filter(isSavedFilter)
      : [];
  }

  /** Add a filter, or give one of that name another text. */
  async save(name: string, filter: string): Promise<void> {
    const others = this.items.filter(item => item.name !== name);
    await this._store([...others, { name, filter }]);
  }

  async rename(name: string, next: string): Promise<void> {
    const others = this.items.filter(item => item.name !== next);
    await this._store(
      others.map(item => (item.name === name ? { ...item, name: next } : item))
    );
  }

  async remove(name: string): Promise<void> {
    await this._store(this.items.filter(item => item.name !== name));
  }

  private async _store(items: readonly ISavedFilter[]): Promise<void> {
    const sorted = [...items].sort((a, b) => a.name.localeCompare(b.name));
    await this._settings.set(
      KEY,
      sorted.map(({ name, filter }) => ({ name, filter }))
    );
  }

  private readonly _changed = new Signal<this, void>(this);
}

function isSavedFilter(value: unknown): value is ISavedFilter {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as ISavedFilter).name === 'string' &&
    typeof (value as ISavedFilter).filter === 'string'
  );
}
