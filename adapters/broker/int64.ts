const words = new Int32Array(2);
const cell = new BigInt64Array(words.buffer);

/**
 * A safe integer as the protocol's int64. `BigInt()` leaves compiled code for all but the smallest numbers, and every
 * answer to Produce has several.
 */
export function int64(value: number): bigint {
  words[0] = value | 0;
  words[1] = Math.floor(value / 0x1_0000_0000);
  return cell[0]!;
}
