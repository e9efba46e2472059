import { RecordsError } from '../errors.js';
import { checkPieces, corrupt, overLimit } from './limits.js';
import { measureZstdFrame } from './zstd-frame.js';
import { releaseZstd, type Zstd, zstdLibrary } from './zstd-library.js';

// One library on every Node.js: the zstd in node:zlib of newer ones stops after the first of several frames, and takes
// a frame that is cut off for a whole one.

/** libzstd's code for output that is larger than its place. */
const OUTPUT_TOO_SMALL = -70;

/** The memory of the library can grow to this, in bytes. */
const MAX_MEMORY_BYTES = 2 ** 31;

/** Writes one frame with its size in the header. */
export function zstdCompress(bytes: Buffer, level: number): Buffer {
  const zstd = zstdLibrary();
  return run(zstd, bytes, zstd._ZSTD_compressBound(bytes.length), (to, capacity, from) =>
    zstd._ZSTD_compress(to, capacity, from, bytes.length, level),
  );
}

/** Reads all frames, one after another. */
export function zstdDecompress(bytes: Buffer, limit: number): Buffer {
  let most = 0;
  for (let at = 0, count = 1; at < bytes.length; count++) {
    checkPieces(count, bytes.length);
    const { end, size } = measureZstdFrame(bytes, at);
    most += size;
    at = end;
  }
  const zstd = zstdLibrary();
  return run(zstd, bytes, Math.min(most, limit), (to, capacity, from) => {
    const result = zstd._ZSTD_decompress(to, capacity, from, bytes.length);
    if (result === OUTPUT_TOO_SMALL && most > limit) throw overLimit(limit);
    return result;
  });
}

/** Copies the input into the library's memory, calls it, and copies out what it made. */
function run(
  zstd: Zstd,
  input: Buffer,
  capacity: number,
  call: (to: number, capacity: number, from: number) => number,
): Buffer {
  const size = input.length + capacity;
  const from = size < MAX_MEMORY_BYTES ? zstd._malloc(size) : 0;
  if (from === 0) throw new RecordsError('LIMIT_EXCEEDED', 0, `zstd needs ${String(size)} bytes that it does not have`);
  let broken = false;
  try {
    const to = from + input.length;
    zstd.HEAPU8.set(input, from);
    const result = call(to, capacity, from);
    if (zstd._ZSTD_isError(result)) throw corrupt(0, `zstd that its library refuses with error ${String(-result)}`);
    return Buffer.from(zstd.HEAPU8.subarray(to, to + result));
  } catch (error) {
    broken = !(error instanceof RecordsError);
    throw broken ? corrupt(0, 'zstd that makes its library fail', error) : error;
  } finally {
    if (!broken) zstd._free(from);
    releaseZstd(broken);
  }
}
