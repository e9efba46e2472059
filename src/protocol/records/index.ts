export { RecordBatch, type TimestampType } from './batch.js';
export {
  baseOffsetAt,
  batchSizeAt,
  lastOffsetDeltaAt,
  magicAt,
  maxTimestampAt,
  stampBatch,
  stampBatches,
} from './batch-fields.js';
export { readBatches, type ReadBatchesOptions } from './batches.js';
export { buildBatch, RecordBatchBuilder } from './builder.js';
export type { RecordBatchOptions } from './builder-options.js';
export type { Compression } from './compression/compression.js';
export { compress, decompress } from './compression/index.js';
export type { DecompressionLimits } from './compression/limits.js';
export {
  buildEndTransactionMarker,
  type ControlMarker,
  type EndTransactionMarker,
  readControlRecord,
} from './control.js';
export { RecordsError, type RecordsErrorCode } from './errors.js';
export { BATCH_HEADER_BYTES } from './layout.js';
export type { KafkaRecord, RecordHeader, RecordHeaderInit, RecordInit } from './record.js';
export { readRecords, RecordReader } from './record-reader.js';
export { nextSequence } from './sequence.js';
export { type BatchSummary, validateBatch } from './validate.js';
