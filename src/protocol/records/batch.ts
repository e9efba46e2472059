import { type Compression, COMPRESSIONS } from './compression/compression.js';
import { crc32c } from './crc.js';
import { RecordsError } from './errors.js';
import { MAX_INT32, int16At, int32At, int64At, requireInteger, writeInt64 } from './integers.js';
import {
  ATTRIBUTES,
  BASE_OFFSET,
  BASE_SEQUENCE,
  BASE_TIMESTAMP,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH,
  COMPRESSION_MASK,
  CONTROL_FLAG,
  CRC,
  CURRENT_MAGIC,
  DELETE_HORIZON_FLAG,
  LAST_OFFSET_DELTA,
  LEADER_EPOCH,
  LOG_APPEND_TIME_FLAG,
  LOG_OVERHEAD,
  MAGIC,
  MAX_TIMESTAMP,
  NONE,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  RECORD_COUNT,
  TRANSACTIONAL_FLAG,
} from './layout.js';

/** Source of the timestamps of a batch, with the values of Kafka's `message.timestamp.type`. */
export type TimestampType = 'CreateTime' | 'LogAppendTime';

/**
 * A view of a record batch (magic 2, KIP-98) in a buffer. Nothing is copied: each getter reads the current bytes.
 *
 * Offsets, timestamps and producer ids are numbers. Reading one that exceeds 53 bits throws `INVALID_VALUE`. Brokers do
 * not assign such offsets or producer ids, and such a timestamp would be in the year 287396. Use
 * `BigInt(batch.producerId)` to pass an id or an offset to a protocol message.
 */
export class RecordBatch {
  /** The buffer that contains the batch. */
  readonly bytes: Buffer;
  /** Offset of the first byte of the batch in {@link RecordBatch.bytes}. */
  readonly start: number;
  /** Offset after the last byte of the batch, where the next batch begins. */
  readonly end: number;

  /**
   * Checks the magic and the length, but neither the checksum ({@link RecordBatch.checkCrc}) nor the records.
   *
   * @throws {@link RecordsError} `UNSUPPORTED_MAGIC` for a magic other than 2, `INVALID_LENGTH`, or `TRUNCATED` if the
   * batch is incomplete.
   */
  constructor(bytes: Buffer, start = 0) {
    const left = bytes.length - start;
    if (left <= MAGIC) throw truncated(start, 'a batch', left);
    if (bytes[start + MAGIC] !== CURRENT_MAGIC) throw unsupportedMagic(bytes, start + MAGIC);
    const size = int32At(bytes, start + BATCH_LENGTH) + LOG_OVERHEAD;
    if (size < BATCH_HEADER_BYTES) throw invalidLength(start + BATCH_LENGTH, size - LOG_OVERHEAD);
    if (size > left) throw truncated(start, `a batch of ${String(size)}`, left);
    this.bytes = bytes;
    this.start = start;
    this.end = start + size;
  }

  /** Size of the whole batch with its header, in bytes. */
  get sizeInBytes(): number {
    return this.end - this.start;
  }

  /** Always 2. */
  get magic(): number {
    return this.bytes[this.start + MAGIC]!;
  }

  /** Offset that the offsets of the records count from. Setting it keeps the checksum, which does not cover it. */
  get baseOffset(): number {
    return int64At(this.bytes, this.start + BASE_OFFSET, 'a base offset of');
  }

  set baseOffset(offset: number) {
    requireInteger(offset, 0, Number.MAX_SAFE_INTEGER, 'baseOffset');
    writeInt64(this.bytes, this.start + BASE_OFFSET, offset);
  }

  /** Offset of the last record, even if compaction removed that record. */
  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta;
  }

  /** Last offset minus base offset; at least 0 in a valid batch. */
  get lastOffsetDelta(): number {
    return int32At(this.bytes, this.start + LAST_OFFSET_DELTA);
  }

  /** Epoch of the leader that appended the batch; -1 for none. The checksum does not cover this field. */
  get partitionLeaderEpoch(): number {
    return int32At(this.bytes, this.start + LEADER_EPOCH);
  }

  set partitionLeaderEpoch(epoch: number) {
    requireInteger(epoch, -1, MAX_INT32, 'partitionLeaderEpoch');
    this.bytes.writeInt32BE(epoch, this.start + LEADER_EPOCH);
  }

  /** CRC-32C from the batch header, unsigned. */
  get crc(): number {
    return int32At(this.bytes, this.start + CRC) >>> 0;
  }

  /** Attributes of the batch as an int16. The getters below decode them. */
  get attributes(): number {
    return int16At(this.bytes, this.start + ATTRIBUTES);
  }

  /**
   * Compression of the records.
   *
   * @throws {@link RecordsError} `UNSUPPORTED_COMPRESSION` for the ids 5 to 7.
   */
  get compression(): Compression {
    const id = this.attributes & COMPRESSION_MASK;
    const compression = COMPRESSIONS[id];
    if (compression === undefined) {
      const at = this.start + ATTRIBUTES;
      throw new RecordsError('UNSUPPORTED_COMPRESSION', at, `compression ${String(id)}, which Kafka does not define`);
    }
    return compression;
  }

  /** Whether records have the producer's timestamps, or all have the append time {@link RecordBatch.maxTimestamp}. */
  get timestampType(): TimestampType {
    return this.attributes & LOG_APPEND_TIME_FLAG ? 'LogAppendTime' : 'CreateTime';
  }

  /** Whether the records belong to a transaction. */
  get isTransactional(): boolean {
    return (this.attributes & TRANSACTIONAL_FLAG) !== 0;
  }

  /** Whether the batch is a control batch, such as a transaction marker, without user records. */
  get isControl(): boolean {
    return (this.attributes & CONTROL_FLAG) !== 0;
  }

  /**
   * Time from which compaction may remove the tombstones or the marker of the batch (KIP-534), in milliseconds since
   * 1970; null if it is not set.
   */
  get deleteHorizon(): number | null {
    return this.attributes & DELETE_HORIZON_FLAG ? this.baseTimestamp : null;
  }

  /**
   * Base of the record timestamps, in milliseconds since 1970: the timestamp of the first record as the producer wrote
   * it, or the delete horizon.
   */
  get baseTimestamp(): number {
    return int64At(this.bytes, this.start + BASE_TIMESTAMP, 'a base timestamp of');
  }

  /** Highest timestamp of the records from the batch header, in milliseconds since 1970; -1 for none. */
  get maxTimestamp(): number {
    return int64At(this.bytes, this.start + MAX_TIMESTAMP, 'a max timestamp of');
  }

  /** Producer id of the idempotent producer; -1 for none. */
  get producerId(): number {
    return int64At(this.bytes, this.start + PRODUCER_ID, 'a producer id of');
  }

  /** Producer epoch of the idempotent producer; -1 for none. */
  get producerEpoch(): number {
    return int16At(this.bytes, this.start + PRODUCER_EPOCH);
  }

  /** Sequence number of the first record; -1 for none. */
  get baseSequence(): number {
    return int32At(this.bytes, this.start + BASE_SEQUENCE);
  }

  /** Sequence number of the last record; -1 for none. Sequence numbers wrap from 2147483647 to 0. */
  get lastSequence(): number {
    const base = this.baseSequence;
    return base === NONE ? NONE : (base + this.lastOffsetDelta) % (MAX_INT32 + 1);
  }

  /** Number of records from the batch header. */
  get recordCount(): number {
    return int32At(this.bytes, this.start + RECORD_COUNT);
  }

  /**
   * Sets the timestamp type and the highest timestamp. For `LogAppendTime`, the timestamp is the append time. Updates
   * the checksum if a value changes.
   */
  setMaxTimestamp(type: TimestampType, timestamp: number): void {
    if (type === this.timestampType && timestamp === this.maxTimestamp) return;
    requireInteger(timestamp, NONE, Number.MAX_SAFE_INTEGER, 'timestamp');
    const kept = this.attributes & ~LOG_APPEND_TIME_FLAG;
    this.bytes.writeInt16BE(type === 'LogAppendTime' ? kept | LOG_APPEND_TIME_FLAG : kept, this.start + ATTRIBUTES);
    writeInt64(this.bytes, this.start + MAX_TIMESTAMP, timestamp);
    this.bytes.writeUInt32BE(this.computeCrc(), this.start + CRC);
  }

  /** Returns the CRC-32C of the bytes from the attributes to the end, unsigned. */
  computeCrc(): number {
    const { buffer, byteOffset } = this.bytes;
    const from = this.start + ATTRIBUTES;
    // A Uint8Array is cheaper to create than a Buffer.
    return crc32c(new Uint8Array(buffer, byteOffset + from, this.end - from));
  }

  /**
   * Verifies the checksum.
   *
   * @throws {@link RecordsError} `CRC_MISMATCH`.
   */
  checkCrc(): void {
    const actual = this.computeCrc();
    if (actual !== this.crc) throw crcMismatch(this.start + CRC, this.crc, actual);
  }
}

// Errors are created in separate functions, so that the hot functions stay small enough to be inlined.

function truncated(at: number, what: string, left: number): RecordsError {
  return new RecordsError('TRUNCATED', at, `${what} in ${String(left)} bytes`);
}

function invalidLength(at: number, length: number): RecordsError {
  return new RecordsError('INVALID_LENGTH', at, `a batch length of ${String(length)}`);
}

function crcMismatch(at: number, stated: number, actual: number): RecordsError {
  return new RecordsError('CRC_MISMATCH', at, `a checksum of ${String(stated)} for bytes with ${String(actual)}`);
}

function unsupportedMagic(bytes: Buffer, at: number): RecordsError {
  const magic = (bytes[at]! << 24) >> 24;
  const what = magic === 0 || magic === 1 ? ': a message set of before Kafka 0.11, which Kafka 4 does not take' : '';
  return new RecordsError('UNSUPPORTED_MAGIC', at, `magic ${String(magic)} instead of 2${what}`);
}
