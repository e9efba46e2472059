import { RecordBatchBuilder } from './builder.js';
import { RecordsError } from './errors.js';
import { MAX_INT32, int16At, int32At, requireInteger } from './integers.js';

/** What a control record says. */
export interface ControlMarker {
  /** How a transaction ended; `unknown` for the other types, which are Kafka's own and no client's. */
  readonly type: 'abort' | 'commit' | 'unknown';
  /** The type on the wire: 0 abort, 1 commit. */
  readonly typeId: number;
  /** Epoch of the transaction coordinator that wrote the marker; null where the type is unknown. */
  readonly coordinatorEpoch: number | null;
}

const ABORT = 0;
const COMMIT = 1;

/** Version of both key and value. */
const VERSION = 0;
const KEY_BYTES = 4;
const VALUE_BYTES = 6;

/**
 * Reads a record of a control batch: ControlRecordType as key and EndTxnMarker as value (KIP-98). Higher versions are
 * read as far as this one goes, as Kafka does.
 *
 * @throws {@link RecordsError} `INVALID_LENGTH` or `INVALID_VALUE` when it is none.
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

/** What {@link buildEndTransactionMarker} writes. */
export interface EndTransactionMarker {
  readonly type: 'abort' | 'commit';
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Epoch of the transaction coordinator. */
  readonly coordinatorEpoch: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Default: 0. */
  readonly baseOffset?: number | undefined;
  /** Default: -1, none. */
  readonly partitionLeaderEpoch?: number | undefined;
}

/**
 * The control batch that ends a transaction in a partition, with its one record.
 *
 * @throws {@link EncodeError} for a field out of its range.
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
