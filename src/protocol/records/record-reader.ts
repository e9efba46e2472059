import { decodeUtf8 } from '../strings.js';
import type { RecordBatch } from './batch.js';
import type { Compression } from './compression/compression.js';
import { decompress } from './compression/index.js';
import type { DecompressionLimits } from './compression/limits.js';
import { RecordsError, type RecordsErrorCode } from './errors.js';
import { BATCH_HEADER_BYTES } from './layout.js';
import type { KafkaRecord, RecordHeader } from './record.js';

/** The fewest bytes that a record takes: seven fields of one byte. */
const LEAST_RECORD_BYTES = 7;
/** The fewest bytes that a header takes: two lengths. */
const LEAST_HEADER_BYTES = 2;

const TWO_27 = 2 ** 27;

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);
const NO_LIMITS: DecompressionLimits = Object.freeze({});
const NO_BYTES = Buffer.alloc(0);

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
  private bytes: Buffer = NO_BYTES;
  private end = 0;
  private baseOffset = 0;
  private baseTimestamp = 0;
  /** The time of the append, if it is that of all records. */
  private appendTime: number | null = null;
  private lastDelta = 0;
  private left = 0;
  private position = 0;
  private delta = -1;
  private currentTime = -1;
  private bodyAt = 0;
  private keyAt = 0;
  private keySize = -1;
  private valueAt = 0;
  private valueSize = -1;
  private headersAt = 0;
  private headersThere = 0;

  /**
   * Decompresses the batch if it is compressed.
   *
   * @throws {@link RecordsError} when the batch does not decompress, would become larger than the limits allow, or has
   * fewer bytes than its count of records needs.
   */
  constructor(batch: RecordBatch, limits: DecompressionLimits = NO_LIMITS) {
    this.reset(batch, limits);
  }

  /**
   * Starts over on another batch, so that one reader serves many.
   *
   * @internal
   */
  reset(batch: RecordBatch, limits: DecompressionLimits = NO_LIMITS): void {
    const { compression, end } = batch;
    const start = batch.start + BATCH_HEADER_BYTES;
    this.bytes = batch.bytes;
    this.position = start;
    this.end = end;
    // A batch that compaction has emptied holds nothing, not even an empty frame.
    if (compression !== 'none' && start !== end) this.decompress(compression, limits);
    this.baseOffset = batch.baseOffset;
    this.baseTimestamp = batch.baseTimestamp;
    this.appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : null;
    this.lastDelta = batch.lastOffsetDelta;
    this.left = batch.recordCount;
    this.delta = -1;
    if (this.left < 0 || this.left * LEAST_RECORD_BYTES > this.end - this.position) {
      this.fail('INVALID_COUNT', `${String(this.left)} records in ${String(this.end - this.position)} bytes`);
    }
  }

  /**
   * Lets go of the bytes: a reader that waits for the next batch does not keep the last one.
   *
   * @internal
   */
  clear(): void {
    this.bytes = NO_BYTES;
    this.position = 0;
    this.end = 0;
    this.left = 0;
  }

  /** Size of the records, decompressed, from the next one to the end. */
  get remainingBytes(): number {
    return this.end - this.position;
  }

  /**
   * Goes to the next record; false after the last.
   *
   * @throws {@link RecordsError} when the record is malformed, its offset is not after that of the record before or after
   * the batch's last, or bytes are left after the last record.
   */
  next(): boolean {
    if (this.left === 0) return this.expectEnd();
    const length = this.varint(this.end);
    const end = this.position + length;
    if (length < 0 || end > this.end) this.fail('INVALID_LENGTH', `a record of ${String(length)} bytes`);
    // Attributes: no bit has a meaning.
    this.position++;
    this.takeTime(end);
    this.takeOffset(end);
    this.bodyAt = this.position;

    this.keySize = this.nullableLength(end, 'a key');
    this.keyAt = this.skip(this.keySize);
    this.valueSize = this.nullableLength(end, 'a value');
    this.valueAt = this.skip(this.valueSize);
    this.checkHeaders(end);
    if (this.position !== end) this.fail('INVALID_LENGTH', `a record that should end at byte ${String(end)}`);
    this.left--;
    return true;
  }

  private decompress(compression: Compression, limits: DecompressionLimits): void {
    this.bytes = decompress(compression, this.bytes.subarray(this.position, this.end), limits);
    this.position = 0;
    this.end = this.bytes.length;
  }

  /** Absolute offset of the current record. */
  get offset(): number {
    return this.baseOffset + this.delta;
  }

  /** Timestamp of the current record in milliseconds since 1970: the producer's or that of the append; -1 for none. */
  get timestamp(): number {
    return this.currentTime;
  }

  /** Length of the current record's key in bytes; -1 for null. */
  get keyLength(): number {
    return this.keySize;
  }

  /** The current record's key: a view. */
  get key(): Buffer | null {
    return this.view(this.keyAt, this.keySize);
  }

  /** Length of the current record's value in bytes; -1 for null. */
  get valueLength(): number {
    return this.valueSize;
  }

  /** The current record's value: a view. */
  get value(): Buffer | null {
    return this.view(this.valueAt, this.valueSize);
  }

  /** How many headers the current record has. */
  get headerCount(): number {
    return this.headersThere;
  }

  /** The current record's headers, in their order; values are views. What is not UTF-8 in a name becomes U+FFFD. */
  get headers(): readonly RecordHeader[] {
    if (this.headersThere === 0) return NO_HEADERS;
    const next = this.position;
    this.position = this.headersAt;
    const headers: RecordHeader[] = [];
    for (let count = this.headersThere; count > 0; count--) {
      // Checked by next(), the end of the bytes included.
      const keyLength = this.varint(next);
      const keyAt = this.skip(keyLength);
      const valueLength = this.varint(next);
      const valueAt = this.skip(valueLength);
      const key = decodeUtf8(this.bytes, keyAt, keyAt + keyLength);
      headers.push({ key, value: this.view(valueAt, valueLength) });
    }
    this.position = next;
    return headers;
  }

  /**
   * Key, value and headers of the current record as their bytes stand in the batch: a view, which
   * {@link RecordBatchBuilder.appendFrom} takes over as it is.
   *
   * @internal
   */
  get body(): Buffer {
    return this.bytes.subarray(this.bodyAt, this.position);
  }

  /** The current record as an object of its own, which stays what it is when the reader goes on. */
  record(): KafkaRecord {
    return {
      offset: this.offset,
      timestamp: this.currentTime,
      key: this.key,
      value: this.value,
      headers: this.headers,
    };
  }

  private expectEnd(): false {
    if (this.position === this.end) return false;
    this.fail('TRAILING_BYTES', `${String(this.end - this.position)} bytes after the last record`);
  }

  private takeTime(end: number): void {
    const timestamp = this.baseTimestamp + this.varlong(end);
    if (!Number.isSafeInteger(timestamp)) this.fail('INVALID_VALUE', 'a timestamp that does not fit 53 bits');
    this.currentTime = this.appendTime ?? timestamp;
  }

  private takeOffset(end: number): void {
    const delta = this.varint(end);
    if (delta <= this.delta || delta > this.lastDelta) this.failOffset(delta);
    this.delta = delta;
  }

  private failOffset(delta: number): never {
    const range = `${String(this.delta + 1)} to ${String(this.lastDelta)}`;
    this.fail('INVALID_OFFSET', `an offset of ${String(delta)} in the batch instead of one from ${range}`);
  }

  private checkHeaders(end: number): void {
    const count = this.varint(end);
    this.headersAt = this.position;
    this.headersThere = count;
    if (count !== 0) this.checkEach(count, end);
  }

  private checkEach(count: number, end: number): void {
    if (count < 0 || count * LEAST_HEADER_BYTES > end - this.position) {
      this.fail('INVALID_COUNT', `${String(count)} headers in ${String(end - this.position)} bytes`);
    }
    for (let left = count; left > 0; left--) {
      const keyLength = this.nullableLength(end, 'the name of a header');
      if (keyLength < 0) this.fail('INVALID_LENGTH', 'a header without a name');
      this.skip(keyLength);
      this.skip(this.nullableLength(end, 'the value of a header'));
    }
  }

  /** A length that fits what is left; -1 for null. */
  private nullableLength(end: number, what: string): number {
    const length = this.varint(end);
    if (length < -1 || length > end - this.position) this.failLength(length, end, what);
    return length;
  }

  private failLength(length: number, end: number, what: string): never {
    this.fail('INVALID_LENGTH', `${what} of ${String(length)} in ${String(end - this.position)} bytes`);
  }

  private skip(length: number): number {
    const at = this.position;
    if (length > 0) this.position = at + length;
    return at;
  }

  private view(at: number, length: number): Buffer | null {
    return length < 0 ? null : this.bytes.subarray(at, at + length);
  }

  /** Zigzag varint of at most 5 bytes and 32 bits; padded forms are read. */
  private varint(end: number): number {
    const at = this.position;
    if (at < end) {
      const byte = this.bytes[at]!;
      // Most are one byte: offsets, lengths, counts.
      if (byte < 0x80) {
        this.position = at + 1;
        return (byte >>> 1) ^ -(byte & 1);
      }
    }
    return this.longVarint(end);
  }

  private longVarint(end: number): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte(end);
      if (shift === 28 && byte > 0x0f) this.fail('INVALID_VARINT', 'a varint wider than 5 bytes or 32 bits');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  }

  /** Zigzag varint of at most 10 bytes and 64 bits, as a number: exact as long as it fits 53 bits. */
  private varlong(end: number): number {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte(end);
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let high = 0;
    for (let index = 0, scale = 1; ; index++, scale *= 128) {
      const byte = this.byte(end);
      if (index === 5 && byte > 1) this.fail('INVALID_VARINT', 'a varint wider than 10 bytes or 64 bits');
      high += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    const magnitude = high * TWO_27 + (low >>> 1);
    return low & 1 ? -magnitude - 1 : magnitude;
  }

  private byte(end: number): number {
    if (this.position >= end) this.fail('TRUNCATED', 'a record that ends too early');
    return this.bytes[this.position++]!;
  }

  private fail(code: RecordsErrorCode, detail: string): never {
    throw new RecordsError(code, this.position, detail);
  }
}

/**
 * The records of a batch one after another, each an object of its own with views for key and value.
 *
 * @throws {@link RecordsError} as {@link RecordReader} does, when it comes to the record.
 */
export function* readRecords(
  batch: RecordBatch,
  limits: DecompressionLimits = NO_LIMITS,
): Generator<KafkaRecord, void, undefined> {
  const reader = new RecordReader(batch, limits);
  while (reader.next()) yield reader.record();
}
