import { EncodeError } from '../errors.js';
import type { RecordBatch } from './batch.js';
import { type Compression, COMPRESSIONS } from './compression/compression.js';
import { checkLevel } from './compression/index.js';
import { MAX_INT16, MAX_INT32, requireInteger } from './integers.js';
import {
  BATCH_HEADER_BYTES,
  CONTROL_FLAG,
  DELETE_HORIZON_FLAG,
  LOG_APPEND_TIME_FLAG,
  NONE,
  TRANSACTIONAL_FLAG,
} from './layout.js';

/** Options of {@link RecordBatchBuilder}: the header fields of the batch, the compression, and the size limit. */
export interface RecordBatchOptions {
  /** Compression of the records. Default: `none`. */
  readonly compression?: Compression | undefined;
  /**
   * Compression level of gzip (-1 to 9) or zstd (-131072 to 22). Other compressions have no levels. Default: the
   * library's.
   */
  readonly level?: number | undefined;
  /** Base offset of the batch. Default: the offset of the first appended record, or 0 if that record has none. */
  readonly baseOffset?: number | undefined;
  /** Leader epoch of the partition. Default: -1, none. */
  readonly partitionLeaderEpoch?: number | undefined;
  /**
   * Time of the append, in milliseconds since 1970. Readers return it as the timestamp of all records. The bytes still
   * contain the timestamp of each record. Default: readers return the timestamp of each record.
   */
  readonly logAppendTime?: number | undefined;
  /** Producer id of the idempotent producer. Default: -1, none. */
  readonly producerId?: number | undefined;
  /** Producer epoch of the idempotent producer. Required with a producer id. Default: -1, none. */
  readonly producerEpoch?: number | undefined;
  /**
   * Sequence number of the first record. Required with a producer id, except for control batches. Default: -1, none.
   */
  readonly baseSequence?: number | undefined;
  /** Whether the records belong to a transaction. Requires a producer id. Default: false. */
  readonly isTransactional?: boolean | undefined;
  /** Whether the batch is a control batch, such as a transaction marker. Default: false. */
  readonly isControl?: boolean | undefined;
  /**
   * Time from which compaction may remove the tombstones or the marker, in milliseconds since 1970. Default: not set.
   */
  readonly deleteHorizon?: number | null | undefined;
  /**
   * Maximum size of the batch in bytes, including the header, before compression. A record that would exceed it is not
   * appended, unless it is the first. Default: 2147483647, the limit of the format.
   */
  readonly maxBytes?: number | undefined;
}

/** Checked options with all defaults filled in. */
export interface BatchSettings {
  readonly compression: Compression;
  readonly level: number | undefined;
  readonly baseOffset: number | undefined;
  readonly partitionLeaderEpoch: number;
  readonly logAppendTime: number | undefined;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly deleteHorizon: number | undefined;
  readonly maxBytes: number;
  /** Attributes of the batch. */
  readonly attributes: number;
}

const MAX_INT64 = Number.MAX_SAFE_INTEGER;

/** Checks the options and fills in the defaults. @throws EncodeError for an invalid option. */
export function batchSettings(options: RecordBatchOptions): BatchSettings {
  const {
    compression = 'none',
    level,
    baseOffset,
    partitionLeaderEpoch = NONE,
    logAppendTime,
    producerId = NONE,
    producerEpoch = NONE,
    baseSequence = NONE,
    isTransactional = false,
    isControl = false,
    maxBytes = MAX_INT32,
  } = options;
  const deleteHorizon = options.deleteHorizon ?? undefined;

  const id = COMPRESSIONS.indexOf(compression);
  if (id < 0) throw invalid(`'${compression}' instead of one of ${COMPRESSIONS.join(', ')}`, 'compression');
  checkLevel(compression, level);
  if (baseOffset !== undefined) requireInteger(baseOffset, 0, MAX_INT64, 'baseOffset');
  requireInteger(partitionLeaderEpoch, NONE, MAX_INT32, 'partitionLeaderEpoch');
  if (logAppendTime !== undefined) requireInteger(logAppendTime, 0, MAX_INT64, 'logAppendTime');
  requireInteger(producerId, NONE, MAX_INT64, 'producerId');
  requireInteger(producerEpoch, NONE, MAX_INT16, 'producerEpoch');
  requireInteger(baseSequence, NONE, MAX_INT32, 'baseSequence');
  if (deleteHorizon !== undefined) requireInteger(deleteHorizon, 0, MAX_INT64, 'deleteHorizon');
  requireInteger(maxBytes, BATCH_HEADER_BYTES, MAX_INT32, 'maxBytes');
  if (producerId === NONE) {
    if (isTransactional) throw invalid('a transaction without a producer id', 'isTransactional');
  } else {
    if (producerEpoch === NONE) throw invalid('-1 with a producer id', 'producerEpoch');
    if (baseSequence === NONE && !isControl) throw invalid('-1 with a producer id', 'baseSequence');
  }

  const attributes =
    id |
    (logAppendTime === undefined ? 0 : LOG_APPEND_TIME_FLAG) |
    (isTransactional ? TRANSACTIONAL_FLAG : 0) |
    (isControl ? CONTROL_FLAG : 0) |
    (deleteHorizon === undefined ? 0 : DELETE_HORIZON_FLAG);
  return {
    compression,
    level,
    baseOffset,
    partitionLeaderEpoch,
    logAppendTime,
    producerId,
    producerEpoch,
    baseSequence,
    deleteHorizon,
    maxBytes,
    attributes,
  };
}

/** Returns options that reproduce the header of a batch. */
export function optionsLike(batch: RecordBatch): RecordBatchOptions {
  return {
    compression: batch.compression,
    baseOffset: batch.baseOffset,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    logAppendTime: batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    deleteHorizon: batch.deleteHorizon,
  };
}

function invalid(detail: string, field: string): EncodeError {
  return new EncodeError('INVALID_VALUE', detail, field);
}
