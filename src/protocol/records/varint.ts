/** Returns the size of an int32 as a zigzag varint, in bytes. */
export function sizeOfVarint(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  return zigzag < 0x1000_0000 ? 4 : 5;
}

/** Writes an int32 as a zigzag varint and returns the offset after it. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  while (zigzag >= 0x80) {
    bytes[at++] = zigzag | 0x80;
    zigzag >>>= 7;
  }
  bytes[at++] = zigzag;
  return at;
}

/** Zigzag of a safe integer, which may take 54 bits, in two parts: the bits from the 29th on, and the 28 bits below. */
function split(value: number): [high: number, low: number] {
  const negative = value < 0;
  const magnitude = negative ? -value - 1 : value;
  return [Math.floor(magnitude / 2 ** 27), ((magnitude % 2 ** 27) << 1) | (negative ? 1 : 0)];
}

/** Returns the size of a safe integer as a zigzag varint, in bytes. */
export function sizeOfVarlong(value: number): number {
  if ((value | 0) === value) return sizeOfVarint(value);
  let size = 4;
  for (let [high] = split(value); high > 0; high = Math.floor(high / 128)) size++;
  return size;
}

/** Writes a safe integer as a zigzag varint and returns the offset after it. */
export function writeVarlong(bytes: Buffer, at: number, value: number): number {
  if ((value | 0) === value) return writeVarint(bytes, at, value);
  let [high, low] = split(value);
  for (let index = 0; index < 4; index++) {
    bytes[at++] = low | 0x80;
    low >>>= 7;
  }
  while (high >= 0x80) {
    bytes[at++] = (high % 128) | 0x80;
    high = Math.floor(high / 128);
  }
  bytes[at++] = high;
  return at;
}
