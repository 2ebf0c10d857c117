import type { JobsClient } from '../client';
import { FollowModel } from './followModel';

/** Bytes read from the end when a log is opened. */
const TAIL = 128 * 1024;
/** Most bytes in one request. */
const CHUNK = 256 * 1024;
/** Most characters kept while following; the oldest lines go first. */
const KEEP = 8 * 1024 * 1024;
/** Time between looks while the job writes, in milliseconds. */
const INTERVAL = 1_000;
const MAX_INTERVAL = 30_000;

/**
 * A job's log, read from its end by byte ranges and followed while it grows.
 *
 * `lines` holds what is loaded; `skipped` says how many bytes lie before it.
 */
export class LogModel extends FollowModel {
  constructor(
    private readonly _client: JobsClient,
    readonly jobId: string
  ) {
    super(INTERVAL, MAX_INTERVAL);
  }

  get lines(): readonly string[] {
    return this._lines;
  }

  /** Bytes of the log that lie before the first line. */
  get skipped(): number {
    return this._start;
  }

  /** Bytes in the log, as far as known. */
  get size(): number {
    return this._size;
  }

  get isReady(): boolean {
    return this._isReady;
  }

  /** Read the range before what is loaded. */
  async loadEarlier(): Promise<void> {
    await this.work;
    if (this._start === 0 || this.isDisposed) {
      return;
    }
    const end = this._start;
    const from = Math.max(0, end - CHUNK);
    await this.run(async () => {
      let offset = from;
      let begin = end;
      let text = '';
      while (offset < end) {
        const chunk = await this._fetch(offset, Math.min(CHUNK, end - offset));
        if (chunk.next_offset <= offset) {
          break;
        }
        begin = Math.min(begin, chunk.offset);
        text += chunk.text;
        offset = chunk.next_offset;
      }
      this._start = begin;
      const earlier = text.split('\n');
      const joint = (earlier.pop() ?? '') + (this._lines[0] ?? '');
      this._lines = [...earlier, joint, ...this._lines.slice(1)];
      this._kept += text.length;
      this._limit = Math.max(this._limit, this._kept + CHUNK);
    });
  }

  protected async look(): Promise<void> {
    let more = true;
    while (more && !this.isDisposed) {
      const chunk = this._isReady
        ? await this._fetch(this._end, CHUNK)
        : await this._fetch(-TAIL, TAIL);
      if (!this._isReady) {
        this._start = chunk.offset;
        this._isReady = true;
      } else if (chunk.size < this._end) {
        // A new attempt began the log anew.
        this._forget();
        continue;
      }
      this._append(chunk.text);
      this._end = chunk.next_offset;
      this._size = chunk.size;
      this.setComplete(chunk.complete);
      more = chunk.text !== '' && chunk.next_offset < chunk.size;
    }
  }

  private _fetch(offset: number, limit: number) {
    return this._client.log(this.jobId, offset, limit, this.signal);
  }

  private _append(text: string): void {
    if (text === '') {
      return;
    }
    const added = text.split('\n');
    const last = this._lines.length - 1;
    const lines = [...this._lines];
    lines[Math.max(0, last)] = (lines[last] ?? '') + added[0];
    for (let i = 1; i < added.length; i++) {
      lines.push(added[i]);
    }
    this._kept += text.length;
    let drop = 0;
    while (this._kept > this._limit && drop < lines.length - 1) {
      const gone = lines[drop] + '\n';
      this._kept -= gone.length;
      this._start += Private.byteLength(gone);
      drop += 1;
    }
    this._lines = drop > 0 ? lines.slice(drop) : lines;
  }

  private _forget(): void {
    this._lines = [];
    this._kept = 0;
    this._start = 0;
    this._end = 0;
    this._isReady = false;
  }

  private _end = 0;
  private _isReady = false;
  private _kept = 0;
  private _limit = KEEP;
  private _lines: string[] = [];
  private _size = 0;
  private _start = 0;
}

namespace Private {
  const encoder = new TextEncoder();

  export function byteLength(text: string): number {
    return encoder.encode(text).length;
  }
}
