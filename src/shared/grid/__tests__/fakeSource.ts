import { Signal } from '@lumino/signaling';
import type {
  GridChange,
  IGridActions,
  IGridCell,
  IGridColumn,
  IGridRow,
  IGridSource
} from '../source';

export function makeGridColumn(fields: Partial<IGridColumn>): IGridColumn {
  const id = fields.id ?? 'a';
  return {
    id,
    label: id.toUpperCase(),
    title: `about ${id}`,
    width: 100,
    align: 'left',
    tone: 'plain',
    ...fields
  };
}

/** A table whose cells say where they are. */
export class FakeSource implements IGridSource {
  readonly changed = new Signal<this, GridChange>(this);
  label = 'Things';
  columns = ['a', 'b', 'c', 'd'].map(id => makeGridColumn({ id }));
  pinned = 1;
  rowCount = 1000;
  isBusy = false;
  isTree = false;
  /** Rows that are not there yet. */
  isMissing: (row: number) => boolean = () => false;
  about: Partial<IGridRow> = {};
  look: Partial<IGridCell> = {};

  row(index: number): IGridRow | undefined {
    return this.isMissing(index)
      ? undefined
      : {
          id: `row${index}`,
          isSelected: false,
          isMarked: false,
          isSelectable: true,
          isDimmed: false,
          ...this.about
        };
  }

  cell(row: number, column: number): IGridCell | null {
    return this.isMissing(row)
      ? null
      : {
          text: `${this.columns[column].id}${row}`,
          title: `whole ${this.columns[column].id}${row}`,
          align: 'left',
          tone: 'plain',
          ...this.look
        };
  }
}

/** Remembers what was done. */
export class FakeActions implements IGridActions {
  readonly done: unknown[][] = [];
  look(...args: unknown[]): void {
    this.done.push(['look', ...args]);
  }
  select(...args: unknown[]): void {
    this.done.push(['select', ...args]);
  }
  selectAll(): void {
    this.done.push(['selectAll']);
  }
  open(...args: unknown[]): void {
    this.done.push(['open', ...args]);
  }
  expand(...args: unknown[]): void {
    this.done.push(['expand', ...args]);
  }
  sort(...args: unknown[]): void {
    this.done.push(['sort', ...args]);
  }
  resize(...args: unknown[]): void {
    this.done.push(['resize', ...args]);
  }
  move(...args: unknown[]): void {
    this.done.push(['move', ...args]);
  }
}
