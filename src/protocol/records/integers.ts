import { EncodeError } from '../errors.js';
import { RecordsError } from './errors.js';

const TWO_32 = 0x1_0000_0000;
/** What the upper halves of safe integers lie within. */
const MAX_HIGH = 0x1f_ffff;
const MIN_HIGH = -0x20_0000;

export const MAX_INT16 = 0x7fff;
export const MAX_INT32 = 0x7fff_ffff;

export function int16At(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16)) >> 16;
}

export function int32At(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Reads an int64 as a number. @throws RecordsError if it is not a safe integer. */
export function int64At(bytes: Buffer, at: number, field: string): number {
  const high = int32At(bytes, at);
  const low = int32At(bytes, at + 4) >>> 0;
  // By the upper half, which takes no floating point; -2^53 alone has the lowest one that fits, and does not.
  if (high > MAX_HIGH || high < MIN_HIGH || (high === MIN_HIGH && low === 0)) throw tooWide(bytes, at, field);
  return high * TWO_32 + low;
}

function tooWide(bytes: Buffer, at: number, field: string): RecordsError {
  return new RecordsError('INVALID_VALUE', at, `${field} ${String(bytes.readBigInt64BE(at))} does not fit 53 bits`);
}

/** Writes a safe integer as int64. */
export function writeInt64(bytes: Buffer, at: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / TWO_32), at);
  bytes.writeInt32BE(value | 0, at + 4);
}

/** Checks that a value is an integer in the range. An int64 is limited to 2^53 - 1. @throws EncodeError otherwise. */
export function requireInteger(value: number, min: number, max: number, field: string): void {
  if (!Number.isInteger(value) || value < min || value > max) throw notAnInteger(value, min, max, field);
}

function notAnInteger(value: number, min: number, max: number, field: string): EncodeError {
  return new EncodeError('INVALID_VALUE', `${String(value)} instead of an integer from ${min} to ${max}`, field);
}
