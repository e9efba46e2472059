import { DecodeError, type DecodeErrorCode } from './errors.js';
import { decodeUtf8, decodeUuid, MAX_STRING_BYTES } from './strings.js';

/** How one element of an array is read. */
export type ReadElement<T> = (reader: Reader, version: number) => T;

// One 8-byte cell seen as words, as int64 and as float64: far cheaper than assembling a bigint from two halves.
const words = new Uint32Array(2);
const int64Cell = new BigInt64Array(words.buffer);
const float64Cell = new Float64Array(words.buffer);

const NO_BYTES = Buffer.alloc(0);

/** Elements that one message may hold, over all its arrays, unless told otherwise. */
export const DEFAULT_MAX_ELEMENTS = 1_000_000;

/**
 * Reads the primitive types of the Kafka protocol from a buffer, big-endian.
 *
 * Nothing is trusted: every length, count and varint is checked against the bytes that are there before anything is
 * made of it. All methods throw {@link DecodeError} and leave the position where reading stopped.
 */
export class Reader {
  private buffer: Buffer;
  private offset: number;
  private end: number;
  private elementsLeft: number;

  /**
   * @param bytes - What to read; the reader keeps views into it.
   * @param start - Offset of the first byte.
   * @param end - Offset after the last byte.
   * @param maxElements - How many array elements may be read before `TOO_MANY_ELEMENTS`.
   */
  constructor(bytes: Buffer, start = 0, end: number = bytes.length, maxElements: number = DEFAULT_MAX_ELEMENTS) {
    this.buffer = bytes;
    this.offset = start;
    this.end = end;
    this.elementsLeft = maxElements;
  }

  /**
   * Starts over on other bytes, so that one reader serves many messages.
   *
   * @internal
   */
  reset(bytes: Buffer, start: number, end: number, maxElements: number): void {
    // To store what is there already is not free: the garbage collector wants to know of it.
    if (this.buffer !== bytes) this.buffer = bytes;
    this.offset = start;
    this.end = end;
    this.elementsLeft = maxElements;
  }

  /**
   * Lets go of the bytes: a reader that waits for the next message does not keep the last one.
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

  /** Bytes left. */
  get remaining(): number {
    return this.end - this.offset;
  }

  int8(): number {
    const at = this.advance(1);
    return (this.buffer[at]! << 24) >> 24;
  }

  /** Any byte but 0 is true, as Kafka reads it. */
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

  /** Lower-case dashed uuid; {@link NIL_UUID} for none. */
  uuid(): string {
    return decodeUuid(this.buffer, this.advance(16));
  }

  /** Unsigned varint of at most 5 bytes and 32 bits; padded forms are read. */
  uvarint(): number {
    const at = this.offset;
    // Nearly all are one byte: lengths, counts, tags.
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
    // Compact lengths could say more, but Kafka takes no more.
    if (length > MAX_STRING_BYTES) this.fail('INVALID_LENGTH', `a string of ${String(length)} bytes`);
    const start = this.advance(length);
    return decodeUtf8(this.buffer, start, start + length);
  }

  bytes(flexible: boolean): Buffer {
    return this.nullableBytes(flexible) ?? this.unexpectedNull('bytes');
  }

  /** A view, not a copy. */
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
   * @param minSize - The fewest bytes that one element takes: a count that cannot fit is refused before reading on.
   */
  nullableArray<T>(read: ReadElement<T>, version: number, flexible: boolean, minSize: number): T[] | null {
    const count = flexible ? this.uvarint() - 1 : this.int32();
    if (count < 0) return this.null(count);
    if (count * minSize > this.remaining) {
      this.fail('TRUNCATED', `an array of ${String(count)} in ${String(this.remaining)} bytes`);
    }
    if (count > this.elementsLeft) this.fail('TOO_MANY_ELEMENTS', `more array elements than one message may hold`);
    this.elementsLeft -= count;
    // Grown by push: a count never decides an allocation before its elements have been read.
    // Short ones, such as replicas, are made as they are: an array that is pushed to makes room for 17 more at once.
    if (count === 0) return [];
    const first = read(this, version);
    if (count === 1) return [first];
    const second = read(this, version);
    if (count === 2) return [first, second];
    const elements: T[] = [first, second, read(this, version)];
    for (let index = 3; index < count; index++) elements.push(read(this, version));
    return elements;
  }

  /** Whether a nullable struct follows: one byte, negative for null. */
  present(): boolean {
    return this.int8() >= 0;
  }

  /**
   * Whether a nullable struct follows in a tagged field: a varint there, 0 for null.
   *
   * @internal
   */
  presentInTag(): boolean {
    return this.uvarint() > 0;
  }

  /** Skips a section of tagged fields none of which is known. */
  skipTaggedFields(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint();
      this.advance(this.uvarint());
    }
  }

  /**
   * Begins a tagged field after its tag: reads the size, returns the offset after the field.
   *
   * @internal
   */
  taggedFieldEnd(): number {
    const size = this.uvarint();
    if (size > this.remaining) this.truncated(size);
    return this.offset + size;
  }

  /**
   * Skips a tagged field that is not known.
   *
   * @internal
   */
  skipTo(end: number): void {
    this.offset = end;
  }

  /**
   * A known tagged field must take the bytes that it said.
   *
   * @internal
   */
  expectTaggedFieldEnd(end: number): void {
    if (this.offset !== end) this.fail('INVALID_LENGTH', `a tagged field that should end at byte ${String(end)}`);
  }

  /** Refuses bytes after the message. */
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
