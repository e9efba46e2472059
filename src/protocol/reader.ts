import { DecodeError, type DecodeErrorCode } from './errors.js';
import { decodeUtf8, decodeUuid, MAX_STRING_BYTES } from './strings.js';

/** Reads one element of an array. */
export type ReadElement<T> = (reader: Reader, version: number) => T;

// One 8-byte cell, viewed as words, as int64 and as float64. This is far cheaper than building a bigint from two
// halves.
const words = new Uint32Array(2);
const int64Cell = new BigInt64Array(words.buffer);
const float64Cell = new Float64Array(words.buffer);

const NO_BYTES = Buffer.alloc(0);

/** Default maximum number of elements in all arrays of one message. */
export const DEFAULT_MAX_ELEMENTS = 1_000_000;

/**
 * Reads the primitive types of the Kafka protocol from a buffer, big-endian.
 *
 * Checks every length, count and varint against the remaining bytes before it allocates memory. All methods throw
 * {@link DecodeError} on invalid input and leave the position where reading stopped.
 */
export class Reader {
  private buffer: Buffer;
  private offset: number;
  private end: number;
  private elementsLeft: number;

  /**
   * @param bytes - The input. Values of type `Buffer` are views into it.
   * @param start - Offset of the first byte.
   * @param end - Offset after the last byte.
   * @param maxElements - Maximum number of array elements; more are rejected with `TOO_MANY_ELEMENTS`.
   */
  constructor(bytes: Buffer, start = 0, end: number = bytes.length, maxElements: number = DEFAULT_MAX_ELEMENTS) {
    this.buffer = bytes;
    this.offset = start;
    this.end = end;
    this.elementsLeft = maxElements;
  }

  /**
   * Resets the reader to other bytes, so that one reader can read many messages.
   *
   * @internal
   */
  reset(bytes: Buffer, start: number, end: number, maxElements: number): void {
    // Avoids the write barrier of the garbage collector if the buffer is unchanged.
    if (this.buffer !== bytes) this.buffer = bytes;
    this.offset = start;
    this.end = end;
    this.elementsLeft = maxElements;
  }

  /**
   * Releases the bytes, so that an idle reader does not keep the last message in memory.
   *
   * @internal
   */
  clear(): void {
    this.reset(NO_BYTES, 0, 0, 0);
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.offset;
  }

  /** Number of bytes left. */
  get remaining(): number {
    return this.end - this.offset;
  }

  int8(): number {
    const at = this.advance(1);
    return (this.buffer[at]! << 24) >> 24;
  }

  /** Reads a boolean. Any byte other than 0 is true, as in Kafka. */
  bool(): boolean {
    return this.buffer[this.advance(1)]! !== 0;
  }

  int16(): number {
    const at = this.advance(2);
    const bytes = this.buffer;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16)) >> 16;
  }

  uint16(): number {
    const at = this.advance(2);
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!;
  }

  int32(): number {
    const at = this.advance(4);
    const bytes = this.buffer;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  int64(): bigint {
    const at = this.advance(8);
    const bytes = this.buffer;
    words[1] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    words[0] = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
    return int64Cell[0]!;
  }

  float64(): number {
    const at = this.advance(8);
    words[1] = this.buffer.readUInt32BE(at);
    words[0] = this.buffer.readUInt32BE(at + 4);
    return float64Cell[0]!;
  }

  /** Reads a uuid and returns it in lower case with dashes; {@link NIL_UUID} if it is unset. */
  uuid(): string {
    return decodeUuid(this.buffer, this.advance(16));
  }

  /** Reads an unsigned varint of at most 5 bytes and 32 bits. Accepts padded varints. */
  uvarint(): number {
    const at = this.offset;
    // Nearly all varints take one byte: lengths, counts, tags.
    if (at < this.end && this.buffer[at]! < 0x80) {
      this.offset = at + 1;
      return this.buffer[at]!;
    }
    return this.longUvarint();
  }

  private longUvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.advance(1)]!;
      if (shift === 28 && (byte & 0xf0) !== 0) this.fail('INVALID_VARINT', 'a varint wider than 5 bytes or 32 bits');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value >>> 0;
  }

  string(flexible: boolean): string {
    return this.nullableString(flexible) ?? this.unexpectedNull('a string');
  }

  nullableString(flexible: boolean): string | null {
    const length = flexible ? this.uvarint() - 1 : this.int16();
    if (length < 0) return this.null(length);
    // Compact lengths could be larger, but Kafka does not accept longer strings.
    if (length > MAX_STRING_BYTES) this.fail('INVALID_LENGTH', `a string of ${String(length)} bytes`);
    const start = this.advance(length);
    return decodeUtf8(this.buffer, start, start + length);
  }

  bytes(flexible: boolean): Buffer {
    return this.nullableBytes(flexible) ?? this.unexpectedNull('bytes');
  }

  /** Reads bytes as a view into the input, without copying. */
  nullableBytes(flexible: boolean): Buffer | null {
    const length = flexible ? this.uvarint() - 1 : this.int32();
    if (length < 0) return this.null(length);
    const start = this.advance(length);
    return this.buffer.subarray(start, start + length);
  }

  array<T>(read: ReadElement<T>, version: number, flexible: boolean, minSize: number): T[] {
    return this.nullableArray(read, version, flexible, minSize) ?? this.unexpectedNull('an array');
  }

  /**
   * @param minSize - Minimum size of an element in bytes. A count that exceeds the remaining bytes is rejected
   * immediately.
   */
  nullableArray<T>(read: ReadElement<T>, version: number, flexible: boolean, minSize: number): T[] | null {
    const count = flexible ? this.uvarint() - 1 : this.int32();
    if (count < 0) return this.null(count);
    if (count * minSize > this.remaining) {
      this.fail('TRUNCATED', `an array of ${String(count)} in ${String(this.remaining)} bytes`);
    }
    if (count > this.elementsLeft) this.fail('TOO_MANY_ELEMENTS', `more array elements than one message may hold`);
    this.elementsLeft -= count;
    // Arrays grow by push, so that a count never causes an allocation before its elements have been read.
    // Short arrays, such as replicas, are created as literals: a push would allocate room for 17 elements.
    if (count === 0) return [];
    const first = read(this, version);
    if (count === 1) return [first];
    const second = read(this, version);
    if (count === 2) return [first, second];
    const elements: T[] = [first, second, read(this, version)];
    for (let index = 3; index < count; index++) elements.push(read(this, version));
    return elements;
  }

  /** Whether a nullable struct is present. Reads one byte, which is negative for null. */
  present(): boolean {
    return this.int8() >= 0;
  }

  /**
   * Whether a nullable struct is present in a tagged field. Reads a varint, which is 0 for null.
   *
   * @internal
   */
  presentInTag(): boolean {
    return this.uvarint() > 0;
  }

  /** Skips a section of tagged fields in which all fields are unknown. */
  skipTaggedFields(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint();
      this.advance(this.uvarint());
    }
  }

  /**
   * Reads the size of a tagged field and returns the offset after the field. Called after its tag was read.
   *
   * @internal
   */
  taggedFieldEnd(): number {
    const size = this.uvarint();
    if (size > this.remaining) this.truncated(size);
    return this.offset + size;
  }

  /**
   * Skips an unknown tagged field.
   *
   * @internal
   */
  skipTo(end: number): void {
    this.offset = end;
  }

  /**
   * Checks that a known tagged field ended at its declared size.
   *
   * @internal
   */
  expectTaggedFieldEnd(end: number): void {
    if (this.offset !== end) this.fail('INVALID_LENGTH', `a tagged field that should end at byte ${String(end)}`);
  }

  /** Checks that no bytes follow the message. */
  expectEnd(): void {
    if (this.remaining > 0) this.fail('TRAILING_BYTES', `${String(this.remaining)} bytes after the message`);
  }

  private advance(size: number): number {
    const at = this.offset;
    if (size > this.end - at) this.truncated(size);
    this.offset = at + size;
    return at;
  }

  private null(length: number): null {
    if (length !== -1) this.fail('INVALID_LENGTH', `a length of ${String(length)}`);
    return null;
  }

  private unexpectedNull(what: string): never {
    this.fail('UNEXPECTED_NULL', `null where ${what} is required`);
  }

  private truncated(size: number): never {
    this.fail('TRUNCATED', `${String(size)} bytes wanted, ${String(this.remaining)} left`);
  }

  private fail(code: DecodeErrorCode, detail: string): never {
    throw new DecodeError(code, this.offset, detail);
  }
}
