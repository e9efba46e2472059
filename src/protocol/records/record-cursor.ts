import { decodeUtf8 } from '../strings.js';
import type { RecordBatch } from './batch.js';
import { decompress } from './compression/index.js';
import type { DecompressionLimits } from './compression/limits.js';
import { RecordsError, type RecordsErrorCode } from './errors.js';
import { BATCH_HEADER_BYTES } from './layout.js';
import type { RecordHeader } from './record.js';

/** Minimum size of a record in bytes: seven fields of one byte. */
const MIN_RECORD_BYTES = 7;
/** Minimum size of a header in bytes: two lengths. */
const MIN_HEADER_BYTES = 2;

const TWO_27 = 2 ** 27;

/**
 * Iterates over records and stores the positions of their fields. Hot path: one object holds all positions as numbers,
 * so that one cursor can read all batches of a process without allocations for each record and without references to a
 * batch.
 */
export class RecordCursor {
  /** Timestamp of the producer, in milliseconds since 1970; -1 for none. */
  timestamp = -1;
  /** Offset minus the base offset of the batch. */
  offsetDelta = -1;
  /** Start of the consecutive key, value and headers. */
  bodyAt = 0;
  keyAt = 0;
  /** Size in bytes; -1 for null. */
  keyLength = -1;
  valueAt = 0;
  /** Size in bytes; -1 for null. */
  valueLength = -1;
  headersAt = 0;
  headerCount = 0;
  /** Offset after the current record, where the next one begins. */
  end = 0;
  /** Offset after the last one. */
  limit = 0;
  private baseTimestamp = 0;
  private lastDelta = 0;

  /**
   * Moves to the position before the first record. Decompresses the batch if it is compressed.
   *
   * @returns The buffer that contains the records.
   * @throws {@link RecordsError}
   */
  begin(batch: RecordBatch, recordCount: number, limits: DecompressionLimits | undefined): Buffer {
    const { compression } = batch;
    let { bytes, end: limit } = batch;
    let at = batch.start + BATCH_HEADER_BYTES;
    // A batch that compaction has emptied contains no bytes, not even an empty frame.
    if (compression !== 'none' && at !== limit) {
      bytes = decompress(compression, bytes.subarray(at, limit), limits);
      at = 0;
      limit = bytes.length;
    }
    this.end = at;
    this.limit = limit;
    this.offsetDelta = -1;
    this.baseTimestamp = batch.baseTimestamp;
    this.lastDelta = batch.lastOffsetDelta;
    if (recordCount < 0 || recordCount * MIN_RECORD_BYTES > limit - at) failCount(recordCount, at, limit);
    return bytes;
  }

  /**
   * Moves to the next record and validates it.
   *
   * @param bytes - The buffer that {@link RecordCursor.begin} returned.
   * @throws {@link RecordsError} for the first problem found.
   */
  next(bytes: Buffer): void {
    const { limit } = this;
    const length = varint(bytes, this.end, limit);
    const end = next + length;
    if (length < 0 || end > limit) failRecord(length);
    // Skips the attributes, in which no bit is defined.
    const timestamp = this.baseTimestamp + varlong(bytes, next + 1, end);
    if (!Number.isSafeInteger(timestamp)) failTimestamp();
    this.timestamp = timestamp;
    const delta = varint(bytes, next, end);
    if (delta <= this.offsetDelta || delta > this.lastDelta) failOffset(delta, this.offsetDelta, this.lastDelta);
    this.offsetDelta = delta;
    this.bodyAt = next;
    this.keyLength = nullableLength(bytes, end, 'a key');
    this.keyAt = next;
    skip(this.keyLength);
    this.valueLength = nullableLength(bytes, end, 'a value');
    this.valueAt = next;
    skip(this.valueLength);
    const headerCount = varint(bytes, next, end);
    this.headersAt = next;
    this.headerCount = headerCount;
    if (headerCount !== 0) checkHeaders(bytes, headerCount, end);
    if (next !== end) failEnd(end);
    this.end = end;
  }

  /** @throws {@link RecordsError} if bytes remain after the last record. */
  expectEnd(): void {
    const left = this.limit - this.end;
    if (left > 0) fail('TRAILING_BYTES', this.end, `${String(left)} bytes after the last record`);
  }
}

/** Returns validated headers in their order. Values are views. Invalid UTF-8 in a key becomes U+FFFD. */
export function readHeaders(bytes: Buffer, { headersAt, headerCount, end }: RecordCursor): readonly RecordHeader[] {
  const headers: RecordHeader[] = [];
  next = headersAt;
  for (let left = headerCount; left > 0; left--) {
    const keyLength = varint(bytes, next, end);
    const keyAt = next;
    skip(keyLength);
    const valueLength = varint(bytes, next, end);
    const valueAt = next;
    skip(valueLength);
    const key = decodeUtf8(bytes, keyAt, keyAt + keyLength);
    headers.push({ key, value: view(bytes, valueAt, valueLength) });
  }
  return headers;
}

/** Returns a view of `length` bytes; null for a negative length. */
export function view(bytes: Buffer, at: number, length: number): Buffer | null {
  return length < 0 ? null : bytes.subarray(at, at + length);
}

/** End of the last value read. */
let next = 0;

function skip(length: number): void {
  if (length > 0) next += length;
}

function checkHeaders(bytes: Buffer, count: number, end: number): void {
  if (count < 0 || count * MIN_HEADER_BYTES > end - next) {
    fail('INVALID_COUNT', next, `${String(count)} headers in ${String(end - next)} bytes`);
  }
  for (let left = count; left > 0; left--) {
    const keyLength = nullableLength(bytes, end, 'the name of a header');
    if (keyLength < 0) fail('INVALID_LENGTH', next, 'a header without a name');
    skip(keyLength);
    skip(nullableLength(bytes, end, 'the value of a header'));
  }
}

/** Reads a length that does not exceed the remaining bytes; -1 for null. */
function nullableLength(bytes: Buffer, end: number, what: string): number {
  const length = varint(bytes, next, end);
  if (length < -1 || length > end - next) failLength(length, end, what);
  return length;
}

/** Reads a zigzag varint of at most 5 bytes and 32 bits. Accepts padded varints. */
function varint(bytes: Buffer, at: number, end: number): number {
  if (at < end) {
    const byte = bytes[at]!;
    // Most varints take one byte: offsets, lengths, counts.
    if (byte < 0x80) {
      next = at + 1;
      return (byte >>> 1) ^ -(byte & 1);
    }
  }
  return longVarint(bytes, at, end);
}

function longVarint(bytes: Buffer, at: number, end: number): number {
  next = at;
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = nextByte(bytes, end);
    if (shift === 28 && byte > 0x0f) fail('INVALID_VARINT', next, 'a varint wider than 5 bytes or 32 bits');
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
}

/** Reads a zigzag varint of at most 10 bytes and 64 bits as a number. Exact for values of up to 53 bits. */
function varlong(bytes: Buffer, at: number, end: number): number {
  next = at;
  let low = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = nextByte(bytes, end);
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
  }
  let high = 0;
  for (let index = 0, scale = 1; ; index++, scale *= 128) {
    const byte = nextByte(bytes, end);
    if (index === 5 && byte > 1) fail('INVALID_VARINT', next, 'a varint wider than 10 bytes or 64 bits');
    high += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  const magnitude = high * TWO_27 + (low >>> 1);
  return low & 1 ? -magnitude - 1 : magnitude;
}

function nextByte(bytes: Buffer, end: number): number {
  if (next >= end) fail('TRUNCATED', next, 'a record that ends too early');
  return bytes[next++]!;
}

// Errors are created in separate functions, so that the hot functions stay small enough to be inlined.

function failCount(count: number, at: number, limit: number): never {
  fail('INVALID_COUNT', at, `${String(count)} records in ${String(limit - at)} bytes`);
}

function failRecord(length: number): never {
  fail('INVALID_LENGTH', next, `a record of ${String(length)} bytes`);
}

function failTimestamp(): never {
  fail('INVALID_VALUE', next, 'a timestamp that does not fit 53 bits');
}

function failEnd(end: number): never {
  fail('INVALID_LENGTH', next, `a record that should end at byte ${String(end)}`);
}

function failOffset(delta: number, after: number, lastDelta: number): never {
  const range = `${String(after + 1)} to ${String(lastDelta)}`;
  fail('INVALID_OFFSET', next, `an offset of ${String(delta)} in the batch instead of one from ${range}`);
}

function failLength(length: number, end: number, what: string): never {
  fail('INVALID_LENGTH', next, `${what} of ${String(length)} in ${String(end - next)} bytes`);
}

function fail(code: RecordsErrorCode, at: number, detail: string): never {
  throw new RecordsError(code, at, detail);
}
