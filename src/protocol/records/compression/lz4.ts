import { loadLibrary } from '../libraries.js';
import { checkPieces, corrupt, overLimit } from './limits.js';
import { measureLz4Frame } from './lz4-frame.js';

interface Lz4 {
  compressFrameSync(bytes: Buffer): Buffer;
  decompressFrameSync(bytes: Buffer): Buffer;
}

let library: Lz4 | undefined;
const lz4 = (): Lz4 => (library ??= loadLibrary('lz4-napi') as Lz4);

/** Writes one frame of independent blocks, which is what Kafka's Java client reads. */
export function lz4Compress(bytes: Buffer): Buffer {
  return lz4().compressFrameSync(bytes);
}

/** Reads all frames, one after another. */
export function lz4Decompress(bytes: Buffer, limit: number): Buffer {
  const frames = wholeFrames(bytes, limit, false) ?? wholeFrames(bytes, limit, true);
  if (frames === null) throw overLimit(limit);
  const output = frames.map(decompressFrame);
  return output.length === 1 ? output[0]! : Buffer.concat(output);
}

/** The frames in the bytes; null when they can become more than the limit. The library would read a part of a frame. */
function wholeFrames(bytes: Buffer, limit: number, exact: boolean): Buffer[] | null {
  const frames: Buffer[] = [];
  let total = 0;
  for (let at = 0, count = 1; at < bytes.length; count++) {
    checkPieces(count, bytes.length);
    const { end, size, skippable } = measureLz4Frame(bytes, at, exact);
    total += size;
    if (total > limit) return null;
    if (!skippable) frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}

function decompressFrame(frame: Buffer): Buffer {
  try {
    return lz4().decompressFrameSync(frame);
  } catch (cause) {
    throw corrupt(0, 'lz4 that does not decompress', cause);
  }
}
