import { setImmediate as nextTurn } from 'node:timers/promises';
import { RecordBatch } from '../../src/protocol/core.js';
import { type Compaction, LogCompactor } from '../broker/index.js';
import type { MemoryLog } from './memory-log.js';
import { Segment } from './segment.js';
import type { SegmentMemory } from './segment-memory.js';

/**
 * Compacts the segments before an offset: keeps the last record of each key, at its offset. Processes one segment per turn
 * of the event loop, so that requests are handled in between.
 *
 * @returns The number of bytes freed.
 */
export async function compactLog(log: MemoryLog, memory: SegmentMemory, compaction: Compaction): Promise<number> {
  const segments = log.segments.filter(({ endOffset }) => endOffset <= compaction.beforeOffset);
  const latest = segments.at(-1);
  if (latest === undefined) return 0;
  // Appends during compaction go to another segment, and the memory of segments dropped during it is not reused.
  latest.closed = true;
  for (const segment of segments) segment.retain();
  try {
    return await rewrite(log, segments, memory, { ...compaction, beforeOffset: latest.endOffset });
  } finally {
    latest.closed = false;
    for (const segment of segments) segment.release();
  }
}

async function rewrite(
  log: MemoryLog,
  segments: readonly Segment[],
  memory: SegmentMemory,
  compaction: Compaction,
): Promise<number> {
  const compactor = new LogCompactor(compaction);
  for (const segment of segments) {
    compactor.scan(segment.memory.subarray(0, segment.filled));
    await nextTurn();
  }
  const cleaned: Segment[] = [];
  let gathered = new Gathered();
  const flush = (): void => {
    if (gathered.bytes > 0) cleaned.push(gathered.segment(memory));
    gathered = new Gathered();
  };
  try {
    for (const segment of segments) {
      for (const batch of compactor.clean(segment.memory.subarray(0, segment.filled))) {
        // Empty batches are not needed: the broker keeps the producer state as long as this memory exists.
        if (new RecordBatch(batch).recordCount === 0) continue;
        if (gathered.bytes + batch.length > memory.segmentBytes) flush();
        gathered.add(batch);
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

/** Collects batches for a new segment. */
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
