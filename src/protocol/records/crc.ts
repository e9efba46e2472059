import { loadLibrary } from './libraries.js';

type Crc32c = (bytes: Uint8Array) => number;

let native: Crc32c | undefined;

/** Returns the CRC-32C (Castagnoli) of the bytes, unsigned. */
export function crc32c(bytes: Uint8Array): number {
  native ??= (loadLibrary('@node-rs/crc32') as { readonly crc32c: Crc32c }).crc32c;
  return native(bytes);
}
