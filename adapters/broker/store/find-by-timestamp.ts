import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Awaitable } from '../../../src/contract/index.js';
import { readBatches, type RecordBatch, RecordReader } from '../../../src/protocol/core.js';
import { asBuffer } from '../as-buffer.js';
import type { Kit } from '../kit.js';
import type { FoundOffset, LogStore, PartitionId } from './log-store.js';

/** What waits for the result. Its signal is read only if a scan is needed: the signal of a request is made when it is read. */
export interface Waiter {
  readonly signal: AbortSignal;
}

/** Bytes that one read of a scan returns. */
const SCAN_BYTES = 1024 * 1024;

/**
 * Returns the first record whose timestamp is not earlier, or null. Scans the log if the store has no method for it.
 *
 * @param waiter - Has the signal that ends a scan. Default: the broker.
 */
export function offsetForTimestamp(
  kit: Pick<Kit, 'store' | 'signal'>,
  partition: PartitionId,
  timestamp: number,
  waiter: Waiter = kit,
): Awaitable<FoundOffset | null> {
  const { store } = kit;
  if (store.offsetForTimestamp !== undefined) return store.offsetForTimestamp(partition, timestamp, kit.signal);
  return scanForTimestamp(store, partition, timestamp, waiter.signal);
}

/**
 * Returns the first record with the largest timestamp, or null. Scans the log if the store has no method for it.
 *
 * @param waiter - Has the signal that ends a scan. Default: the broker.
 */
export function maxTimestamp(
  kit: Pick<Kit, 'store' | 'signal'>,
  partition: PartitionId,
  waiter: Waiter = kit,
): Awaitable<FoundOffset | null> {
  const { store } = kit;
  if (store.maxTimestamp !== undefined) return store.maxTimestamp(partition, kit.signal);
  return scanForMaxTimestamp(store, partition, waiter.signal);
}

async function scanForTimestamp(
  store: LogStore,
  partition: PartitionId,
  timestamp: number,
  signal: AbortSignal,
): Promise<FoundOffset | null> {
  let found: FoundOffset | null = null;
  await scan(store, partition, signal, (batch, logStartOffset) => {
    if (batch.maxTimestamp >= timestamp) found = firstRecordSince(batch, timestamp, logStartOffset);
    return found === null;
  });
  return found;
}

async function scanForMaxTimestamp(
  store: LogStore,
  partition: PartitionId,
  signal: AbortSignal,
): Promise<FoundOffset | null> {
  let largest: FoundOffset | null = null;
  await scan(store, partition, signal, (batch, logStartOffset) => {
    // The header can name a record before the log start offset: its timestamp is an upper bound.
    if (batch.maxTimestamp > (largest?.timestamp ?? -1)) largest = latestRecord(batch, logStartOffset, largest);
    return true;
  });
  return largest;
}

/** Visits the batches of a log in order while `visit` returns true. */
async function scan(
  store: LogStore,
  partition: PartitionId,
  signal: AbortSignal,
  visit: (batch: RecordBatch, logStartOffset: number) => boolean,
): Promise<void> {
  let { logStartOffset: offset, logEndOffset } = await store.logOffsets(partition, signal);
  while (offset < logEndOffset) {
    signal.throwIfAborted();
    const entry = { partition, offset, maxBytes: SCAN_BYTES, atLeastOneBatch: true };
    const result = (await store.read([entry], signal))[0]!;
    if (result.error !== undefined) {
      // The start of the log was dropped meanwhile.
      const { logStartOffset } = await store.logOffsets(partition, signal);
      if (result.error.code !== 'OUT_OF_RANGE' || logStartOffset <= offset) throw result.error;
      offset = logStartOffset;
      continue;
    }
    const { chunks, logStartOffset, release } = result;
    try {
      for (const batch of batchesOf(chunks)) {
        if (batch.lastOffset < offset) continue;
        if (!visit(batch, logStartOffset)) return;
        offset = batch.lastOffset + 1;
      }
    } finally {
      release?.();
    }
    if (chunks.length === 0) return;
    logEndOffset = result.logEndOffset;
    await nextTurn();
  }
}

function* batchesOf(chunks: readonly Uint8Array[]): Generator<RecordBatch> {
  for (const chunk of chunks) yield* readBatches(asBuffer(chunk));
}

/**
 * Returns the first record of a batch whose timestamp is not earlier, or null.
 *
 * @param logStartOffset - Records before it are deleted and skipped.
 */
export function firstRecordSince(batch: RecordBatch, timestamp: number, logStartOffset: number): FoundOffset | null {
  const reader = new RecordReader(batch);
  while (reader.next()) {
    if (reader.timestamp >= timestamp && reader.offset >= logStartOffset) {
      return { offset: reader.offset, timestamp: reader.timestamp };
    }
  }
  return null;
}

/**
 * Returns the first record of a batch with the largest timestamp, or `known` if none is later than that.
 *
 * @param logStartOffset - Records before it are deleted and skipped.
 */
export function latestRecord(
  batch: RecordBatch,
  logStartOffset: number,
  known: FoundOffset | null,
): FoundOffset | null {
  let latest = known;
  const reader = new RecordReader(batch);
  while (reader.next()) {
    const { offset, timestamp } = reader;
    if (offset >= logStartOffset && timestamp > (latest?.timestamp ?? -1)) latest = { offset, timestamp };
  }
  return latest;
}
