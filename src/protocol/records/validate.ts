import type { RecordBatch } from './batch.js';
import type { DecompressionLimits } from './compression/limits.js';
import { RecordsError } from './errors.js';
import { LAST_OFFSET_DELTA, RECORD_COUNT } from './layout.js';
import { RecordCursor } from './record-cursor.js';

/** What {@link validateBatch} found in the records, for whoever decides on them. */
export interface BatchSummary {
  /** How many records there are, at least 1. */
  readonly recordCount: number;
  /** The lowest timestamp of a record, in milliseconds since 1970; -1 for none. */
  readonly minTimestamp: number;
  /** The highest timestamp of a record; what the batch states may differ ({@link RecordBatch.setMaxTimestamp}). */
  readonly maxTimestamp: number;
  /** Absolute offset of the first record with the highest timestamp. */
  readonly offsetOfMaxTimestamp: number;
  /** How many records have no key: a compacted topic takes none. */
  readonly nullKeys: number;
  /** Size of the records in bytes, decompressed and without the batch's header. */
  readonly uncompressedBytes: number;
}

/** One serves all batches: to make one costs more than to go through a record. */
const cursor = new RecordCursor();

/**
 * Checks a batch that a producer sent, in one pass: checksum, count, consecutive offsets from the base offset on, and
 * each record as a whole. Whether it is welcome (timestamps, keys, size, producer, transaction) is for the caller to say.
 *
 * @throws {@link RecordsError} for the first thing that is wrong.
 */
export function validateBatch(batch: RecordBatch, limits?: DecompressionLimits): BatchSummary {
  batch.checkCrc();
  const { recordCount, lastOffsetDelta } = batch;
  if (recordCount <= 0) {
    throw new RecordsError('INVALID_COUNT', batch.start + RECORD_COUNT, `a batch of ${String(recordCount)} records`);
  }
  // The reader lets offsets only ascend up to the last: with as many as there are numbers, none is left out.
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
