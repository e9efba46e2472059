import { RecordBatchBuilder } from './builder.js';
import { RecordsError } from './errors.js';
import { MAX_INT32, int16At, int32At, requireInteger } from './integers.js';

/** A decoded control record. */
export interface ControlMarker {
  /** How the transaction ended; `unknown` for types that only Kafka uses internally. */
  readonly type: 'abort' | 'commit' | 'unknown';
  /** Type on the wire: 0 for abort, 1 for commit. */
  readonly typeId: number;
  /** Epoch of the transaction coordinator that wrote the marker; null if the type is unknown. */
  readonly coordinatorEpoch: number | null;
}

const ABORT = 0;
const COMMIT = 1;

/** Version of both key and value. */
const VERSION = 0;
const KEY_BYTES = 4;
const VALUE_BYTES = 6;

/**
 * Reads a record of a control batch, with ControlRecordType as key and EndTxnMarker as value (KIP-98). Higher versions
 * are read as version 0, as in Kafka.
 *
 * @throws {@link RecordsError} `INVALID_LENGTH` or `INVALID_VALUE` if it is not a control record.
 */
export function readControlRecord(record: {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}): ControlMarker {
  const typeId = int16At(versioned(record.key, KEY_BYTES, 'the key of a control record'), 2);
  if (typeId !== ABORT && typeId !== COMMIT) return { type: 'unknown', typeId, coordinatorEpoch: null };
  const value = versioned(record.value, VALUE_BYTES, 'the value of a control record');
  return { type: typeId === COMMIT ? 'commit' : 'abort', typeId, coordinatorEpoch: int32At(value, 2) };
}

function versioned(bytes: Buffer | null, least: number, what: string): Buffer {
  if (!bytes || bytes.length < least) {
    const found = bytes ? `${String(bytes.length)} bytes` : 'null';
    throw new RecordsError('INVALID_LENGTH', 0, `${what} is ${found}`);
  }
  const version = int16At(bytes, 0);
  if (version < VERSION) throw new RecordsError('INVALID_VALUE', 0, `${what} has version ${String(version)}`);
  return bytes;
}

/** Input of {@link buildEndTransactionMarker}. */
export interface EndTransactionMarker {
  readonly type: 'abort' | 'commit';
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Epoch of the transaction coordinator. */
  readonly coordinatorEpoch: number;
  /** Timestamp of the marker, in milliseconds since 1970. */
  readonly timestamp: number;
  /** Base offset of the batch. Default: 0. */
  readonly baseOffset?: number | undefined;
  /** Leader epoch of the partition. Default: -1, none. */
  readonly partitionLeaderEpoch?: number | undefined;
}

/**
 * Builds the control batch that ends a transaction in a partition. It contains one record.
 *
 * @throws {@link EncodeError} if a field is out of range.
 */
export function buildEndTransactionMarker(marker: EndTransactionMarker): Buffer {
  const { type, coordinatorEpoch, timestamp, ...batch } = marker;
  requireInteger(batch.producerId, 0, Number.MAX_SAFE_INTEGER, 'producerId');
  requireInteger(coordinatorEpoch, 0, MAX_INT32, 'coordinatorEpoch');
  const key = Buffer.alloc(KEY_BYTES);
  key.writeInt16BE(type === 'commit' ? COMMIT : ABORT, 2);
  const value = Buffer.alloc(VALUE_BYTES);
  value.writeInt32BE(coordinatorEpoch, 2);
  const builder = new RecordBatchBuilder({ ...batch, isTransactional: true, isControl: true });
  builder.append({ timestamp, key, value });
  return builder.build();
}
