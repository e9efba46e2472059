import { CodedError } from '../protocol/errors.js';
import { findForeignProtocol, FOREIGN_PROTOCOL_BYTES, MIN_FOREIGN_LENGTH } from './foreign-protocol.js';

/** The length prefix of a frame is zero, negative, or over the limit. */
export class FrameLengthError extends CodedError {
  override readonly name: string = 'FrameLengthError';
  /** What is wrong, stable over releases. */
  readonly code: 'INVALID_LENGTH' | 'HTTP_REQUEST' | 'TLS_HANDSHAKE' = 'INVALID_LENGTH';

  /**
   * @param length - The length that was sent, in bytes.
   * @param limit - The most that is allowed, in bytes: `maxFrameBytes`.
   * @param message - Default: names both.
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
 * The first bytes of a connection are an HTTP request (`HTTP_REQUEST`) or a TLS handshake (`TLS_HANDSHAKE`) in place of
 * a Kafka request. `length` is what the first four bytes mean as the length of a frame.
 */
export class ForeignProtocolError extends FrameLengthError {
  override readonly name: string = 'ForeignProtocolError';
  /**
   * @param length - The first four bytes as an int32.
   * @param limit - The most that is allowed, in bytes: `maxFrameBytes`.
   * @param code - The protocol.
   * @param message - What they look like.
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

/** Up to here a frame may be a view into a chunk that it shares with others; a longer one has memory of its own. */
const OWN_MEMORY_BYTES = 64 * 1024;

/** Chunks below this are gathered into larger blocks, so that a frame that comes byte by byte costs no more than its bytes. */
const SMALL_CHUNK_BYTES = 4 * 1024;
const FIRST_BLOCK_BYTES = 256;
const MAX_BLOCK_BYTES = 64 * 1024;

/** What a frame has in front of it: its length. */
const PREFIX_BYTES = 4;

const NO_BYTES = Buffer.alloc(0);

/**
 * Splits a stream of bytes into length-prefixed frames. Memory follows the bytes that are there, never the length that
 * is declared; what was handed out is never written again.
 */
export class FrameReader {
  private readonly limit: number;
  /** Chunks not yet read, the first from `at` on. */
  private readonly chunks: Buffer[] = [];
  private at = 0;
  private bufferedBytes = 0;
  /** Length of the frame that has begun, or 0. */
  private length = 0;
  /** Whether no frame has begun yet: what comes may be of another protocol. */
  private isFirst = true;
  /** The last chunk, when it is a block of ours with room: how much of it is filled. */
  private block: Buffer | null = null;
  private blockFilled = 0;

  /** The frame that {@link next} found: a range of `bytes`; empty when it found none. */
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;

  /** @param limit - The longest frame to take, in bytes. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that came and are not yet part of a frame handed out. */
  get buffered(): number {
    return this.bufferedBytes;
  }

  /** Whether a frame has begun and is not yet there as a whole. */
  get partial(): boolean {
    return (this.bufferedBytes > 0 || this.length > 0) && !this.hasFrame;
  }

  /** Whether {@link next} would find a frame, or a length to complain about. */
  get hasFrame(): boolean {
    if (this.length > 0) return this.bufferedBytes >= this.length;
    if (this.bufferedBytes < PREFIX_BYTES) return false;
    const length = this.peekLength();
    return length <= 0 || length > this.limit || this.bufferedBytes - PREFIX_BYTES >= length;
  }

  /** Takes bytes as they come; keeps a reference to them. */
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
   * Looks for the next frame; false when more bytes are needed.
   *
   * @throws FrameLengthError for a length that is not allowed, ForeignProtocolError if the first frame is HTTP or TLS;
   * nothing after it can be read.
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
      // Most follow another one of the same chunk.
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

  /** Forgets everything. */
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

  /** The bytes that come next, up to `length` of them, in memory of their own. */
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
   * An idle connection pins neither its last frame nor the chunk around what it began: the one is let go of, a small
   * rest of the other is copied.
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
