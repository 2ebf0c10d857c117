import type { TableRow } from '../contract';

/** Blocks kept; what was looked at longest ago goes first. */
const MAX_BLOCKS = 40;

interface IBlock {
  rows: readonly TableRow[];
  isStale: boolean;
}

/** Rows of a long table as far as they were fetched, in blocks of equal size. */
export class TrialPages {
  constructor(readonly blockSize: number) {}

  row(index: number): TableRow | undefined {
    const block = Math.floor(index / this.blockSize);
    return this._blocks.get(block)?.rows[index - block * this.blockSize];
  }

  /** Grows with each `expire`. */
  get age(): number {
    return this._age;
  }

  /** `age`: that of when the rows were asked for; they are stale where it has passed. */
  put(block: number, rows: readonly TableRow[], age = this._age): void {
    this._blocks.delete(block);
    this._blocks.set(block, { rows, isStale: age !== this._age });
    for (const oldest of this._blocks.keys()) {
      if (this._blocks.size <= MAX_BLOCKS) {
        break;
      }
      this._blocks.delete(oldest);
    }
  }

  /** Blocks of a range of rows that have to be fetched; those that are there count as looked at. */
  missing(first: number, last: number): number[] {
    const wanted: number[] = [];
    for (const block of this.blocksOf(first, last)) {
      const found = this._blocks.get(block);
      if (found) {
        this._blocks.delete(block);
        this._blocks.set(block, found);
      }
      if (!found || found.isStale) {
        wanted.push(block);
      }
    }
    return wanted;
  }

  blocksOf(first: number, last: number): number[] {
    const start = Math.floor(Math.max(0, first) / this.blockSize);
    const end = Math.floor(Math.max(0, last) / this.blockSize);
    return Array.from({ length: end - start + 1 }, (_, i) => start + i);
  }

  /** Show what is there, but fetch it again when it is looked at. */
  expire(): void {
    this._age += 1;
    for (const block of this._blocks.values()) {
      block.isStale = true;
    }
  }

  /** Every row that is there, with its index. */
  *rows(): IterableIterator<[number, TableRow]> {
    for (const [block, { rows }] of this._blocks) {
      for (let i = 0; i < rows.length; i++) {
        yield [block * this.blockSize + i, rows[i]];
      }
    }
  }

  private _age = 0;
  private readonly _blocks = new Map<number, IBlock>();
}
