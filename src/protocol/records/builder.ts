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
 * Builds one record batch of magic 2: append records, then {@link RecordBatchBuilder.build}.
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

  /** @throws {@link EncodeError} for an option that is out of its range or does not go with another. */
  constructor(options: RecordBatchOptions = {}) {
    this.#settings = batchSettings(options);
    this.#bytes = Buffer.allocUnsafe(Math.min(INITIAL_BYTES, this.#settings.maxBytes));
    this.#nextOffset = this.#settings.baseOffset ?? 0;
    this.#baseOffset = this.#nextOffset;
  }

  /**
   * A builder whose batch has all that the header of another has: compression, producer, time of the append and the
   * rest, with its base offset. For compaction, and for other compression.
   *
   * @param options - What is to be different.
   */
  static like(batch: RecordBatch, options: RecordBatchOptions = {}): RecordBatchBuilder {
    return new RecordBatchBuilder({ ...optionsLike(batch), ...options });
  }

  /** How many records have been appended. */
  get recordCount(): number {
    return this.#count;
  }

  /** Size of the batch with its header and without compression, in bytes: exact when there is none. */
  get sizeInBytes(): number {
    return this.#position;
  }

  /** The offset that the next record gets unless it names one. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /**
   * Appends a record.
   *
   * @returns false, with nothing appended, when the batch would pass `maxBytes`; the first record is always taken.
   * @throws {@link EncodeError} for a field that cannot be written, with its path.
   */
  append(record: RecordInit): boolean {
    const at = this.#begin(record.offset ?? this.#nextOffset, record.timestamp, sizeOfBody(record));
    if (at < 0) return false;
    this.#position = writeBody(this.#bytes, at, record);
    return true;
  }

  /**
   * Appends the current record of a reader as it is, with its offset and timestamp: key, value and headers are copied in
   * one piece and not looked into.
   *
   * @param offset - Default: the record's own.
   * @returns as {@link RecordBatchBuilder.append}.
   */
  appendFrom(reader: RecordReader, offset: number = reader.offset): boolean {
    const { body } = reader;
    const at = this.#begin(offset, reader.timestamp, body.length);
    if (at < 0) return false;
    this.#position = copyBytes(this.#bytes, at, body);
    return true;
  }

  /**
   * Makes the batch. The builder is at its end then. Without compression the batch lies in memory of up to twice its size:
   * who keeps many of them copies them.
   *
   * @param lastOffset - The last offset of the batch, where compaction took away records behind the last that is left:
   * a producer's sequence goes on from it. Default: that of the last record. A batch without records is made only with it.
   * @throws {@link EncodeError} when there is neither a record nor a `lastOffset`.
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

  /** Writes what is before the body of a record and returns where the body goes; -1 when there is no room for it. */
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
    // Nobody has timed an empty batch, save its delete horizon.
    if (this.#count === 0) this.#baseTimestamp = this.#settings.deleteHorizon ?? NONE;
  }
}

/** One batch of the records, without a limit on its size. */
export function buildBatch(records: Iterable<RecordInit>, options: Omit<RecordBatchOptions, 'maxBytes'> = {}): Buffer {
  const builder = new RecordBatchBuilder({ ...options, maxBytes: undefined });
  for (const record of records) builder.append(record);
  return builder.build();
}
