import { CodedError } from '../protocol/errors.js';
import { findForeignProtocol, FOREIGN_PROTOCOL_BYTES, MIN_FOREIGN_LENGTH } from './foreign-protocol.js';

/** Reported when the length prefix of a frame is zero, negative, or over the limit. */
export class FrameLengthError extends CodedError {
  override readonly name: string = 'FrameLengthError';
  /** Stable error code. */
  readonly code: 'INVALID_LENGTH' | 'HTTP_REQUEST' | 'TLS_HANDSHAKE' = 'INVALID_LENGTH';

  /**
   * @param length - The received length in bytes.
   * @param limit - Maximum length in bytes: `maxFrameBytes`.
   * @param message - Default: a message with both values.
   */
  constructor(
    readonly length: number,
    readonly limit: number,
    message = `a frame of ${String(length)} bytes; 1 to ${String(limit)} are allowed`,
  ) {
    super(message);
  }
}

/**
 * Reported when the first bytes of a connection are an HTTP request (`HTTP_REQUEST`) or a TLS handshake
 * (`TLS_HANDSHAKE`) instead of a Kafka request. `length` is the value of the first four bytes as a frame length.
 */
export class ForeignProtocolError extends FrameLengthError {
  override readonly name: string = 'ForeignProtocolError';
  /**
   * @param length - The first four bytes as an int32.
   * @param limit - Maximum length in bytes: `maxFrameBytes`.
   * @param code - The detected protocol.
   * @param message - Description of the detected protocol.
   */
  constructor(
    length: number,
    limit: number,
    override readonly code: 'HTTP_REQUEST' | 'TLS_HANDSHAKE',
    message: string,
  ) {
    super(length, limit, message);
  }
}

/**
 * A frame of up to this size may be a view into a chunk shared with other frames. A larger frame has its own memory.
 */
const OWN_MEMORY_BYTES = 64 * 1024;

/** Smaller chunks are copied into larger blocks, so that a frame that arrives byte by byte takes no extra memory. */
const SMALL_CHUNK_BYTES = 4 * 1024;
const FIRST_BLOCK_BYTES = 256;
const MAX_BLOCK_BYTES = 64 * 1024;

/** Size of the length prefix of a frame. */
const PREFIX_BYTES = 4;

const NO_BYTES = Buffer.alloc(0);

/**
 * Splits a stream of bytes into length-prefixed frames. Allocates memory for the bytes that have arrived, never for the
 * declared length. Never writes to the memory of a returned frame.
 */
export class FrameReader {
  private readonly limit: number;
  /** Unread chunks. The first is unread from `at` on. */
  private readonly chunks: Buffer[] = [];
  private at = 0;
  private bufferedBytes = 0;
  /** Length of the incomplete frame, or 0. */
  private length = 0;
  /** Whether no frame has begun yet, so that the bytes may belong to another protocol. */
  private isFirst = true;
  /** The last chunk if it is our own block with free space, and its number of used bytes. */
  private block: Buffer | null = null;
  private blockFilled = 0;

  /** The frame that {@link next} found, as a range of `bytes`; empty if it found none. */
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;

  /** @param limit - Maximum length of a frame in bytes. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Number of received bytes that are not part of a returned frame. */
  get buffered(): number {
    return this.bufferedBytes;
  }

  /** Whether a frame has begun and is incomplete. */
  get partial(): boolean {
    return (this.bufferedBytes > 0 || this.length > 0) && !this.hasFrame;
  }

  /** Whether {@link next} would find a frame or throw for an invalid length. */
  get hasFrame(): boolean {
    if (this.length > 0) return this.bufferedBytes >= this.length;
    if (this.bufferedBytes < PREFIX_BYTES) return false;
    const length = this.peekLength();
    return length <= 0 || length > this.limit || this.bufferedBytes - PREFIX_BYTES >= length;
  }

  /** Adds received bytes. May keep a reference to them. */
  push(chunk: Buffer): void {
    this.bufferedBytes += chunk.length;
    if (this.chunks.length === 0) {
      this.chunks.push(chunk);
    } else if (chunk.length < SMALL_CHUNK_BYTES) {
      this.gather(chunk);
    } else {
      this.closeBlock();
      this.chunks.push(chunk);
    }
  }

  /**
   * Finds the next frame. Returns false if more bytes are needed.
   *
   * @throws FrameLengthError if the length is not allowed, ForeignProtocolError if the first frame is HTTP or TLS. The
   * stream cannot be read any further after an error.
   */
  next(): boolean {
    if (this.length === 0) {
      if (this.bufferedBytes < PREFIX_BYTES) return this.rest();
      const length = this.peekLength();
      if (this.isFirst) this.checkProtocol(length);
      if (length <= 0 || length > this.limit) throw new FrameLengthError(length, this.limit);
      this.skip(PREFIX_BYTES);
      this.length = length;
    }
    if (this.bufferedBytes < this.length) return this.rest();
    const length = this.length;
    this.length = 0;
    const first = this.chunks[0]!;
    const at = this.at;
    if (this.filled(first) - at >= length && (length <= OWN_MEMORY_BYTES || first.length - length <= PREFIX_BYTES)) {
      // Most frames follow another frame of the same chunk.
      if (this.bytes !== first) this.bytes = first;
      this.start = at;
      this.end = at + length;
      this.skip(length);
    } else {
      this.bytes = this.copy(length);
      this.start = 0;
      this.end = length;
    }
    return true;
  }

  /** Discards all bytes and resets the reader. */
  clear(): void {
    this.skip(this.bufferedBytes);
    this.length = 0;
    this.rest();
  }

  private filled(chunk: Buffer): number {
    return chunk === this.block ? this.blockFilled : chunk.length;
  }

  private checkProtocol(length: number): void {
    if (length <= 0 || length >= MIN_FOREIGN_LENGTH) {
      const found = findForeignProtocol(this.peek(FOREIGN_PROTOCOL_BYTES));
      if (found !== null) throw new ForeignProtocolError(length, this.limit, found.code, found.message);
    }
    this.isFirst = false;
  }

  private peekLength(): number {
    let length = 0;
    let index = 0;
    let at = this.at;
    for (let count = 0; count < PREFIX_BYTES; count++) {
      while (at >= this.filled(this.chunks[index]!)) {
        index++;
        at = 0;
      }
      length = (length << 8) | this.chunks[index]![at++]!;
    }
    return length;
  }

  private skip(count: number): void {
    this.bufferedBytes -= count;
    let at = this.at + count;
    let done = 0;
    while (done < this.chunks.length) {
      const filled = this.filled(this.chunks[done]!);
      if (at < filled) break;
      at -= filled;
      done++;
    }
    if (done === this.chunks.length) {
      this.chunks.length = 0;
      this.block = null;
    } else if (done > 0) {
      this.chunks.splice(0, done);
    }
    this.at = at;
  }

  private copy(length: number): Buffer {
    const frame = this.peek(length);
    this.skip(length);
    return frame;
  }

  /** Returns a copy of the next bytes, up to `length` of them. */
  private peek(length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, this.bufferedBytes));
    let written = 0;
    let at = this.at;
    for (let index = 0; written < bytes.length; index++) {
      const chunk = this.chunks[index]!;
      written += chunk.copy(bytes, written, at, Math.min(this.filled(chunk), at + bytes.length - written));
      at = 0;
    }
    return bytes;
  }

  /**
   * Releases the memory of an idle connection: drops the last frame, and copies a small remainder out of its chunk.
   */
  private rest(): false {
    this.bytes = NO_BYTES;
    this.start = 0;
    this.end = 0;
    if (this.bufferedBytes > 0 && this.bufferedBytes < SMALL_CHUNK_BYTES && this.chunks.length === 1) {
      const chunk = this.chunks[0]!;
      if (chunk !== this.block && chunk.length > this.bufferedBytes) {
        this.chunks.length = 0;
        this.block = null;
        this.gather(chunk.subarray(this.at));
        this.at = 0;
      }
    }
    return false;
  }

  private gather(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) {
      let block = this.block;
      if (block === null || this.blockFilled === block.length) block = this.openBlock(chunk.length - from);
      const copied = chunk.copy(block, this.blockFilled, from);
      this.blockFilled += copied;
      from += copied;
    }
  }

  private openBlock(least: number): Buffer {
    const last = this.block?.length ?? 0;
    const size = Math.min(MAX_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, 2 * last, least));
    this.closeBlock();
    const block = Buffer.allocUnsafeSlow(size);
    this.block = block;
    this.blockFilled = 0;
    this.chunks.push(block);
    return block;
  }

  private closeBlock(): void {
    const block = this.block;
    if (block === null) return;
    if (this.blockFilled < block.length) this.chunks[this.chunks.length - 1] = block.subarray(0, this.blockFilled);
    this.block = null;
  }
}
