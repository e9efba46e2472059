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

/** The first segment of a log, in bytes: thousands of logs with little in them must not take megabytes each. */
const FIRST_SEGMENT_BYTES = 16 * 1024;

/** A segment takes at most this share of the bytes that retention leaves. */
const SEGMENT_SHARE = 8;

const NO_CHUNKS: readonly Uint8Array[] = [];

/** The records of one partition. */
export class MemoryLog {
  private readonly memory: SegmentMemory;
  segments: Segment[] = [];
  logStartOffset = 0;
  logEndOffset = 0;
  /** Bytes of all batches. */
  bytes = 0;
  /** What segments grow to: retention drops whole ones, so they are a small share of what it leaves. */
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
    // All is read and written where the batches are, and copied then: the segment's memory is not in any cache yet.
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

  /** Drops what lies before an offset. */
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
    // Not where the first batch stands: compaction may have left a gap before it, which is still within the log.
    if (dropped !== null) this.logStartOffset = Math.max(this.logStartOffset, dropped.endOffset);
    return this.logStartOffset;
  }

  /** The log is gone. */
  drop(): void {
    this.deleted = true;
    this.dropWhile(() => true);
  }

  /** Puts other segments in the place of the first ones; both have the same offsets. */
  replace(count: number, replacements: readonly Segment[]): void {
    const before = this.segments.slice(0, count);
    this.segments = [...replacements, ...this.segments.slice(count)];
    for (const segment of replacements) this.bytes += segment.filled;
    for (const segment of before) {
      this.bytes -= segment.filled;
      segment.drop();
    }
  }

  /** The last segment, or a new one where that has no room for so many bytes. */
  private segmentFor(bytes: number): Segment {
    const last = this.segments.at(-1);
    if (last !== undefined && last.room >= bytes) return last;
    // As much as there is: a log takes up to twice its bytes, also once most of it is gone.
    const grown = Math.max(FIRST_SEGMENT_BYTES, this.bytes);
    const wanted = Math.max(bytes, Math.min(this.memory.segmentBytes, this.mostPerSegment, grown));
    const segment = new Segment(this.memory, this.memory.take(wanted, bytes), this.logEndOffset);
    this.segments.push(segment);
    return segment;
  }

  /** The last segment that begins at the offset or before it. */
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

  /** The first record with the highest timestamp in a segment; the other one if none is later. */
  private latestIn(segment: Segment, other: FoundOffset | null): FoundOffset | null {
    const { memory, maxTimestampAt, maxTimestamp } = segment;
    const found = firstRecordSince(new RecordBatch(memory, maxTimestampAt), maxTimestamp, this.logStartOffset);
    if (found !== null) return found;
    // That record was deleted: what is left is looked through.
    let latest = other;
    for (let at = segment.find(this.logStartOffset); at < segment.filled; at += segment.sizeAt(at)) {
      if (segment.maxTimestampOf(at) <= (latest?.timestamp ?? -1)) continue;
      latest = latestRecord(new RecordBatch(memory, at), this.logStartOffset, latest);
    }
    return latest;
  }

  /** The last one that was dropped; null for none. */
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
