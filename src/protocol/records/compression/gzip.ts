import { gunzipSync, gzipSync } from 'node:zlib';
import { corrupt, overLimit } from './limits.js';

export function gzip(bytes: Buffer, level: number): Buffer {
  return gzipSync(bytes, { level });
}

/** Reads all members, one after another. */
export function gunzip(bytes: Buffer, limit: number): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw overLimit(limit);
    throw corrupt(0, 'gzip that does not decompress', cause);
  }
}
