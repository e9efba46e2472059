import { int32At } from '../integers.js';
import { loadLibrary } from '../libraries.js';
import { checkPieces, corrupt, overLimit } from './limits.js';

interface Snappy {
  compressSync(bytes: Uint8Array): Buffer;
  uncompressSync(bytes: Uint8Array): Buffer;
}

let library: Snappy | undefined;
const snappy = (): Snappy => (library ??= loadLibrary('snappy') as Snappy);

/** What snappy-java's streams begin with: a magic, then version 1, compatible with version 1. */
const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
const XERIAL_MAGIC_BYTES = 8;

/** The size of the blocks that snappy-java writes. */
const BLOCK_BYTES = 32 * 1024;

/** No element of snappy's format gives more bytes than 64 for 3. */
const MAX_RATIO = 22;

/** Writes the framing of snappy-java, which every client of Kafka reads: a header, then blocks with their sizes. */
export function snappyCompress(bytes: Buffer): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = snappy().compressSync(bytes.subarray(at, at + BLOCK_BYTES));
    const size = Buffer.allocUnsafe(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/** Reads the framing of snappy-java, and a single block without any, which librdkafka and others write. */
export function snappyDecompress(bytes: Buffer, limit: number): Buffer {
  const blocks = isXerial(bytes, 0) ? xerialBlocks(bytes) : [bytes];
  let total = 0;
  for (const block of blocks) {
    total += uncompressedBytes(block, block.byteOffset - bytes.byteOffset);
    if (total > limit) throw overLimit(limit);
  }
  const output = blocks.map(uncompress);
  return output.length === 1 ? output[0]! : Buffer.concat(output, total);
}

function isXerial(bytes: Buffer, at: number): boolean {
  if (bytes.length - at < XERIAL_HEADER.length) return false;
  return XERIAL_HEADER.compare(bytes, at, at + XERIAL_MAGIC_BYTES, 0, XERIAL_MAGIC_BYTES) === 0;
}

function xerialBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    // Streams one after another: the header comes again.
    if (isXerial(bytes, at)) {
      at += XERIAL_HEADER.length;
      continue;
    }
    const size = bytes.length - at < 4 ? -1 : int32At(bytes, at);
    if (size < 0 || size > bytes.length - at - 4) throw corrupt(at, 'a snappy block that is not all there');
    blocks.push(bytes.subarray(at + 4, at + 4 + size));
    checkPieces(blocks.length, bytes.length);
    at += 4 + size;
  }
  return blocks;
}

/** What a block says of its size, which it must be long enough for. */
function uncompressedBytes(block: Buffer, at: number): number {
  let size = 0;
  for (let index = 0; index < 5; index++) {
    const byte = block[index] ?? 0xff;
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      if (size > block.length * MAX_RATIO) break;
      return size;
    }
  }
  throw corrupt(at, `a snappy block of ${String(block.length)} bytes with a size that cannot be`);
}

function uncompress(block: Buffer): Buffer {
  try {
    return snappy().uncompressSync(block);
  } catch (cause) {
    throw corrupt(0, 'snappy that does not decompress', cause);
  }
}
