// Most strings on the wire come again and again: client ids, topic names, software versions. A small cache hands out
// the string that was made before, which is cheaper than making it and keeps one copy in memory instead of thousands.

const SLOTS = 2048;
const LONGEST = 48;
/** How many of the last bytes choose the slot. */
const SAMPLE = 4;

const cache: string[] = new Array<string>(SLOTS).fill('');
/** The bytes that each cached string was made from, and how many: compared faster than characters. */
const cachedBytes = new Uint8Array(SLOTS * LONGEST);
const cachedLengths = new Uint8Array(SLOTS);

/** Decodes UTF-8 as Kafka does: what is not UTF-8 becomes U+FFFD. */
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

/** Looks at both ends, where names differ, and not at every byte: the comparison does that. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = Math.max(start, end - SAMPLE); at < end; at++) hash = Math.imul(hash, 31) + bytes[at]!;
  hash = Math.imul(Math.imul(hash, 31) + bytes[start]!, 31) + bytes[(start + end) >>> 1]!;
  return (hash ^ (hash >>> 11)) & (SLOTS - 1);
}

/** The longest string that Kafka reads or writes, in bytes. */
export const LONGEST_STRING_BYTES = 0x7fff;

/** Lower-case hex digits of every byte. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The uuid that stands for none. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Formats the 16 bytes at `start` as a lower-case dashed uuid. */
export function decodeUuid(bytes: Buffer, start: number): string {
  let text = '';
  let zeros = true;
  for (let at = 0; at < 16; at++) {
    const byte = bytes[start + at]!;
    if (byte !== 0) zeros = false;
    if (at === 4 || at === 6 || at === 8 || at === 10) text += '-';
    text += HEX[byte]!;
  }
  return zeros ? NIL_UUID : text;
}

/** Writes a dashed uuid as 16 bytes at `start`; false when the text is no uuid. */
export function encodeUuid(text: string, bytes: Buffer, start: number): boolean {
  if (!UUID.test(text)) return false;
  bytes.write(text.replaceAll('-', ''), start, 16, 'hex');
  return true;
}
