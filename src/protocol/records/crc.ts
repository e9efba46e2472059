import { loadLibrary } from './libraries.js';

interface Crc32 {
  crc32c(bytes: Uint8Array): number;
}

let library: Crc32 | undefined;

/** CRC-32C (Castagnoli) of the bytes, unsigned. */
export function crc32c(bytes: Uint8Array): number {
  library ??= loadLibrary('@node-rs/crc32') as Crc32;
  return library.crc32c(bytes);
}
