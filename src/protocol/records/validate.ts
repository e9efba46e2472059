import type { RecordBatch } from './batch.js';
import type { DecompressionLimits } from './compression/limits.js';
import { RecordsError } from './errors.js';
import { LAST_OFFSET_DELTA, NONE, RECORD_COUNT } from './layout.js';
import { RecordReader } from './record-reader.js';

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
let reader: RecordReader | null = null;

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
  if (reader === null) reader = new RecordReader(batch, limits);
  else reader.reset(batch, limits);
  try {
    return summarize(reader, recordCount);
  } finally {
    reader.clear();
  }
}

function summarize(reader: RecordReader, recordCount: number): BatchSummary {
  const uncompressedBytes = reader.remainingBytes;
  let minTimestamp = Infinity;
  let maxTimestamp = -Infinity;
  let offsetOfMaxTimestamp = NONE;
  let nullKeys = 0;
  while (reader.next()) {
    const { timestamp } = reader;
    if (timestamp < minTimestamp) minTimestamp = timestamp;
    if (timestamp > maxTimestamp) {
      maxTimestamp = timestamp;
      offsetOfMaxTimestamp = reader.offset;
    }
    if (reader.keyLength < 0) nullKeys++;
  }
  return { recordCount, minTimestamp, maxTimestamp, offsetOfMaxTimestamp, nullKeys, uncompressedBytes };
}
