// Functions that read and write batch fields in place, without an object for each batch.
import { int32At } from './integers.js';
import {
  BASE_OFFSET,
  BATCH_LENGTH,
  LAST_OFFSET_DELTA,
  LEADER_EPOCH,
  LOG_OVERHEAD,
  MAGIC,
  MAX_TIMESTAMP,
} from './layout.js';

const TWO_32 = 0x1_0000_0000;

/** Reads the size of the batch at a position, including its header, in bytes. */
export function batchSizeAt(bytes: Buffer, at: number): number {
  return int32At(bytes, at + BATCH_LENGTH) + LOG_OVERHEAD;
}

/** Reads the magic of the batch, or of the message set of Kafka 0.10 and earlier, at a position. */
export function magicAt(bytes: Buffer, at: number): number {
  return bytes[at + MAGIC]!;
}

/** Reads the base offset of the batch at a position, exact up to 2^53 - 1. */
export function baseOffsetAt(bytes: Buffer, at: number): number {
  return int53At(bytes, at + BASE_OFFSET);
}

/** Reads the last offset minus the base offset of the batch at a position. */
export function lastOffsetDeltaAt(bytes: Buffer, at: number): number {
  return int32At(bytes, at + LAST_OFFSET_DELTA);
}

/** Reads the largest timestamp of the batch at a position, in ms since the epoch; -1 for none. Exact up to 2^53 - 1. */
export function maxTimestampAt(bytes: Buffer, at: number): number {
  return int53At(bytes, at + MAX_TIMESTAMP);
}

/** Writes base offset and leader epoch into the batch at a position. The checksum covers neither. */
export function stampBatch(bytes: Buffer, at: number, baseOffset: number, leaderEpoch: number): void {
  // Byte by byte: cheaper than the methods of Buffer.
  putInt32(bytes, at + BASE_OFFSET, Math.floor(baseOffset / TWO_32));
  putInt32(bytes, at + BASE_OFFSET + 4, baseOffset | 0);
  putInt32(bytes, at + LEADER_EPOCH, leaderEpoch);
}

/**
 * Writes base offsets and the leader epoch into consecutive whole batches.
 *
 * @param batches - Consecutive batches of magic 2, without other bytes.
 * @param baseOffset - Offset of the first record.
 * @returns The offset after the last record.
 */
export function stampBatches(batches: Buffer, baseOffset: number, leaderEpoch: number): number {
  let offset = baseOffset;
  for (let at = 0; at < batches.length; at += batchSizeAt(batches, at)) {
    stampBatch(batches, at, offset, leaderEpoch);
    offset += lastOffsetDeltaAt(batches, at) + 1;
  }
  return offset;
}

/** Reads an int64 without the range check of `int64At`, because validated batches never exceed the range. */
function int53At(bytes: Buffer, at: number): number {
  return int32At(bytes, at) * TWO_32 + (int32At(bytes, at + 4) >>> 0);
}

function putInt32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
