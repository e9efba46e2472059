import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Awaitable } from '../../../src/contract/index.js';
import { readBatches, type RecordBatch, RecordReader } from '../../../src/protocol/core.js';
import { asBuffer } from '../as-buffer.js';
import type { Kit } from '../kit.js';
import type { FoundOffset, LogStore, PartitionId } from './log-store.js';

/**
 * The caller that waits for the result. Its signal is read only if a scan is needed, because a request creates its signal on
 * first use.
 */
export interface Waiter {
  readonly signal: AbortSignal;
}

/** Maximum bytes of one read of a scan. */
const SCAN_BYTES = 1024 * 1024;

/**
 * Returns the first record whose timestamp is equal or later; null if there is none. Scans the log if the store lacks
 * `offsetForTimestamp`.
 *
 * @param waiter - Its signal ends a scan. Default: the broker.
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
 * Returns the first record with the largest timestamp; null for an empty log. Scans the log if the store lacks
 * `maxTimestamp`.
 *
 * @param waiter - Its signal ends a scan. Default: the broker.
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
    // The record with the timestamp of the header can lie before the log start offset, so it is only an upper bound.
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
      // Records at the start of the log were dropped during the scan.
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
 * Returns the first record of a batch whose timestamp is equal or later; null if there is none.
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
 * Returns the first record of a batch with the largest timestamp; `known` if no record is later than `known`.
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
