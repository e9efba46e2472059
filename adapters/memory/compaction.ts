import { setImmediate as nextTurn } from 'node:timers/promises';
import { RecordBatch, RecordBatchBuilder, RecordReader } from '../../src/protocol/core.js';
import type { Compaction } from '../broker/log-store.js';
import type { MemoryLog } from './memory-log.js';
import { Segment } from './segment.js';
import type { SegmentMemory } from './segment-memory.js';

/**
 * Rewrites the segments before an offset with the last record of each key; offsets stay. Works a segment at a time, so
 * that requests are answered meanwhile.
 *
 * @returns How many bytes were freed.
 */
export async function compactLog(log: MemoryLog, memory: SegmentMemory, compaction: Compaction): Promise<number> {
  const segments = log.segments.filter(({ endOffset }) => endOffset <= compaction.beforeOffset);
  const latest = segments.at(-1);
  if (latest === undefined) return 0;
  // What is appended meanwhile goes elsewhere, and what is dropped meanwhile is not written over.
  latest.closed = true;
  for (const segment of segments) segment.retain();
  try {
    return await rewrite(log, segments, latest.endOffset - 1, memory, compaction);
  } finally {
    latest.closed = false;
    for (const segment of segments) segment.release();
  }
}

async function rewrite(
  log: MemoryLog,
  segments: readonly Segment[],
  lastOffset: number,
  memory: SegmentMemory,
  { dropTombstonesOlderThan }: Compaction,
): Promise<number> {
  const last = await lastOffsets(segments);
  const cleaned: Segment[] = [];
  let gathered = new Gathered();
  const flush = (): void => {
    if (gathered.bytes > 0) cleaned.push(gathered.segment(memory));
    gathered = new Gathered();
  };
  try {
    for (const segment of segments) {
      for (let at = 0; at < segment.filled; at += segment.sizeAt(at)) {
        const bytes = clean(new RecordBatch(segment.memory, at), last, lastOffset, dropTombstonesOlderThan);
        if (bytes === null) continue;
        if (gathered.bytes + bytes.length > memory.segmentBytes) flush();
        gathered.add(bytes);
      }
      await nextTurn();
    }
    flush();
  } catch (error) {
    for (const segment of cleaned) segment.drop();
    throw error;
  }
  const freed = sum(segments) - sum(cleaned);
  const untouched = !log.deleted && segments.every((segment, index) => log.segments[index] === segment);
  if (untouched && freed > 0) {
    log.replace(segments.length, cleaned);
    return freed;
  }
  for (const segment of cleaned) segment.drop();
  return 0;
}

/** The offset of each key's last record. */
async function lastOffsets(segments: readonly Segment[]): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  for (const segment of segments) {
    for (let at = 0; at < segment.filled; at += segment.sizeAt(at)) {
      const batch = new RecordBatch(segment.memory, at);
      if (batch.isControl) continue;
      const reader = new RecordReader(batch);
      while (reader.next()) {
        const { key } = reader;
        if (key !== null) last.set(key.toString('latin1'), reader.offset);
      }
    }
    await nextTurn();
  }
  return last;
}

/** The batch with what is left of it; null for nothing. */
function clean(
  batch: RecordBatch,
  last: ReadonlyMap<string, number>,
  lastOffset: number,
  tombstonesBefore: number,
): Buffer | null {
  const whole = batch.bytes.subarray(batch.start, batch.end);
  if (batch.isControl) return whole;
  const builder = RecordBatchBuilder.like(batch);
  const reader = new RecordReader(batch);
  while (reader.next()) {
    // The last one stays: without it consumers would never get to the end of the log.
    if (reader.offset === lastOffset || stays(reader, last, tombstonesBefore)) builder.appendFrom(reader);
  }
  if (builder.recordCount === batch.recordCount) return whole;
  return builder.recordCount === 0 ? null : builder.build(batch.lastOffset);
}

function stays(reader: RecordReader, last: ReadonlyMap<string, number>, tombstonesBefore: number): boolean {
  const { key } = reader;
  // As Kafka has it, a record without a key has no place in a compacted log.
  if (key === null || last.get(key.toString('latin1')) !== reader.offset) return false;
  return reader.valueLength >= 0 || reader.timestamp >= tombstonesBefore;
}

/** Batches on their way into a new segment. */
class Gathered {
  readonly #batches: Buffer[] = [];
  bytes = 0;

  add(batch: Buffer): void {
    this.#batches.push(batch);
    this.bytes += batch.length;
  }

  segment(owner: SegmentMemory): Segment {
    const first = new RecordBatch(this.#batches[0]!).baseOffset;
    const segment = new Segment(owner, owner.take(this.bytes, this.bytes), first);
    for (const bytes of this.#batches) {
      segment.memory.set(bytes, segment.filled);
      const batch = new RecordBatch(segment.memory, segment.filled);
      segment.add(bytes.length, batch.maxTimestamp, batch.baseOffset, batch.lastOffset + 1);
    }
    return segment;
  }
}

function sum(segments: readonly Segment[]): number {
  return segments.reduce((bytes, { filled }) => bytes + filled, 0);
}
