import { EncodeError } from '../../errors.js';
import { requireInteger } from '../integers.js';
import type { Compression } from './compression.js';
import { gunzip, gzip } from './gzip.js';
import { corrupt, type DecompressionLimits, outputLimit } from './limits.js';
import { lz4Compress, lz4Decompress } from './lz4.js';
import { snappyCompress, snappyDecompress } from './snappy.js';
import { zstdCompress, zstdDecompress } from './zstd.js';

/**
 * Compresses the records of a batch, without its header. Snappy output uses the framing of snappy-java. lz4 and zstd
 * output is one frame.
 *
 * @param level - For gzip: 1 to 9, 0 to store only, or -1 (default) for the default of zlib. For zstd: -131072 to 22,
 * default 3. Other compressions have no levels.
 * @throws {@link EncodeError} if the compression does not have the level.
 */
export function compress(compression: Compression, bytes: Buffer, level?: number): Buffer {
  checkLevel(compression, level);
  switch (compression) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzip(bytes, level ?? -1);
    case 'snappy':
      return snappyCompress(bytes);
    case 'lz4':
      return lz4Compress(bytes);
    case 'zstd':
      return zstdCompress(bytes, level ?? 3);
    default:
      throw unknown(compression);
  }
}

/**
 * Decompresses the records of a batch, without its header. Consecutive frames (in gzip: members) are concatenated.
 * Snappy input may use the framing of snappy-java or be a raw block.
 *
 * If the format declares the size of the output, the limits are checked before memory is allocated for it.
 *
 * @throws {@link RecordsError} `CORRUPT_COMPRESSION` or `LIMIT_EXCEEDED`.
 */
export function decompress(compression: Compression, bytes: Buffer, limits: DecompressionLimits = {}): Buffer {
  if (compression === 'none') return bytes;
  const limit = outputLimit(bytes.length, limits);
  if (bytes.length === 0) throw corrupt(0, `${compression} of no bytes`);
  switch (compression) {
    case 'gzip':
      return gunzip(bytes, limit);
    case 'snappy':
      return snappyDecompress(bytes, limit);
    case 'lz4':
      return lz4Decompress(bytes, limit);
    case 'zstd':
      return zstdDecompress(bytes, limit);
    default:
      throw unknown(compression);
  }
}

/** @throws EncodeError if the compression does not have the level. */
export function checkLevel(compression: Compression, level: number | undefined): void {
  if (level === undefined) return;
  if (compression === 'gzip') requireInteger(level, -1, 9, 'level');
  else if (compression === 'zstd') requireInteger(level, -131072, 22, 'level');
  else throw new EncodeError('INVALID_VALUE', `${String(level)}, but ${compression} has no levels`, 'level');
}

function unknown(compression: never): EncodeError {
  return new EncodeError('INVALID_VALUE', `'${String(compression)}', which Kafka does not know`, 'compression');
}
