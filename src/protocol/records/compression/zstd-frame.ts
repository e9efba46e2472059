import { corrupt } from './limits.js';

// The frame format of Zstandard (RFC 8878), as far as sizes go: where a frame ends, and how many bytes it can become.

const FRAME_MAGIC = 0xfd2fb528;
/** The least of 16 magics of frames that are to be skipped. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** No block gives more. */
const MAX_BLOCK_BYTES = 128 * 1024;

const RAW = 0;
const REPEATED_BYTE = 1;
const RESERVED = 3;

/** A frame within its input. */
export interface ZstdFrame {
  /** Offset after its last byte. */
  readonly end: number;
  /** The most bytes that it can become: what its header says, unless its blocks cannot give as much. */
  readonly size: number;
}

/** Measures the frame at `start` without decompressing it. */
export function measureZstdFrame(bytes: Buffer, start: number): ZstdFrame {
  const magic = littleEndian(bytes, start, 4);
  if (magic >= SKIPPABLE_MAGIC && magic < SKIPPABLE_MAGIC + 16) {
    const end = start + 8 + littleEndian(bytes, start + 4, 4);
    if (end > bytes.length) throw truncated(start);
    return { end, size: 0 };
  }
  if (magic !== FRAME_MAGIC) throw corrupt(start, 'no frame of zstd');

  const descriptor = littleEndian(bytes, start + 4, 1);
  const singleSegment = (descriptor & 0x20) !== 0;
  const windowBytes = singleSegment ? 0 : 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const sizeAt = start + 5 + windowBytes + dictionaryBytes;
  // Two bytes count from 256, for one byte reaches to there.
  const declared = sizeBytes === 0 ? Infinity : littleEndian(bytes, sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0);

  let at = sizeAt + sizeBytes;
  let size = 0;
  for (let last = false; !last;) {
    const header = littleEndian(bytes, at, 3);
    last = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    const blockSize = header >> 3;
    if (type === RESERVED || blockSize > MAX_BLOCK_BYTES) throw corrupt(at, 'a block of zstd that cannot be');
    size += type === RAW || type === REPEATED_BYTE ? blockSize : MAX_BLOCK_BYTES;
    at += 3 + (type === REPEATED_BYTE ? 1 : blockSize);
    if (at > bytes.length) throw truncated(start);
  }
  if (descriptor & 4) at += 4; // checksum
  if (at > bytes.length) throw truncated(start);
  if (declared !== Infinity && declared > size) throw corrupt(start, 'a frame of zstd with a size that cannot be');
  return { end: at, size: Math.min(declared, size) };
}

function littleEndian(bytes: Buffer, at: number, size: number): number {
  if (at + size > bytes.length) throw truncated(at);
  let value = 0;
  for (let index = size - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!;
  return value;
}

function truncated(at: number): Error {
  return corrupt(at, 'a frame of zstd that is not all there');
}
