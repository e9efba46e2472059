import type { RecordBatch } from './batch.js';
import type { DecompressionLimits } from './compression/limits.js';
import { RecordsError } from './errors.js';
import { LAST_OFFSET_DELTA, RECORD_COUNT } from './layout.js';
import { RecordCursor } from './record-cursor.js';

/** Summary of the records of a batch, returned by {@link validateBatch}. */
export interface BatchSummary {
  /** Number of records, at least 1. */
  readonly recordCount: number;
  /** Lowest timestamp of a record, in milliseconds since 1970; -1 for none. */
  readonly minTimestamp: number;
  /** Highest timestamp of a record. The header of the batch may differ; see {@link RecordBatch.setMaxTimestamp}. */
  readonly maxTimestamp: number;
  /** Absolute offset of the first record with the highest timestamp. */
  readonly offsetOfMaxTimestamp: number;
  /** Number of records without a key. Compacted topics do not accept such records. */
  readonly nullKeys: number;
  /** Size of the decompressed records in bytes, without the batch header. */
  readonly uncompressedBytes: number;
}

/** Shared by all batches, because creating a cursor costs more than reading a record. */
const cursor = new RecordCursor();

/**
 * Validates a batch from a producer in one pass: checksum, record count, consecutive offsets from the base offset on,
 * and the format of each record. The caller must check the policies of the topic (timestamps, keys, size, producer,
 * transaction).
 *
 * @throws {@link RecordsError} for the first problem found.
 */
export function validateBatch(batch: RecordBatch, limits?: DecompressionLimits): BatchSummary {
  batch.checkCrc();
  const { recordCount, lastOffsetDelta } = batch;
  if (recordCount <= 0) {
    throw new RecordsError('INVALID_COUNT', batch.start + RECORD_COUNT, `a batch of ${String(recordCount)} records`);
  }
  // The cursor requires ascending offsets up to the last one. If the count also matches, no offset is missing.
  if (lastOffsetDelta !== recordCount - 1) {
    const detail = `a last offset delta of ${String(lastOffsetDelta)} with ${String(recordCount)} records`;
    throw new RecordsError('INVALID_OFFSET', batch.start + LAST_OFFSET_DELTA, detail);
  }
  return summarize(batch, recordCount, cursor.begin(batch, recordCount, limits));
}

function summarize(batch: RecordBatch, recordCount: number, bytes: Buffer): BatchSummary {
  const uncompressedBytes = cursor.limit - cursor.end;
  let minTimestamp = Infinity;
  let maxTimestamp = -Infinity;
  let deltaOfMaxTimestamp = 0;
  let nullKeys = 0;
  for (let left = recordCount; left > 0; left--) {
    cursor.next(bytes);
    const { timestamp } = cursor;
    if (timestamp < minTimestamp) minTimestamp = timestamp;
    if (timestamp > maxTimestamp) {
      maxTimestamp = timestamp;
      deltaOfMaxTimestamp = cursor.offsetDelta;
    }
    if (cursor.keyLength < 0) nullKeys++;
  }
  cursor.expectEnd();
  if (batch.timestampType === 'LogAppendTime') {
    minTimestamp = maxTimestamp = batch.maxTimestamp;
    deltaOfMaxTimestamp = 0;
  }
  const offsetOfMaxTimestamp = batch.baseOffset + deltaOfMaxTimestamp;
  return { recordCount, minTimestamp, maxTimestamp, offsetOfMaxTimestamp, nullKeys, uncompressedBytes };
}
