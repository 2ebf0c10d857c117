import type { ISignal } from '@lumino/signaling';
import type { Shape } from '../shapes';

/** A column as the grid shows it. */
export interface IGridColumn {
  /** Stays the same wherever the column stands. */
  id: string;
  label: string;
  /** What the pointer is told over the header. */
  title: string;
  width: number;
  align: 'left' | 'right';
  /** How its name is written. */
  tone: 'plain' | 'strong' | 'italic';
  sort?: {
    direction: 'ascending' | 'descending';
    /** Among several columns; 0 where it is the only one. */
    position: number;
  };
}

/** What a cell shows. */
export interface IGridCell {
  text: string;
  /** The whole or exact value. */
  title: string;
  align: 'left' | 'right';
  tone: 'plain' | 'dim' | 'link' | 'code' | 'strong';
  /** A sign before the text that tells a state. */
  shape?: Shape;
  /** Position in the list of colours of the line that charts draw of the row. */
  line?: number;
  /** Whether it is the best of its column. */
  isBest?: boolean;
  /** How far it is set in. */
  depth?: number;
  /** Whether rows below it can be shown, and are. */
  caret?: 'open' | 'closed' | 'none';
}

/** What the grid says of a row. */
export interface IGridRow {
  id: string;
  isSelected: boolean;
  isMarked: boolean;
  /** Whether it can be selected. */
  isSelectable: boolean;
  /** Whether it stands there only for what is below it. */
  isDimmed: boolean;
}

export type GridChange =
  | { type: 'columns' }
  | { type: 'order'; fromTop: boolean }
  | { type: 'rows'; first: number; last: number };

/** Where the grid gets what it shows. */
export interface IGridSource {
  readonly changed: ISignal<unknown, GridChange>;
  /** What the table is of. */
  readonly label: string;
  readonly columns: readonly IGridColumn[];
  /** Number of columns that stay in sight, from the first. */
  readonly pinned: number;
  readonly rowCount: number;
  readonly isBusy: boolean;
  /** Whether rows stand below others. */
  readonly isTree: boolean;
  /** Undefined while it is being fetched. */
  row(index: number): IGridRow | undefined;
  /** Null while it is being fetched. Draws call it: the same object while nothing changed. */
  cell(row: number, column: number): IGridCell | null;
}

/** What somebody did to the grid. */
export interface IGridActions {
  /** The rows that are in sight. */
  look(first: number, last: number): void;
  select(row: number, how: 'only' | 'toggle' | 'range', anchor: number): void;
  selectAll(): void;
  /** Open what a row stands for. */
  open(row: number): void;
  /** Show or hide what is below a row. */
  expand(row: number, isOpen?: boolean): void;
  sort(column: number, also: boolean): void;
  resize(column: number, width: number): void;
  /** Move a column before another. */
  move(column: number, before: number): void;
}
