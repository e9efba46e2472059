import { constants } from 'node:buffer';
import { EncodeError } from '../../errors.js';
import { RecordsError } from '../errors.js';

/** Limits for the decompression of one batch. */
export interface DecompressionLimits {
  /** Maximum size of the output in bytes, at least 1. Default: 134217728 (128 MiB). */
  readonly maxBytes?: number | undefined;
  /** Maximum number of output bytes for each input byte, more than 0. Default: no limit. */
  readonly maxRatio?: number | undefined;
}

const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;

/** Returns the maximum output size in bytes for an input of `compressedBytes`. */
export function outputLimit(compressedBytes: number, limits: DecompressionLimits): number {
  const { maxBytes = DEFAULT_MAX_BYTES, maxRatio = Infinity } = limits;
  if (!(maxBytes >= 1)) throw new EncodeError('INVALID_VALUE', `${String(maxBytes)} instead of 1 or more`, 'maxBytes');
  if (!(maxRatio > 0)) throw new EncodeError('INVALID_VALUE', `${String(maxRatio)} instead of more than 0`, 'maxRatio');
  return Math.max(1, Math.floor(Math.min(maxBytes, maxRatio * compressedBytes, constants.MAX_LENGTH)));
}

/** Creates the error for output that would exceed the limit. */
export function overLimit(limit: number): RecordsError {
  return new RecordsError('LIMIT_EXCEEDED', 0, `records that decompress to more than ${String(limit)} bytes`);
}

/** Creates the error for input that cannot be decompressed. */
export function corrupt(at: number, detail: string, cause?: unknown): RecordsError {
  return new RecordsError('CORRUPT_COMPRESSION', at, detail, cause === undefined ? undefined : { cause });
}

/**
 * Limits the number of frames or blocks that are decompressed one by one. Each requires a call, so millions of tiny
 * ones would block the process for seconds.
 */
export function checkPieces(pieces: number, compressedBytes: number): void {
  const most = 4096 + (compressedBytes >>> 8);
  if (pieces > most) {
    throw new RecordsError('LIMIT_EXCEEDED', 0, `more than ${String(most)} frames in ${String(compressedBytes)} bytes`);
  }
}
