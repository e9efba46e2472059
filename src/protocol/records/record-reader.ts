import type { RecordBatch } from './batch.js';
import type { DecompressionLimits } from './compression/limits.js';
import type { KafkaRecord, RecordHeader } from './record.js';
import { readHeaders, RecordCursor, view } from './record-cursor.js';

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/**
 * Goes through the records of a batch and makes nothing of them unless it is asked: whoever only counts or checks pays
 * no object per record.
 *
 * ```ts
 * const reader = new RecordReader(batch);
 * while (reader.next()) console.log(reader.offset, reader.value);
 * ```
 *
 * Every record is checked as a whole before it is the current one. Keys and values are views of the batch's buffer or,
 * where the batch is compressed, of the decompressed records.
 */
export class RecordReader {
  private readonly cursor: RecordCursor = new RecordCursor();
  private readonly bytes: Buffer;
  private readonly baseOffset: number;
  /** The time of the append, if it is that of all records. */
  private readonly appendTime: number | null;
  private left: number;

  /**
   * Decompresses the batch if it is compressed.
   *
   * @throws {@link RecordsError} when the batch does not decompress, would become larger than the limits allow, or has
   * fewer bytes than its count of records needs.
   */
  constructor(batch: RecordBatch, limits?: DecompressionLimits) {
    this.left = batch.recordCount;
    this.bytes = this.cursor.begin(batch, this.left, limits);
    this.baseOffset = batch.baseOffset;
    this.appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : null;
  }

  /** Size of the records, decompressed, from the next one to the end. */
  get remainingBytes(): number {
    return this.cursor.limit - this.cursor.end;
  }

  /**
   * Goes to the next record; false after the last.
   *
   * @throws {@link RecordsError} when the record is malformed, its offset is not after that of the record before or after
   * the batch's last, or bytes are left after the last record.
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

  /** Timestamp of the current record in milliseconds since 1970: the producer's or that of the append; -1 for none. */
  get timestamp(): number {
    return this.appendTime ?? this.cursor.timestamp;
  }

  /** Length of the current record's key in bytes; -1 for null. */
  get keyLength(): number {
    return this.cursor.keyLength;
  }

  /** The current record's key: a view. */
  get key(): Buffer | null {
    return view(this.bytes, this.cursor.keyAt, this.cursor.keyLength);
  }

  /** Length of the current record's value in bytes; -1 for null. */
  get valueLength(): number {
    return this.cursor.valueLength;
  }

  /** The current record's value: a view. */
  get value(): Buffer | null {
    return view(this.bytes, this.cursor.valueAt, this.cursor.valueLength);
  }

  /** How many headers the current record has. */
  get headerCount(): number {
    return this.cursor.headerCount;
  }

  /** The current record's headers, in their order; values are views. What is not UTF-8 in a name becomes U+FFFD. */
  get headers(): readonly RecordHeader[] {
    return this.cursor.headerCount === 0 ? NO_HEADERS : readHeaders(this.bytes, this.cursor);
  }

  /**
   * Key, value and headers of the current record as their bytes stand in the batch: a view, which
   * {@link RecordBatchBuilder.appendFrom} takes over as it is.
   *
   * @internal
   */
  get body(): Buffer {
    return this.bytes.subarray(this.cursor.bodyAt, this.cursor.end);
  }

  /** The current record as an object of its own, which stays what it is when the reader goes on. */
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
 * The records of a batch one after another, each an object of its own with views for key and value.
 *
 * @throws {@link RecordsError} as {@link RecordReader} does, when it comes to the record.
 */
export function* readRecords(
  batch: RecordBatch,
  limits?: DecompressionLimits,
): Generator<KafkaRecord, void, undefined> {
  const reader = new RecordReader(batch, limits);
  while (reader.next()) yield reader.record();
}
