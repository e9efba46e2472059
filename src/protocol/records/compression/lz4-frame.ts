import { corrupt } from './limits.js';

// The frame format of LZ4, as far as sizes go: where a frame ends, and how many bytes it can become. Decompressing is
// the library's.

const FRAME_MAGIC = 0x184d2204;
/** The least of 16 magics of frames that are to be skipped. */
const SKIPPABLE_MAGIC = 0x184d2a50;

// Bits of the frame descriptor's first byte.
const VERSION_MASK = 0xc0;
const VERSION_1 = 0x40;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const UNKNOWN = 0x02;
const DICTIONARY = 0x01;

const UNCOMPRESSED_BLOCK = 0x8000_0000;
/** A byte of a match's length stands for 255 bytes at most. */
const MAX_RATIO = 255;

/** A frame within its input. */
export interface Lz4Frame {
  /** Offset after its last byte. */
  readonly end: number;
  /** The most bytes that it can become; 0 for one that is to be skipped. */
  readonly size: number;
  readonly skippable: boolean;
}

/**
 * Measures the frame at `start` without decompressing it.
 *
 * @param exact - Whether to go through every sequence for the exact size, instead of an upper bound by the blocks.
 */
export function measureLz4Frame(bytes: Buffer, start: number, exact: boolean): Lz4Frame {
  const magic = uint32At(bytes, start);
  if (magic >= SKIPPABLE_MAGIC && magic < SKIPPABLE_MAGIC + 16) {
    const end = start + 8 + uint32At(bytes, start + 4);
    if (end > bytes.length) throw truncated(start);
    return { end, size: 0, skippable: true };
  }
  if (magic !== FRAME_MAGIC) throw corrupt(start, 'no frame of lz4');
  if (bytes.length < start + 7) throw truncated(start);

  const flags = bytes[start + 4]!;
  const blockCode = (bytes[start + 5]! >> 4) & 7;
  if ((flags & VERSION_MASK) !== VERSION_1 || (flags & (UNKNOWN | DICTIONARY)) !== 0 || blockCode < 4) {
    throw corrupt(start + 4, 'a frame of lz4 with settings that nobody writes for Kafka');
  }
  const largestBlock = 2 ** (8 + 2 * blockCode);
  const checksum = flags & BLOCK_CHECKSUM ? 4 : 0;

  // Magic, flags, block size, header checksum.
  let at = start + 7 + (flags & CONTENT_SIZE ? 8 : 0);
  let size = 0;
  for (;;) {
    const header = uint32At(bytes, at);
    at += 4;
    if (header === 0) break;
    const compressed = header < UNCOMPRESSED_BLOCK;
    const blockSize = compressed ? header : header - UNCOMPRESSED_BLOCK;
    const end = at + blockSize;
    if (end + checksum > bytes.length) throw truncated(start);
    if (!compressed) size += blockSize;
    else if (exact) size += exactBlockSize(bytes, at, end);
    else size += Math.min(largestBlock, blockSize * MAX_RATIO);
    at = end + checksum;
  }
  if (flags & CONTENT_CHECKSUM) at += 4;
  if (at > bytes.length) throw truncated(start);
  return { end: at, size, skippable: false };
}

/** Adds up the sequences of one block: each is literals, then a match of bytes before it, save the last. */
function exactBlockSize(bytes: Buffer, start: number, end: number): number {
  let size = 0;
  let at = start;
  const length = (nibble: number): number => {
    let value = nibble;
    if (nibble === 15) {
      let byte: number;
      do {
        if (at >= end) throw truncated(start);
        byte = bytes[at++]!;
        value += byte;
      } while (byte === 255);
    }
    return value;
  };
  while (at < end) {
    const token = bytes[at++]!;
    const literals = length(token >> 4);
    size += literals;
    at += literals;
    if (at >= end) break;
    at += 2;
    size += length(token & 15) + 4;
  }
  return size;
}

function uint32At(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw truncated(at);
  return bytes.readUInt32LE(at);
}

function truncated(at: number): Error {
  return corrupt(at, 'a frame of lz4 that is not all there');
}
