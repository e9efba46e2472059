import type { RecordBatch } from './batch.js';
import type { DecompressionLimits } from './compression/limits.js';
import type { KafkaRecord, RecordHeader } from './record.js';
import { readHeaders, RecordCursor, view } from './record-cursor.js';

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/**
 * Iterates over the records of a batch without creating an object for each record. Fields are decoded when they are
 * read.
 *
 * ```ts
 * const reader = new RecordReader(batch);
 * while (reader.next()) console.log(reader.offset, reader.value);
 * ```
 *
 * Each record is validated before it becomes the current one. Keys and values are views of the batch's buffer or, if
 * the batch is compressed, of the decompressed records.
 */
export class RecordReader {
  private readonly cursor: RecordCursor = new RecordCursor();
  private readonly bytes: Buffer;
  private readonly baseOffset: number;
  /** Append time if it is the timestamp of all records, otherwise null. */
  private readonly appendTime: number | null;
  private left: number;

  /**
   * Decompresses the batch if it is compressed.
   *
   * @throws {@link RecordsError} if the batch cannot be decompressed, would exceed the limits, or has too few bytes for
   * its record count.
   */
  constructor(batch: RecordBatch, limits?: DecompressionLimits) {
    this.left = batch.recordCount;
    this.bytes = this.cursor.begin(batch, this.left, limits);
    this.baseOffset = batch.baseOffset;
    this.appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : null;
  }

  /** Size of the remaining decompressed records in bytes. */
  get remainingBytes(): number {
    return this.cursor.limit - this.cursor.end;
  }

  /**
   * Moves to the next record. Returns false after the last record.
   *
   * @throws {@link RecordsError} if the record is malformed, its offset does not ascend or exceeds the last offset of
   * the batch, or bytes remain after the last record.
   */
  next(): boolean {
    if (this.left === 0) {
      this.cursor.expectEnd();
      return false;
    }
    this.cursor.next(this.bytes);
    this.left--;
    return true;
  }

  /** Absolute offset of the current record. */
  get offset(): number {
    return this.baseOffset + this.cursor.offsetDelta;
  }

  /** Timestamp of the current record in milliseconds since 1970: the producer's or the append time; -1 for none. */
  get timestamp(): number {
    return this.appendTime ?? this.cursor.timestamp;
  }

  /** Size of the current record's key in bytes; -1 for null. */
  get keyLength(): number {
    return this.cursor.keyLength;
  }

  /** Key of the current record, as a view. */
  get key(): Buffer | null {
    return view(this.bytes, this.cursor.keyAt, this.cursor.keyLength);
  }

  /** Size of the current record's value in bytes; -1 for null. */
  get valueLength(): number {
    return this.cursor.valueLength;
  }

  /** Value of the current record, as a view. */
  get value(): Buffer | null {
    return view(this.bytes, this.cursor.valueAt, this.cursor.valueLength);
  }

  /** Number of headers of the current record. */
  get headerCount(): number {
    return this.cursor.headerCount;
  }

  /** Headers of the current record in their order. Values are views. Invalid UTF-8 in a key becomes U+FFFD. */
  get headers(): readonly RecordHeader[] {
    return this.cursor.headerCount === 0 ? NO_HEADERS : readHeaders(this.bytes, this.cursor);
  }

  /**
   * Encoded key, value and headers of the current record, as a view. {@link RecordBatchBuilder.appendFrom} copies these
   * bytes.
   *
   * @internal
   */
  get body(): Buffer {
    return this.bytes.subarray(this.cursor.bodyAt, this.cursor.end);
  }

  /** Returns the current record as a new object, which does not change when the reader moves on. */
  record(): KafkaRecord {
    return {
      offset: this.offset,
      timestamp: this.timestamp,
      key: this.key,
      value: this.value,
      headers: this.headers,
    };
  }
}

/**
 * Iterates over the records of a batch. Each record is a new object whose key and value are views.
 *
 * @throws {@link RecordsError} on reaching an invalid record, as {@link RecordReader} does.
 */
export function* readRecords(
  batch: RecordBatch,
  limits?: DecompressionLimits,
): Generator<KafkaRecord, void, undefined> {
  const reader = new RecordReader(batch, limits);
  while (reader.next()) yield reader.record();
}
