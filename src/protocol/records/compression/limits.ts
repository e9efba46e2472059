import { constants } from 'node:buffer';
import { EncodeError } from '../../errors.js';
import { RecordsError } from '../errors.js';

/** What the decompression of one batch may produce. */
export interface DecompressionLimits {
  /** The most bytes that may come out. Default: 134217728 (128 MiB). */
  readonly maxBytes?: number | undefined;
  /** The most bytes that may come out for each byte that went in. Default: no such limit. */
  readonly maxRatio?: number | undefined;
}

const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;

/** The most bytes that `compressedBytes` may become. */
export function outputLimit(compressedBytes: number, limits: DecompressionLimits): number {
  const { maxBytes = DEFAULT_MAX_BYTES, maxRatio = Infinity } = limits;
  if (!(maxBytes >= 1)) throw new EncodeError('INVALID_VALUE', `${String(maxBytes)} instead of 1 or more`, 'maxBytes');
  if (!(maxRatio > 0)) throw new EncodeError('INVALID_VALUE', `${String(maxRatio)} instead of more than 0`, 'maxRatio');
  return Math.max(1, Math.floor(Math.min(maxBytes, maxRatio * compressedBytes, constants.MAX_LENGTH)));
}

/** Decompression that would give too much. */
export function overLimit(limit: number): RecordsError {
  return new RecordsError('LIMIT_EXCEEDED', 0, `records that decompress to more than ${String(limit)} bytes`);
}

/** Bytes that are no such compression. */
export function corrupt(at: number, detail: string, cause?: unknown): RecordsError {
  return new RecordsError('CORRUPT_COMPRESSION', at, detail, cause === undefined ? undefined : { cause });
}

/**
 * Counts the frames or blocks that are decompressed one by one. Each costs a call: thousands of honest size are welcome,
 * millions of a few bytes would stop the process for seconds.
 */
export function checkPieces(pieces: number, compressedBytes: number): void {
  const most = 4096 + (compressedBytes >>> 8);
  if (pieces > most) {
    throw new RecordsError('LIMIT_EXCEEDED', 0, `more than ${String(most)} frames in ${String(compressedBytes)} bytes`);
  }
}
