import { describeValue, EncodeError } from './errors.js';
import type { RecordsInit } from './records-init.js';
import { encodeUuid, MAX_STRING_BYTES, NIL_UUID } from './strings.js';

/** How one element of an array is written. */
export type WriteElement<T> = (writer: Writer, value: T, version: number) => void;

/** Size of the memory of a writer, unless one value needs more. */
export const SLAB_BYTES: number = 64 * 1024;

/** From here on, a run of bytes goes out as it is, beside the slab; below, a copy is cheaper than another piece. */
const COPY_LIMIT_BYTES = 4 * 1024;

/** The longest string that is written character by character: beyond it the native encoder is faster. */
const SHORT_STRING = 40;

const words = new Uint32Array(2);
const int64Cell = new BigInt64Array(words.buffer);
const float64Cell = new Float64Array(words.buffer);

/** A position in what was written since the last take. @internal */
export interface Checkpoint {
  slab: Buffer;
  begin: number;
  position: number;
  pieces: number;
  pieceBytes: number;
  releases: number;
}

/**
 * Writes the primitive types of the Kafka protocol, big-endian, as a list of pieces: its own memory for what is small,
 * and the caller's for runs of 4 KiB and more, which are never copied. A value of the wrong type or out of range throws
 * {@link EncodeError}; nothing is truncated to fit.
 */
export class Writer {
  /** The memory that is written to; replaced by larger memory when a piece outgrows it. @internal */
  slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where the next byte goes in the slab. @internal */
  position = 0;
  /** Where the open piece begins in the slab. */
  private begin = 0;
  /** Closed pieces, and how many bytes they hold. */
  private pieces: Uint8Array[] = [];
  private pieceBytes = 0;
  private releases: (() => void)[] = [];
  /** Tagged fields carry their size in front: their content must stay in one piece. */
  private openTags = 0;
  private readonly defaults: boolean;

  /** @param defaults - Write Kafka's default for a field that is left out, even where this library requires it. */
  constructor({ defaults = false }: { defaults?: boolean } = {}) {
    this.defaults = defaults;
  }

  /** Bytes written since the last {@link take}. */
  get length(): number {
    return this.pieceBytes + this.position - this.begin;
  }

  /** Whether {@link take} would hand over one piece, which is all in the writer's own memory. @internal */
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

  /** Unsigned varint of 32 bits. */
  uvarint(value: number): void {
    // Nearly all are one byte: lengths, counts, tags.
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

  /** Bytes as they are, without a length: what was encoded before. @internal */
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

  /** Record batches; an owner's `release` is called by whoever took the pieces. */
  records(value: RecordsInit, flexible: boolean): void {
    if (value instanceof Uint8Array) {
      this.lengthPrefix(value.length, flexible);
      this.run(value);
      return;
    }
    // Left out, they are null by default, which is refused here: empty records would be an answer.
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
    // Kafka's default is null, also where null is refused.
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

  /** A nullable struct in a tagged field: Kafka says there by a varint whether it is null. @internal */
  nullableTaggedStruct<T extends object>(value: T | null, write: WriteElement<T>, version: number): void {
    this.uvarint(value === null ? 0 : 1);
    if (value !== null) this.struct(value, write, version);
  }

  /** A section without a tagged field. */
  noTaggedFields(): void {
    const at = this.reserve(1);
    this.slab[at] = 0;
  }

  /** Begins a section of tagged fields; the result goes to {@link openTaggedField}. @internal */
  openTaggedFields(): number {
    return this.mark();
  }

  /** Begins one tagged field; tags ascend. The result goes to {@link closeTaggedField}. @internal */
  openTaggedField(section: number, tag: number): number {
    this.slab[this.begin + section]!++;
    this.uvarint(tag);
    this.openTags++;
    return this.mark();
  }

  /** Ends a tagged field by writing its size in front of it. @internal */
  closeTaggedField(mark: number): void {
    this.openTags--;
    const size = this.position - this.begin - mark - 1;
    if (size >= 0x80) {
      // The size takes more than the byte that was left for it: move the content up.
      const more = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
      this.reserve(more);
      const from = this.begin + mark + 1;
      this.slab.copyWithin(from + more, from, from + size);
    }
    this.putUvarint(size, this.begin + mark);
  }

  /** The version does not carry this field, and Kafka does not allow to drop it silently. @internal */
  refuseField(field: string, version: number): never {
    throw new EncodeError('UNSUPPORTED_FIELD', `version ${String(version)} does not carry ${field}`);
  }

  /** Notes the current position. @internal */
  checkpoint(into: Checkpoint): void {
    into.slab = this.slab;
    into.begin = this.begin;
    into.position = this.position;
    into.pieces = this.pieces.length;
    into.pieceBytes = this.pieceBytes;
    into.releases = this.releases.length;
  }

  /** How many bytes were written since a checkpoint; nothing was taken in between. @internal */
  lengthSince(checkpoint: Checkpoint): number {
    return this.length - (checkpoint.pieceBytes + checkpoint.position - checkpoint.begin);
  }

  /** Writes an int32 to the room that was made directly after a checkpoint. @internal */
  fillInInt32(checkpoint: Checkpoint, value: number): void {
    const offset = checkpoint.position - checkpoint.begin;
    if (this.pieces.length === checkpoint.pieces) putInt32(this.slab, this.begin + offset, value);
    else putInt32(this.pieces[checkpoint.pieces]!, offset, value);
  }

  /** Forgets everything that was written since a checkpoint. @internal */
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
   * Hands over what was written, as one piece or several. The bytes are the taker's; the writer goes on behind them.
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

  /** The owners who want their memory back once what was taken has been written. @internal */
  takeReleases(): (() => void)[] | null {
    if (this.releases.length === 0) return null;
    const releases = this.releases;
    this.releases = [];
    return releases;
  }

  /** Writes on at a position of a slab. Everything written before must have been taken. @internal */
  startAt(slab: Buffer, position: number): void {
    this.slab = slab;
    this.position = position;
    this.begin = position;
  }

  /** Makes room in the open piece and moves on; returns where the room begins. @internal */
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

  /** Leaves one byte to be filled in later; the mark holds even when the slab grows. */
  private mark(): number {
    const at = this.reserve(1);
    this.slab[at] = 0;
    return at - this.begin;
  }

  /** Puts a varint where there is room for it; returns the offset after it. */
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
    // Compact lengths could say more, but Kafka takes no more.
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

  /** A value left out becomes Kafka's default where that was asked for; anything else wrong is refused. */
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
