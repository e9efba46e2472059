import { EncodeError } from '../errors.js';
import type { RecordBatch } from './batch.js';
import { type BatchSettings, batchSettings, optionsLike, type RecordBatchOptions } from './builder-options.js';
import { compress } from './compression/index.js';
import { crc32c } from './crc.js';
import { MAX_INT32, requireInteger, writeInt64 } from './integers.js';
import {
  ATTRIBUTES,
  BASE_OFFSET,
  BASE_SEQUENCE,
  BASE_TIMESTAMP,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH,
  CRC,
  CURRENT_MAGIC,
  LAST_OFFSET_DELTA,
  LEADER_EPOCH,
  LOG_OVERHEAD,
  MAGIC,
  MAX_TIMESTAMP,
  NONE,
  PRODUCER_EPOCH,
  PRODUCER_ID,
  RECORD_COUNT,
} from './layout.js';
import type { RecordInit } from './record.js';
import type { RecordReader } from './record-reader.js';
import { copyBytes, sizeOfBody, writeBody } from './record-writer.js';
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.js';

const INITIAL_BYTES = 1024;

/**
 * Builds one record batch of magic 2. Append the records, then call {@link RecordBatchBuilder.build}.
 *
 * ```ts
 * const builder = new RecordBatchBuilder({ compression: 'zstd', maxBytes: 1_000_000 });
 * builder.append({ timestamp: Date.now(), key: Buffer.from('k'), value: Buffer.from('v') });
 * const batch = builder.build();
 * ```
 */
export class RecordBatchBuilder {
  readonly #settings: BatchSettings;
  #bytes: Buffer;
  #position = BATCH_HEADER_BYTES;
  #count = 0;
  #baseOffset = 0;
  #baseTimestamp = NONE;
  #maxTimestamp = NONE;
  #nextOffset: number;
  #built = false;

  /** @throws {@link EncodeError} if an option is out of range or conflicts with another option. */
  constructor(options: RecordBatchOptions = {}) {
    this.#settings = batchSettings(options);
    this.#bytes = Buffer.allocUnsafe(Math.min(INITIAL_BYTES, this.#settings.maxBytes));
    this.#nextOffset = this.#settings.baseOffset ?? 0;
    this.#baseOffset = this.#nextOffset;
  }

  /**
   * Creates a builder with the header fields of an existing batch, including base offset, compression, producer and
   * append time. Used for compaction and to change the compression.
   *
   * @param options - Options that override those of the batch.
   */
  static like(batch: RecordBatch, options: RecordBatchOptions = {}): RecordBatchBuilder {
    return new RecordBatchBuilder({ ...optionsLike(batch), ...options });
  }

  /** Number of appended records. */
  get recordCount(): number {
    return this.#count;
  }

  /** Size of the batch in bytes, including the header, before compression. */
  get sizeInBytes(): number {
    return this.#position;
  }

  /** Offset of the next record, unless that record specifies one. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /**
   * Appends a record.
   *
   * @returns Whether the record was appended: false if the batch would exceed `maxBytes`. The first record always fits.
   * @throws {@link EncodeError} with the path of the field if a field is invalid.
   */
  append(record: RecordInit): boolean {
    const at = this.#begin(record.offset ?? this.#nextOffset, record.timestamp, sizeOfBody(record));
    if (at < 0) return false;
    this.#position = writeBody(this.#bytes, at, record);
    return true;
  }

  /**
   * Appends the current record of a reader with its offset and timestamp. Copies key, value and headers as one piece,
   * without decoding them.
   *
   * @param offset - Offset of the record. Default: the offset that it has in the reader.
   * @returns Whether the record was appended, as in {@link RecordBatchBuilder.append}.
   */
  appendFrom(reader: RecordReader, offset: number = reader.offset): boolean {
    const { body } = reader;
    const at = this.#begin(offset, reader.timestamp, body.length);
    if (at < 0) return false;
    this.#position = copyBytes(this.#bytes, at, body);
    return true;
  }

  /**
   * Returns the batch. The builder cannot be used afterwards. Without compression, the batch is a view into memory of
   * up to twice its size, so copy it if you keep many batches.
   *
   * @param lastOffset - Last offset of the batch. Set it if compaction removed records after the last remaining one,
   * because the sequence numbers of the producer continue from it. Required for a batch without records. Default: the
   * offset of the last record.
   * @throws {@link EncodeError} if there is neither a record nor a `lastOffset`.
   */
  build(lastOffset: number = this.#nextOffset - 1): Buffer {
    requireInteger(lastOffset, Math.max(this.#baseOffset, this.#nextOffset - 1), Number.MAX_SAFE_INTEGER, 'lastOffset');
    this.#checkDelta(lastOffset, 'lastOffset');
    this.#finish();
    const { compression, level, logAppendTime } = this.#settings;
    let batch = this.#bytes.subarray(0, this.#position);
    if (compression !== 'none' && this.#count > 0) {
      const compressed = compress(compression, batch.subarray(BATCH_HEADER_BYTES), level);
      batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES + compressed.length);
      batch.set(compressed, BATCH_HEADER_BYTES);
    }
    writeInt64(batch, BASE_OFFSET, this.#baseOffset);
    batch.writeInt32BE(batch.length - LOG_OVERHEAD, BATCH_LENGTH);
    batch.writeInt32BE(this.#settings.partitionLeaderEpoch, LEADER_EPOCH);
    batch[MAGIC] = CURRENT_MAGIC;
    batch.writeInt16BE(this.#settings.attributes, ATTRIBUTES);
    batch.writeInt32BE(lastOffset - this.#baseOffset, LAST_OFFSET_DELTA);
    writeInt64(batch, BASE_TIMESTAMP, this.#baseTimestamp);
    writeInt64(batch, MAX_TIMESTAMP, logAppendTime ?? this.#maxTimestamp);
    writeInt64(batch, PRODUCER_ID, this.#settings.producerId);
    batch.writeInt16BE(this.#settings.producerEpoch, PRODUCER_EPOCH);
    batch.writeInt32BE(this.#settings.baseSequence, BASE_SEQUENCE);
    batch.writeInt32BE(this.#count, RECORD_COUNT);
    batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES)), CRC);
    return batch;
  }

  /**
   * Writes the fields before the body of a record. Returns the offset of the body, or -1 if the record does not fit.
   */
  #begin(offset: number, timestamp: number, bodySize: number): number {
    if (this.#built) throw new EncodeError('INVALID_VALUE', 'a record for a batch that has been built', 'record');
    requireInteger(offset, this.#nextOffset, Number.MAX_SAFE_INTEGER - 1, 'offset');
    requireInteger(timestamp, NONE, Number.MAX_SAFE_INTEGER, 'timestamp');
    const first = this.#count === 0;
    if (first) {
      this.#baseOffset = this.#settings.baseOffset ?? offset;
      this.#baseTimestamp = this.#settings.deleteHorizon ?? timestamp;
    }
    const offsetDelta = this.#checkDelta(offset, 'offset');
    const timestampDelta = timestamp - this.#baseTimestamp;

    const size = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + bodySize;
    const end = this.#position + sizeOfVarint(size) + size;
    if (end > this.#settings.maxBytes && !first) return -1;
    if (end > MAX_INT32) throw new EncodeError('INVALID_VALUE', `a batch of ${String(end)} bytes`, 'record');
    this.#reserve(end);

    const at = writeVarint(this.#bytes, this.#position, size);
    this.#bytes[at] = 0; // attributes
    this.#count++;
    this.#nextOffset = offset + 1;
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
    return writeVarint(this.#bytes, writeVarlong(this.#bytes, at + 1, timestampDelta), offsetDelta);
  }

  #checkDelta(offset: number, field: string): number {
    const delta = offset - this.#baseOffset;
    requireInteger(delta, 0, MAX_INT32, `${field} - baseOffset`);
    return delta;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(size, Math.min(2 * this.#bytes.length, this.#settings.maxBytes)));
    this.#bytes.copy(larger, 0, 0, this.#position);
    this.#bytes = larger;
  }

  #finish(): void {
    if (this.#built) throw new EncodeError('INVALID_VALUE', 'a batch that has been built', 'batch');
    this.#built = true;
    // An empty batch has no timestamp other than its delete horizon.
    if (this.#count === 0) this.#baseTimestamp = this.#settings.deleteHorizon ?? NONE;
  }
}

/** Builds one batch from the records, without a size limit. */
export function buildBatch(records: Iterable<RecordInit>, options: Omit<RecordBatchOptions, 'maxBytes'> = {}): Buffer {
  const builder = new RecordBatchBuilder({ ...options, maxBytes: undefined });
  for (const record of records) builder.append(record);
  return builder.build();
}
