import { ErrorCode } from '../../../src/contract/index.js';
import {
  batchSizeAt,
  type BatchSummary,
  magicAt,
  RecordBatch,
  RecordBatchBuilder,
  RecordReader,
  RecordsError,
  validateBatch,
} from '../../../src/protocol/core.js';
import { BatchRefusedError, type RecordFault } from '../batch-refused.js';
import type { TopicConfig } from '../topic-config.js';

/** The first Produce version that may carry zstd (KIP-110). */
const ZSTD_SINCE = 7;

/** The batch in a partition's records: exactly one, as every version that Kafka 4 knows has it. */
export function theBatch(records: Buffer | null, version: number): RecordBatch {
  if (records === null || records.length === 0) {
    throw new BatchRefusedError(
      ErrorCode.INVALID_RECORD,
      'there must be one record batch for each partition; there is none',
    );
  }
  const batch = batchAt(records, 0);
  if (batch === null) {
    throw new BatchRefusedError(
      ErrorCode.INVALID_RECORD,
      'there must be one record batch for each partition; it is cut off',
    );
  }
  if (version < ZSTD_SINCE && batch.compression === 'zstd') {
    const since = `zstd is known from version ${String(ZSTD_SINCE)} on`;
    throw new BatchRefusedError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, since);
  }
  // What is left at the end and too short for a batch, Kafka cuts off.
  if (batch.end < records.length && batchAt(records, batch.end) !== null) {
    throw new BatchRefusedError(
      ErrorCode.INVALID_RECORD,
      'there must be one record batch for each partition; there are more',
    );
  }
  return batch;
}

function batchAt(records: Buffer, at: number): RecordBatch | null {
  try {
    return new RecordBatch(records, at);
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error;
    if (error.code === 'TRUNCATED') return null;
    const old = magicAt(records, at) < 2 && batchSizeAt(records, at) >= MIN_MESSAGE_BYTES;
    throw new BatchRefusedError(old ? ErrorCode.INVALID_RECORD : ErrorCode.CORRUPT_MESSAGE, error.message);
  }
}

/** Size of the shortest message of a message set (magic 0 and 1), including its offset and length, in bytes. */
const MIN_MESSAGE_BYTES = 26;

/**
 * Everything that a broker checks in a batch before it looks at its producer, in Kafka's order, and makes it what the
 * topic's configs want.
 *
 * @returns The batch to append, in a buffer of its own where it had to be written anew.
 * @throws BatchRefusedError
 */
export function checkBatch(batch: RecordBatch, config: TopicConfig, now: number): RecordBatch {
  try {
    if (batch.baseOffset !== 0) {
      throw invalid(`the base offset of a batch must be 0, not ${String(batch.baseOffset)}`);
    }
    checkSize(batch, config);
    const summary = validateBatch(batch);
    if (batch.isControl) throw invalid('clients write no control records');
    if (batch.producerId >= 0 && batch.baseSequence < 0) {
      const what = `a sequence of ${String(batch.baseSequence)} with the producer id ${String(batch.producerId)}`;
      throw invalid(what);
    }
    checkRecords(batch, summary, config, now);
    const rewritten = recompressed(batch, config);
    if (config['message.timestamp.type'] === 'LogAppendTime') rewritten.setMaxTimestamp('LogAppendTime', now);
    else rewritten.setMaxTimestamp('CreateTime', summary.maxTimestamp);
    return rewritten;
  } catch (error) {
    throw error instanceof RecordsError ? new BatchRefusedError(codeOf(error), error.message) : error;
  }
}

function checkSize(batch: RecordBatch, config: TopicConfig): void {
  const { sizeInBytes } = batch;
  const most = config['max.message.bytes'];
  if (sizeInBytes > most) throw tooLarge(ErrorCode.MESSAGE_TOO_LARGE, sizeInBytes, 'max.message.bytes', most);
  const segment = config['segment.bytes'];
  if (sizeInBytes > segment) throw tooLarge(ErrorCode.RECORD_LIST_TOO_LARGE, sizeInBytes, 'segment.bytes', segment);
}

function tooLarge(code: number, bytes: number, limit: string, most: number): BatchRefusedError {
  return new BatchRefusedError(code, `a batch of ${String(bytes)} bytes; ${limit} is ${String(most)}`);
}

/** Whether keys and timestamps are welcome; the records are gone through once more only if some is not. */
function checkRecords(batch: RecordBatch, summary: BatchSummary, config: TopicConfig, now: number): void {
  const keyless = summary.nullKeys > 0 && config['cleanup.policy'].includes('compact');
  if (config['message.timestamp.type'] === 'LogAppendTime') {
    if (batch.timestampType === 'LogAppendTime') {
      const batchIndexErrorMessage = 'producers do not set LogAppendTime themselves';
      const faults = Array.from({ length: summary.recordCount }, (_, batchIndex) => ({
        batchIndex,
        batchIndexErrorMessage,
      }));
      throw new BatchRefusedError(ErrorCode.INVALID_TIMESTAMP, batchIndexErrorMessage, faults);
    }
    if (keyless) refuseRecords(batch, keyless, -Infinity, Infinity);
    return;
  }
  const earliest = now - config['message.timestamp.before.max.ms'];
  const latest = now + config['message.timestamp.after.max.ms'];
  const outside = summary.minTimestamp < earliest || summary.maxTimestamp > latest;
  if (keyless || outside) refuseRecords(batch, keyless, earliest, latest);
}

function refuseRecords(batch: RecordBatch, keyless: boolean, earliest: number, latest: number): void {
  const faults: RecordFault[] = [];
  let untimely = 0;
  const reader = new RecordReader(batch);
  for (let batchIndex = 0; reader.next(); batchIndex++) {
    const { timestamp } = reader;
    if (keyless && reader.keyLength < 0) {
      faults.push({ batchIndex, batchIndexErrorMessage: 'a compacted topic takes no record without a key' });
    } else if (timestamp !== -1 && (timestamp < earliest || timestamp > latest)) {
      untimely++;
      const range = `${String(earliest)} to ${String(latest)}`;
      faults.push({ batchIndex, batchIndexErrorMessage: `the timestamp ${String(timestamp)} is not within ${range}` });
    }
  }
  if (faults.length === 0) return;
  const code = untimely > 0 ? ErrorCode.INVALID_TIMESTAMP : ErrorCode.INVALID_RECORD;
  throw new BatchRefusedError(code, `${String(faults.length)} records were refused, the batch with them`, faults);
}

/** The batch with the compression that the topic wants. */
function recompressed(batch: RecordBatch, config: TopicConfig): RecordBatch {
  const wanted = config['compression.type'];
  if (wanted === 'producer') return batch;
  const compression = wanted === 'uncompressed' ? 'none' : wanted;
  if (compression === batch.compression) return batch;
  const builder = RecordBatchBuilder.like(batch, { compression });
  const reader = new RecordReader(batch);
  while (reader.next()) builder.appendFrom(reader);
  const rewritten = new RecordBatch(builder.build());
  checkSize(rewritten, config);
  return rewritten;
}

function codeOf({ code }: RecordsError): number {
  switch (code) {
    case 'CRC_MISMATCH':
      return ErrorCode.CORRUPT_MESSAGE;
    case 'LIBRARY_UNAVAILABLE':
      return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
    // As Kafka has it.
    case 'UNSUPPORTED_COMPRESSION':
    case 'CORRUPT_COMPRESSION':
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    case 'LIMIT_EXCEEDED':
      return ErrorCode.MESSAGE_TOO_LARGE;
    case 'INVALID_VALUE':
      return ErrorCode.INVALID_TIMESTAMP;
    default:
      return ErrorCode.INVALID_RECORD;
  }
}

function invalid(detail: string): BatchRefusedError {
  return new BatchRefusedError(ErrorCode.INVALID_RECORD, detail);
}
