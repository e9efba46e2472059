import { baseOffsetAt, batchSizeAt, lastOffsetDeltaAt, maxTimestampAt } from '../../src/protocol/core.js';
import type { SegmentMemory } from './segment-memory.js';

/** A batch this many bytes after the last indexed one gets an entry: as Kafka's `index.interval.bytes`. */
const INDEX_INTERVAL_BYTES = 4096;

/** After batches up to this size, it is worth while to look ahead; the processor itself sees what larger ones do. */
const SMALL_BATCH_BYTES = 2048;
const CACHE_LINE_BYTES = 64;

/**
 * Batches one behind the other in one piece of memory, with an index by offset and by time. Hot path: one object holds all
 * of it, because each append and each fetch uses most of it.
 */
export class Segment {
  readonly memory: Buffer;
  /** No offset of it is lower. */
  readonly baseOffset: number;
  /** The offset after its last. */
  endOffset: number;
  filled = 0;
  /** Nothing is added to it. */
  closed = false;
  /**
   * When it was begun, in ms since the epoch: its age as long as no record has a timestamp. By the machine's clock, as
   * Kafka takes the time of the file then: a store is not told the time.
   */
  readonly begunAt: number = Date.now();
  /** The highest timestamp in it; -1 for none. */
  maxTimestamp = -1;
  /** Where the first batch with that timestamp stands. */
  maxTimestampAt = 0;
  /** What {@link lookAhead} saw: a compiler leaves out what nobody asks for. */
  seen = 0;

  // Of some batches: where they stand, their first offset less that of the segment, the highest timestamp before them.
  private readonly indexAt: number[] = [];
  private readonly indexDelta: number[] = [];
  private readonly indexTime: number[] = [];

  private readonly owner: SegmentMemory;
  /** Readers whose answers have not been written yet. */
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

  /** Takes in a batch that stands in the memory where the last one ends, or is about to. */
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
   * Reads where the next batch will go, if it is as small as this one: memory that has served before is in no cache, and
   * while reads overlap with what is done next, writes would all wait for it.
   */
  lookAhead(size: number): void {
    if (size > SMALL_BATCH_BYTES) return;
    const { memory, filled } = this;
    const end = Math.min(filled + size, memory.length);
    let seen = 0;
    for (let at = filled; at < end; at += CACHE_LINE_BYTES) seen |= memory[at]!;
    this.seen = seen;
  }

  /** Size of the batch that stands there, in bytes. */
  sizeAt(at: number): number {
    return batchSizeAt(this.memory, at);
  }

  lastOffsetAt(at: number): number {
    return baseOffsetAt(this.memory, at) + lastOffsetDeltaAt(this.memory, at);
  }

  maxTimestampOf(at: number): number {
    return maxTimestampAt(this.memory, at);
  }

  /** Where the first batch stands that ends at this offset or after it; the end of the segment if there is none. */
  find(offset: number): number {
    let at = this.indexed(this.indexDelta, offset - this.baseOffset);
    while (at < this.filled && this.lastOffsetAt(at) < offset) at += this.sizeAt(at);
    return at;
  }

  /** Where the first batch stands whose highest timestamp is not earlier; the end of the segment if there is none. */
  findTime(timestamp: number, from: number): number {
    let at = Math.max(from, this.indexed(this.indexTime, timestamp - 1));
    while (at < this.filled && this.maxTimestampOf(at) < timestamp) at += this.sizeAt(at);
    return at;
  }

  /** Where the last batch ends of those that fit into so many bytes from there. */
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

  /** Someone reads views of the memory until {@link release}. */
  retain(): void {
    this.readers++;
  }

  release(): void {
    this.readers--;
    if (this.dropped && this.readers === 0) this.owner.give(this.memory);
  }

  /** The log has no use for it any more: its memory is free once nobody reads it. */
  drop(): void {
    this.dropped = true;
    if (this.readers === 0) this.owner.give(this.memory);
  }

  /** Position of the last entry that is not above a limit; the values ascend. */
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
