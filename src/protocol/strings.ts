// Most strings on the wire repeat: client ids, topic names, software versions. A small cache returns the existing
// string, which is cheaper than decoding it again and keeps one copy in memory instead of thousands.

const SLOTS = 2048;
const LONGEST = 48;
/** Number of trailing bytes that the hash of a slot includes. */
const SAMPLE = 4;

const cache: string[] = new Array<string>(SLOTS).fill('');
/** Encoded bytes of each cached string and their lengths. Comparing bytes is faster than comparing characters. */
const cachedBytes = new Uint8Array(SLOTS * LONGEST);
const cachedLengths = new Uint8Array(SLOTS);

/** Decodes UTF-8 as Kafka does: invalid bytes become U+FFFD. */
export function decodeUtf8(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length === 0) return '';
  if (length > LONGEST) return bytes.toString('utf8', start, end);
  const slot = slotOf(bytes, start, end);
  const from = slot * LONGEST;
  if (cachedLengths[slot] === length) {
    let at = 0;
    while (at < length && cachedBytes[from + at] === bytes[start + at]) at++;
    if (at === length) return cache[slot]!;
  }
  const decoded = bytes.toString('utf8', start, end);
  for (let at = 0; at < length; at++) cachedBytes[from + at] = bytes[start + at]!;
  cachedLengths[slot] = length;
  cache[slot] = decoded;
  return decoded;
}

/**
 * Returns the cache slot. Hashes only a few bytes, mostly at the end, where names differ; the lookup compares all
 * bytes.
 */
function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = Math.max(start, end - SAMPLE); at < end; at++) hash = Math.imul(hash, 31) + bytes[at]!;
  hash = Math.imul(Math.imul(hash, 31) + bytes[start]!, 31) + bytes[(start + end) >>> 1]!;
  return (hash ^ (hash >>> 11)) & (SLOTS - 1);
}

/** Maximum size of a string that Kafka reads or writes, in bytes. */
export const MAX_STRING_BYTES = 0x7fff;

/** The all-zero uuid, which means that there is no id. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

const UUID_LENGTH = 36;
const DASH = 0x2d;
/** Position of the two digits of each byte in a dashed uuid. */
const DIGITS_AT: readonly number[] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const DASHES_AT: readonly number[] = [8, 13, 18, 23];
const DIGITS: Buffer = Buffer.from('0123456789abcdef');
/** Value of each character as a hex digit; -1 if it is not one. */
const WORTH = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  WORTH[DIGITS[digit]!] = digit;
  WORTH[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Buffer for formatting: writing bytes and decoding them once is faster than concatenating strings. */
const uuidCell: Buffer = Buffer.alloc(UUID_LENGTH, DASH);

/** Formats the 16 bytes at `start` as a lower-case dashed uuid. */
export function decodeUuid(bytes: Buffer, start: number): string {
  let bits = 0;
  for (let index = 0; index < 16; index++) {
    const byte = bytes[start + index]!;
    const at = DIGITS_AT[index]!;
    bits |= byte;
    uuidCell[at] = DIGITS[byte >>> 4]!;
    uuidCell[at + 1] = DIGITS[byte & 15]!;
  }
  return bits === 0 ? NIL_UUID : uuidCell.toString('latin1');
}

/**
 * Writes a dashed uuid as 16 bytes at `start`. Returns false if the text is not a uuid; some bytes may be written then.
 */
export function encodeUuid(text: string, bytes: Buffer, start: number): boolean {
  if (text.length !== UUID_LENGTH) return false;
  for (const at of DASHES_AT) if (text.charCodeAt(at) !== DASH) return false;
  for (let index = 0; index < 16; index++) {
    const at = DIGITS_AT[index]!;
    // Characters beyond the table yield undefined, which is not a digit either.
    const high = WORTH[text.charCodeAt(at)] ?? -1;
    const low = WORTH[text.charCodeAt(at + 1)] ?? -1;
    if (high < 0 || low < 0) return false;
    bytes[start + index] = (high << 4) | low;
  }
  return true;
}
