import { baseOffsetAt, batchSizeAt, lastOffsetDeltaAt, maxTimestampAt } from '../../src/protocol/core.js';
import type { SegmentMemory } from './segment-memory.js';

/** Minimum distance in bytes between two indexed batches, as Kafka's `index.interval.bytes`. */
const INDEX_INTERVAL_BYTES = 4096;

/** Largest batch for which `lookAhead` pays off. For larger batches the CPU prefetches by itself. */
const SMALL_BATCH_BYTES = 2048;
const CACHE_LINE_BYTES = 64;

/**
 * Contiguous batches in one buffer, with an index by offset and by timestamp. Hot path: one object has all the fields,
 * because each append and each fetch uses most of them.
 */
export class Segment {
  readonly memory: Buffer;
  /** Lower bound of the offsets in the segment. */
  readonly baseOffset: number;
  /** The offset after the last record. */
  endOffset: number;
  filled = 0;
  /** Whether appends are disabled, as they are during compaction. */
  closed = false;
  /**
   * Creation time in ms since the epoch. It determines the age of a segment without timestamps, as the modification time of
   * the file does in Kafka. Uses the machine's clock because stores have no access to the broker's.
   */
  readonly begunAt: number = Date.now();
  /** Largest timestamp in the segment, in ms since the epoch; -1 if no record has one. */
  maxTimestamp = -1;
  /** Position of the first batch with that timestamp. */
  maxTimestampAt = 0;
  /** Result of {@link lookAhead}. Stored so that the compiler does not remove the reads. */
  seen = 0;

  // Index entries: position of a batch, its base offset relative to the segment's, largest timestamp before the batch.
  private readonly indexAt: number[] = [];
  private readonly indexDelta: number[] = [];
  private readonly indexTime: number[] = [];

  private readonly owner: SegmentMemory;
  /** Number of reads that have not been released yet. */
  private readers = 0;
  private dropped = false;

  constructor(owner: SegmentMemory, memory: Buffer, baseOffset: number) {
    this.owner = owner;
    this.memory = memory;
    this.baseOffset = baseOffset;
    this.endOffset = baseOffset;
  }

  get room(): number {
    return this.closed ? 0 : this.memory.length - this.filled;
  }

  /** Registers a batch at position `filled`. Its bytes may be copied before or after this call. */
  add(size: number, maxTimestamp: number, baseOffset: number, endOffset: number): void {
    const at = this.filled;
    const { length } = this.indexAt;
    if (length === 0 || at - this.indexAt[length - 1]! >= INDEX_INTERVAL_BYTES) {
      this.indexAt.push(at);
      this.indexDelta.push(baseOffset - this.baseOffset);
      this.indexTime.push(this.maxTimestamp);
    }
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp;
      this.maxTimestampAt = at;
    }
    this.filled = at + size;
    this.endOffset = endOffset;
  }

  /**
   * Prefetches the memory of the next batch if it is as small as this one. Reused memory is not in a CPU cache. Reads overlap
   * with later work, but writes to uncached memory would stall.
   */
  lookAhead(size: number): void {
    if (size > SMALL_BATCH_BYTES) return;
    const { memory, filled } = this;
    const end = Math.min(filled + size, memory.length);
    let seen = 0;
    for (let at = filled; at < end; at += CACHE_LINE_BYTES) seen |= memory[at]!;
    this.seen = seen;
  }

  /** Returns the size of the batch at a position in bytes. */
  sizeAt(at: number): number {
    return batchSizeAt(this.memory, at);
  }

  lastOffsetAt(at: number): number {
    return baseOffsetAt(this.memory, at) + lastOffsetDeltaAt(this.memory, at);
  }

  maxTimestampOf(at: number): number {
    return maxTimestampAt(this.memory, at);
  }

  /** Returns the position of the first batch whose last offset is `offset` or higher; `filled` if there is none. */
  find(offset: number): number {
    let at = this.indexed(this.indexDelta, offset - this.baseOffset);
    while (at < this.filled && this.lastOffsetAt(at) < offset) at += this.sizeAt(at);
    return at;
  }

  /** Returns the position of the first batch whose largest timestamp is equal or later; `filled` if there is none. */
  findTime(timestamp: number, from: number): number {
    let at = Math.max(from, this.indexed(this.indexTime, timestamp - 1));
    while (at < this.filled && this.maxTimestampOf(at) < timestamp) at += this.sizeAt(at);
    return at;
  }

  /** Returns the end of the last whole batch within `maxBytes` of a position; `from` if none fits. */
  fit(from: number, maxBytes: number): number {
    const limit = from + maxBytes;
    if (limit >= this.filled) return this.filled;
    let at = Math.max(from, this.indexed(this.indexAt, limit));
    for (;;) {
      const end = at + this.sizeAt(at);
      if (end > limit) return at;
      at = end;
    }
  }

  /** Keeps the memory in use until {@link release}. */
  retain(): void {
    this.readers++;
  }

  release(): void {
    this.readers--;
    if (this.dropped && this.readers === 0) this.owner.give(this.memory);
  }

  /** Marks the segment as removed from the log. Its memory is freed as soon as no reader retains it. */
  drop(): void {
    this.dropped = true;
    if (this.readers === 0) this.owner.give(this.memory);
  }

  /** Returns the batch position of the last index entry whose value is `limit` or lower; 0 without entries. Values ascend. */
  private indexed(values: readonly number[], limit: number): number {
    let low = 0;
    let high = values.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (values[middle]! <= limit) low = middle;
      else high = middle - 1;
    }
    return this.indexAt[low] ?? 0;
  }
}
