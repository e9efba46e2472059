import { batchSizeAt, lastOffsetDeltaAt, maxTimestampAt, RecordBatch, stampBatch } from '../../src/protocol/core.js';
import {
  type AppendEntry,
  type AppendResult,
  firstRecordSince,
  type FoundOffset,
  latestRecord,
  type ReadEntry,
  type ReadResult,
  type Retention,
  StoreError,
} from '../broker/index.js';
import { Segment } from './segment.js';
import type { SegmentMemory } from './segment-memory.js';

/** Size of the first segment of a log in bytes. Small, so that thousands of nearly empty logs do not take megabytes each. */
const FIRST_SEGMENT_BYTES = 16 * 1024;

/** A segment is at most one `SEGMENT_SHARE`th of the bytes that retention keeps. */
const SEGMENT_SHARE = 8;

const NO_CHUNKS: readonly Uint8Array[] = [];

/** The records of one partition. */
export class MemoryLog {
  private readonly memory: SegmentMemory;
  segments: Segment[] = [];
  logStartOffset = 0;
  logEndOffset = 0;
  /** Total size of the batches in bytes. */
  bytes = 0;
  /** Maximum segment size in bytes. Retention drops whole segments, so each is a small share of the bytes that it keeps. */
  private mostPerSegment = Infinity;
  deleted = false;

  constructor(memory: SegmentMemory) {
    this.memory = memory;
  }

  /** @throws StoreError `FULL`. */
  append({ batches, leaderEpoch }: AppendEntry): AppendResult {
    const baseOffset = this.logEndOffset;
    const segment = this.segmentFor(batches.length);
    const { memory, filled } = segment;
    let offset = baseOffset;
    // Stamp the batches before the copy, because the memory of the segment is not in a CPU cache yet.
    for (let at = 0; at < batches.length;) {
      stampBatch(batches, at, offset, leaderEpoch);
      const size = batchSizeAt(batches, at);
      const next = offset + lastOffsetDeltaAt(batches, at) + 1;
      segment.add(size, maxTimestampAt(batches, at), offset, next);
      at += size;
      offset = next;
    }
    memory.set(batches, filled);
    segment.lookAhead(batches.length);
    this.logEndOffset = offset;
    this.bytes += batches.length;
    return { baseOffset, logStartOffset: this.logStartOffset };
  }

  read({ offset, maxBytes, atLeastOneBatch }: ReadEntry): ReadResult {
    const { logStartOffset, logEndOffset } = this;
    if (offset < logStartOffset || offset > logEndOffset) {
      const range = `${String(logStartOffset)} to ${String(logEndOffset)}`;
      return { error: new StoreError('OUT_OF_RANGE', `offset ${String(offset)} is not within ${range}`) };
    }
    if (offset === logEndOffset) return { chunks: NO_CHUNKS, bytes: 0, logStartOffset, logEndOffset };
    const chunks: Uint8Array[] = [];
    const readers: Segment[] = [];
    let bytes = 0;
    for (let index = this.indexOf(offset); index < this.segments.length; index++) {
      const segment = this.segments[index]!;
      const from = bytes === 0 ? segment.find(offset) : 0;
      if (from === segment.filled) continue;
      let to = segment.fit(from, maxBytes - bytes);
      if (to === from) {
        if (bytes > 0 || !atLeastOneBatch) break;
        to = from + segment.sizeAt(from);
      }
      chunks.push(segment.memory.subarray(from, to));
      segment.retain();
      readers.push(segment);
      bytes += to - from;
      if (to < segment.filled || bytes >= maxBytes) break;
    }
    const release = (): void => {
      for (const segment of readers) segment.release();
    };
    return { chunks, bytes, logStartOffset, logEndOffset, release };
  }

  offsetForTimestamp(timestamp: number): FoundOffset | null {
    for (const segment of this.segments) {
      if (segment.maxTimestamp < timestamp) continue;
      let at = segment.findTime(timestamp, segment.find(this.logStartOffset));
      while (at < segment.filled) {
        const found = firstRecordSince(new RecordBatch(segment.memory, at), timestamp, this.logStartOffset);
        if (found !== null) return found;
        at = segment.findTime(timestamp, at + segment.sizeAt(at));
      }
    }
    return null;
  }

  maxTimestamp(): FoundOffset | null {
    let latest: FoundOffset | null = null;
    for (const segment of this.segments) {
      if (segment.maxTimestamp > (latest?.timestamp ?? -1)) latest = this.latestIn(segment, latest);
    }
    return latest;
  }

  /** Drops the records before an offset and returns the new log start offset. @throws StoreError `OUT_OF_RANGE` */
  deleteBefore(offset: number): number {
    if (offset > this.logEndOffset) {
      throw new StoreError('OUT_OF_RANGE', `offset ${String(offset)} is after the end, ${String(this.logEndOffset)}`);
    }
    if (offset > this.logStartOffset) {
      this.logStartOffset = offset;
      this.dropWhile((segment) => segment.endOffset <= offset);
    }
    return this.logStartOffset;
  }

  trim({ olderThan, maxBytes }: Retention): number {
    this.mostPerSegment = maxBytes < 0 ? Infinity : Math.max(FIRST_SEGMENT_BYTES, Math.ceil(maxBytes / SEGMENT_SHARE));
    const dropped = this.dropWhile((segment) => {
      const age = segment.maxTimestamp < 0 ? segment.begunAt : segment.maxTimestamp;
      const expired = olderThan >= 0 && age < olderThan;
      return expired || (maxBytes >= 0 && this.bytes - segment.filled >= maxBytes);
    });
    // Not the base offset of the first batch: compaction may have left a gap before it, which still belongs to the log.
    if (dropped !== null) this.logStartOffset = Math.max(this.logStartOffset, dropped.endOffset);
    return this.logStartOffset;
  }

  /** Drops all segments of a deleted log. */
  drop(): void {
    this.deleted = true;
    this.dropWhile(() => true);
  }

  /** Replaces the first `count` segments by segments for the same offsets. */
  replace(count: number, replacements: readonly Segment[]): void {
    const before = this.segments.slice(0, count);
    this.segments = [...replacements, ...this.segments.slice(count)];
    for (const segment of replacements) this.bytes += segment.filled;
    for (const segment of before) {
      this.bytes -= segment.filled;
      segment.drop();
    }
  }

  /** Returns the last segment, or a new one if the last has no room for `bytes`. @throws StoreError `FULL` */
  private segmentFor(bytes: number): Segment {
    const last = this.segments.at(-1);
    if (last !== undefined && last.room >= bytes) return last;
    // As large as the log itself: a log reserves at most about twice its bytes, also after most of it was dropped.
    const grown = Math.max(FIRST_SEGMENT_BYTES, this.bytes);
    const wanted = Math.max(bytes, Math.min(this.memory.segmentBytes, this.mostPerSegment, grown));
    const segment = new Segment(this.memory, this.memory.take(wanted, bytes), this.logEndOffset);
    this.segments.push(segment);
    return segment;
  }

  /** Returns the index of the last segment that starts at or before an offset. */
  private indexOf(offset: number): number {
    let low = 0;
    let high = this.segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.segments[middle]!.baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Returns the first record with the largest timestamp in a segment; `other` if no record is later than that. */
  private latestIn(segment: Segment, other: FoundOffset | null): FoundOffset | null {
    const { memory, maxTimestampAt, maxTimestamp } = segment;
    const found = firstRecordSince(new RecordBatch(memory, maxTimestampAt), maxTimestamp, this.logStartOffset);
    if (found !== null) return found;
    // That record was deleted: scan the remaining batches.
    let latest = other;
    for (let at = segment.find(this.logStartOffset); at < segment.filled; at += segment.sizeAt(at)) {
      if (segment.maxTimestampOf(at) <= (latest?.timestamp ?? -1)) continue;
      latest = latestRecord(new RecordBatch(memory, at), this.logStartOffset, latest);
    }
    return latest;
  }

  /** Drops the first segments while a condition holds. Returns the last dropped segment; null if none was dropped. */
  private dropWhile(condition: (segment: Segment) => boolean): Segment | null {
    let count = 0;
    let last: Segment | null = null;
    for (const segment of this.segments) {
      if (!condition(segment)) break;
      this.bytes -= segment.filled;
      segment.drop();
      last = segment;
      count++;
    }
    if (count > 0) this.segments.splice(0, count);
    return last;
  }
}
