import { describeValue, EncodeError } from './errors.js';
import type { RecordsInit } from './records-init.js';
import { encodeUuid, MAX_STRING_BYTES, NIL_UUID } from './strings.js';

/** Writes one element of an array. */
export type WriteElement<T> = (writer: Writer, value: T, version: number) => void;

/** Default size of a writer's slab, in bytes. A larger value gets a larger slab. */
export const SLAB_BYTES: number = 64 * 1024;

/** Byte runs of at least this size become separate pieces without a copy. Smaller runs are cheaper to copy. */
const COPY_LIMIT_BYTES = 4 * 1024;

/** Longest string that is written character by character. For longer strings the native encoder is faster. */
const SHORT_STRING = 40;

const words = new Uint32Array(2);
const int64Cell = new BigInt64Array(words.buffer);
const float64Cell = new Float64Array(words.buffer);

/** A position in the output since the last take. @internal */
export interface Checkpoint {
  slab: Buffer;
  begin: number;
  position: number;
  pieces: number;
  pieceBytes: number;
  releases: number;
}

/**
 * Writes the primitive types of the Kafka protocol, big-endian, as a list of pieces. Small values are copied into its
 * own memory. Byte runs of 4 KiB or more remain in the caller's memory and are not copied. Throws {@link EncodeError}
 * for a value of the wrong type or out of range; values are never truncated.
 */
export class Writer {
  /** The memory for output; replaced by a larger slab if a piece outgrows it. @internal */
  slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Offset of the next byte in the slab. @internal */
  position = 0;
  /** Start of the open piece in the slab. */
  private begin = 0;
  /** Closed pieces and their total size in bytes. */
  private pieces: Uint8Array[] = [];
  private pieceBytes = 0;
  private releases: (() => void)[] = [];
  /** Number of open tagged fields. Their size precedes their content, so the content must stay in one piece. */
  private openTags = 0;
  private readonly defaults: boolean;

  /** @param defaults - Whether to write Kafka's default for missing fields, even for required ones. */
  constructor({ defaults = false }: { defaults?: boolean } = {}) {
    this.defaults = defaults;
  }

  /** Number of bytes written since the last {@link take}. */
  get length(): number {
    return this.pieceBytes + this.position - this.begin;
  }

  /** Whether {@link take} would return one piece that is entirely in the writer's own memory. @internal */
  get inOnePiece(): boolean {
    return this.pieces.length === 0;
  }

  int8(value: number): void {
    if (typeof value !== 'number' || (value << 24) >> 24 !== value) value = this.instead(value, 'an int8', 0);
    const at = this.reserve(1);
    this.slab[at] = value;
  }

  bool(value: boolean): void {
    if (typeof value !== 'boolean') value = this.instead(value, 'a boolean', false);
    const at = this.reserve(1);
    this.slab[at] = value ? 1 : 0;
  }

  int16(value: number): void {
    if (typeof value !== 'number' || (value << 16) >> 16 !== value) value = this.instead(value, 'an int16', 0);
    const at = this.reserve(2);
    const slab = this.slab;
    slab[at] = value >>> 8;
    slab[at + 1] = value;
  }

  uint16(value: number): void {
    if (typeof value !== 'number' || (value & 0xffff) !== value) value = this.instead(value, 'a uint16', 0);
    const at = this.reserve(2);
    const slab = this.slab;
    slab[at] = value >>> 8;
    slab[at + 1] = value;
  }

  int32(value: number): void {
    if (typeof value !== 'number' || (value | 0) !== value) value = this.instead(value, 'an int32', 0);
    const at = this.reserve(4);
    const slab = this.slab;
    slab[at] = value >>> 24;
    slab[at + 1] = value >>> 16;
    slab[at + 2] = value >>> 8;
    slab[at + 3] = value;
  }

  int64(value: bigint): void {
    if (typeof value !== 'bigint') value = this.instead(value, 'a bigint', 0n);
    int64Cell[0] = value;
    if (int64Cell[0] !== value) this.reject(value, 'a bigint of 64 bits');
    this.cell();
  }

  float64(value: number): void {
    if (typeof value !== 'number') value = this.instead(value, 'a number', 0);
    float64Cell[0] = value;
    this.cell();
  }

  uuid(value: string): void {
    if (value === undefined) value = this.instead(value, 'a uuid', NIL_UUID);
    const at = this.reserve(16);
    const { slab } = this;
    if (value === NIL_UUID) for (let index = at; index < at + 16; index++) slab[index] = 0;
    else if (typeof value !== 'string' || !encodeUuid(value, slab, at)) this.reject(value, 'a dashed uuid');
  }

  /** Writes an unsigned varint of 32 bits. */
  uvarint(value: number): void {
    // Nearly all varints take one byte: lengths, counts, tags.
    if (value < 0x80 && value >= 0) {
      const at = this.reserve(1);
      this.slab[at] = value;
      return;
    }
    const at = this.reserve(5);
    this.position = this.putUvarint(value, at);
  }

  string(value: string, flexible: boolean): void {
    if (typeof value !== 'string') value = this.instead(value, 'a string', '');
    const length = value.length;
    if (length <= SHORT_STRING) {
      const lengthSize = flexible ? 1 : 2;
      const start = this.reserve(lengthSize + length);
      const slab = this.slab;
      let at = start + lengthSize;
      for (let index = 0; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code > 0x7f) break;
        slab[at++] = code;
      }
      if (at === this.position) {
        if (flexible) slab[start] = length + 1;
        else {
          slab[start] = 0;
          slab[start + 1] = length;
        }
        return;
      }
      this.position = start;
    }
    this.longString(value, flexible);
  }

  nullableString(value: string | null, flexible: boolean): void {
    if (value !== null) this.string(value, flexible);
    else if (flexible) this.uvarint(0);
    else this.int16(-1);
  }

  /** Writes encoded bytes without a length. @internal */
  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.slab.set(bytes, at);
  }

  bytes(value: Uint8Array, flexible: boolean): void {
    if (!(value instanceof Uint8Array)) value = this.instead(value, 'a Uint8Array', new Uint8Array(0));
    this.lengthPrefix(value.length, flexible);
    this.run(value);
  }

  nullableBytes(value: Uint8Array | null, flexible: boolean): void {
    if (value === null) this.lengthPrefix(-1, flexible);
    else this.bytes(value, flexible);
  }

  /** Writes record batches. The caller of {@link take} must call their `release`. */
  records(value: RecordsInit, flexible: boolean): void {
    if (value instanceof Uint8Array) {
      this.lengthPrefix(value.length, flexible);
      this.run(value);
      return;
    }
    // Missing records default to null, which is rejected here: empty records would be a valid response.
    if (typeof value !== 'object' || value === null) this.reject(value, 'records');
    const chunks = 'chunks' in value ? value.chunks : value;
    if (!Array.isArray(chunks)) this.reject(value, 'records');
    let length = 0;
    for (const chunk of chunks as readonly Uint8Array[]) {
      if (!(chunk instanceof Uint8Array)) this.reject(chunk, 'a chunk of records');
      length += chunk.length;
    }
    this.lengthPrefix(length, flexible);
    for (const chunk of chunks as readonly Uint8Array[]) this.run(chunk);
    if ('release' in value) this.releases.push(value.release.bind(value));
  }

  nullableRecords(value: RecordsInit | null, flexible: boolean): void {
    // Kafka's default is null, even in versions that reject null.
    if (value === null || (value === undefined && this.defaults)) this.lengthPrefix(-1, flexible);
    else this.records(value, flexible);
  }

  array<T>(value: readonly T[], write: WriteElement<T>, version: number, flexible: boolean): void {
    if (!Array.isArray(value)) value = this.instead(value, 'an array', []);
    this.lengthPrefix(value.length, flexible);
    for (let index = 0; index < value.length; index++) {
      const element = value[index];
      if (element === undefined || element === null) this.reject(element, 'an element');
      write(this, element, version);
    }
  }

  nullableArray<T>(value: readonly T[] | null, write: WriteElement<T>, version: number, flexible: boolean): void {
    if (value === undefined) value = this.instead<readonly T[] | null>(value, 'an array or null', []);
    if (value === null) this.lengthPrefix(-1, flexible);
    else this.array(value, write, version, flexible);
  }

  struct<T extends object>(value: T, write: WriteElement<T>, version: number): void {
    if (typeof value !== 'object' || value === null) value = this.instead(value, 'an object', {} as T);
    write(this, value, version);
  }

  nullableStruct<T extends object>(value: T | null, write: WriteElement<T>, version: number): void {
    this.int8(value === null ? -1 : 1);
    if (value !== null) this.struct(value, write, version);
  }

  /** Writes a nullable struct in a tagged field. A varint states whether it is present. @internal */
  nullableTaggedStruct<T extends object>(value: T | null, write: WriteElement<T>, version: number): void {
    this.uvarint(value === null ? 0 : 1);
    if (value !== null) this.struct(value, write, version);
  }

  /** Writes an empty section of tagged fields. */
  noTaggedFields(): void {
    const at = this.reserve(1);
    this.slab[at] = 0;
  }

  /** Begins a section of tagged fields. Returns a mark for {@link openTaggedField}. @internal */
  openTaggedFields(): number {
    return this.mark();
  }

  /** Begins a tagged field. Tags must ascend. Returns a mark for {@link closeTaggedField}. @internal */
  openTaggedField(section: number, tag: number): number {
    this.slab[this.begin + section]!++;
    this.uvarint(tag);
    this.openTags++;
    return this.mark();
  }

  /** Ends a tagged field: writes its size before its content. @internal */
  closeTaggedField(mark: number): void {
    this.openTags--;
    const size = this.position - this.begin - mark - 1;
    if (size >= 0x80) {
      // The size takes more than the reserved byte, so the content moves up.
      const more = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
      this.reserve(more);
      const from = this.begin + mark + 1;
      this.slab.copyWithin(from + more, from, from + size);
    }
    this.putUvarint(size, this.begin + mark);
  }

  /** Throws for a field that the version does not carry and that Kafka does not allow to be ignored. @internal */
  refuseField(field: string, version: number): never {
    throw new EncodeError('UNSUPPORTED_FIELD', `version ${String(version)} does not carry ${field}`);
  }

  /** Saves the current position. @internal */
  checkpoint(into: Checkpoint): void {
    into.slab = this.slab;
    into.begin = this.begin;
    into.position = this.position;
    into.pieces = this.pieces.length;
    into.pieceBytes = this.pieceBytes;
    into.releases = this.releases.length;
  }

  /** Returns the number of bytes written since a checkpoint. Requires that no take happened since. @internal */
  lengthSince(checkpoint: Checkpoint): number {
    return this.length - (checkpoint.pieceBytes + checkpoint.position - checkpoint.begin);
  }

  /** Writes an int32 into the space reserved directly after a checkpoint. @internal */
  fillInInt32(checkpoint: Checkpoint, value: number): void {
    const offset = checkpoint.position - checkpoint.begin;
    if (this.pieces.length === checkpoint.pieces) putInt32(this.slab, this.begin + offset, value);
    else putInt32(this.pieces[checkpoint.pieces]!, offset, value);
  }

  /** Discards all output since a checkpoint. @internal */
  rollBack(checkpoint: Checkpoint): void {
    this.slab = checkpoint.slab;
    this.begin = checkpoint.begin;
    this.position = checkpoint.position;
    this.pieces.length = checkpoint.pieces;
    this.pieceBytes = checkpoint.pieceBytes;
    this.releases.length = checkpoint.releases;
    this.openTags = 0;
  }

  /**
   * Returns the output as one piece or several. The bytes belong to the caller; the writer continues after them.
   */
  take(): Uint8Array | Uint8Array[] {
    if (this.pieces.length === 0) {
      const piece = this.slab.subarray(this.begin, this.position);
      this.begin = this.position;
      return piece;
    }
    this.closePiece();
    const pieces = this.pieces;
    this.pieces = [];
    this.pieceBytes = 0;
    return pieces;
  }

  /** Returns the `release` functions to call once the taken output has been written; null if none. @internal */
  takeReleases(): (() => void)[] | null {
    if (this.releases.length === 0) return null;
    const releases = this.releases;
    this.releases = [];
    return releases;
  }

  /** Continues at a position of a slab. All earlier output must have been taken. @internal */
  startAt(slab: Buffer, position: number): void {
    this.slab = slab;
    this.position = position;
    this.begin = position;
  }

  /** Reserves space in the open piece and returns its offset. @internal */
  reserve(size: number): number {
    const at = this.position;
    if (size > this.slab.length - at) return this.grow(size);
    this.position = at + size;
    return at;
  }

  private grow(size: number): number {
    const open = this.position - this.begin;
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * open, open + size));
    this.slab.copy(slab, 0, this.begin, this.position);
    this.slab = slab;
    this.begin = 0;
    this.position = open + size;
    return open;
  }

  /** Reserves one byte to fill in later. The returned mark stays valid if the slab grows. */
  private mark(): number {
    const at = this.reserve(1);
    this.slab[at] = 0;
    return at - this.begin;
  }

  /** Writes a varint into reserved space. Returns the offset after it. */
  private putUvarint(value: number, at: number): number {
    const slab = this.slab;
    while (value > 0x7f) {
      slab[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    slab[at++] = value;
    return at;
  }

  private lengthPrefix(length: number, flexible: boolean): void {
    if (flexible) this.uvarint(length + 1);
    else this.int32(length);
  }

  private longString(value: string, flexible: boolean): void {
    const length = Buffer.byteLength(value);
    // Compact lengths could be larger, but Kafka does not accept longer strings.
    if (length > MAX_STRING_BYTES) this.reject(value, `a string of at most ${String(MAX_STRING_BYTES)} bytes`);
    if (flexible) this.uvarint(length + 1);
    else this.int16(length);
    const at = this.reserve(length);
    this.slab.write(value, at, length, 'utf8');
  }

  private run(value: Uint8Array): void {
    if (value.length < COPY_LIMIT_BYTES || this.openTags > 0) {
      const at = this.reserve(value.length);
      this.slab.set(value, at);
      return;
    }
    this.closePiece();
    this.pieces.push(value);
    this.pieceBytes += value.length;
  }

  private closePiece(): void {
    if (this.position === this.begin) return;
    this.pieces.push(this.slab.subarray(this.begin, this.position));
    this.pieceBytes += this.position - this.begin;
    this.begin = this.position;
  }

  private cell(): void {
    const at = this.reserve(8);
    const slab = this.slab;
    const high = words[1]!;
    const low = words[0]!;
    slab[at] = high >>> 24;
    slab[at + 1] = high >>> 16;
    slab[at + 2] = high >>> 8;
    slab[at + 3] = high;
    slab[at + 4] = low >>> 24;
    slab[at + 5] = low >>> 16;
    slab[at + 6] = low >>> 8;
    slab[at + 7] = low;
  }

  /** Returns Kafka's default for a missing value if `defaults` is set. Otherwise rejects the value. */
  private instead<T>(value: unknown, wanted: string, fallback: T): T {
    if (value === undefined && this.defaults) return fallback;
    this.reject(value, wanted);
  }

  private reject(value: unknown, wanted: string): never {
    throw new EncodeError(
      'INVALID_VALUE',
      value === undefined ? `is required: ${wanted}` : `${describeValue(value)} is not ${wanted}`,
    );
  }
}

function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
