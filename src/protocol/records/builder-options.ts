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

/** What a {@link RecordBatchBuilder} writes besides the records. */
export interface RecordBatchOptions {
  /** How the records are compressed. Default: `none`. */
  readonly compression?: Compression | undefined;
  /** Level of gzip (-1 to 9) or zstd (-131072 to 22); the others have none. Default: the compression's own. */
  readonly level?: number | undefined;
  /** Default: the offset of the first record that is appended, or 0 when it has none. */
  readonly baseOffset?: number | undefined;
  /** Default: -1, none. */
  readonly partitionLeaderEpoch?: number | undefined;
  /**
   * The time of the append, in milliseconds since 1970: readers take it as the timestamp of all records, whose own stay
   * in the bytes. Default: records have their own.
   */
  readonly logAppendTime?: number | undefined;
  /** Id of the idempotent producer. Default: -1, none. */
  readonly producerId?: number | undefined;
  /** Epoch of the idempotent producer; required with a producer id. Default: -1, none. */
  readonly producerEpoch?: number | undefined;
  /** Sequence number of the first record; required with a producer id, save for control batches. Default: -1, none. */
  readonly baseSequence?: number | undefined;
  /** Whether the records belong to a transaction; requires a producer id. Default: false. */
  readonly isTransactional?: boolean | undefined;
  /** Whether the batch holds a marker. Default: false. */
  readonly isControl?: boolean | undefined;
  /** When compaction may take away the tombstones or the marker, in milliseconds since 1970. Default: not set. */
  readonly deleteHorizon?: number | null | undefined;
  /**
   * The most bytes of the batch with its header, before compression: a record that would pass it is not taken, unless
   * it is the first. Default: no limit below the format's own of 2 GiB.
   */
  readonly maxBytes?: number | undefined;
}

/** The options, checked, with their defaults. */
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
  /** The bits of the batch's attributes. */
  readonly attributes: number;
}

const MAX_INT64 = Number.MAX_SAFE_INTEGER;

/** The options with their defaults. */
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

/** The options that give a batch the header of another. */
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
