// Where the fields stand in a batch, counted from its first byte. Byte by byte, they are cheaper than by calls.
const LENGTH = 8;
const LEADER_EPOCH = 12;
const LAST_OFFSET_DELTA = 23;
const MAX_TIMESTAMP = 35;
/** What the batch length does not count. */
const LOG_OVERHEAD = 12;

const TWO_32 = 0x1_0000_0000;

/** Size of the batch that begins there, header and all, in bytes. */
export function batchSize(bytes: Buffer, at: number): number {
  return int32(bytes, at + LENGTH) + LOG_OVERHEAD;
}

/** Offset of its last record less that of its first. */
export function lastOffsetDelta(bytes: Buffer, at: number): number {
  return int32(bytes, at + LAST_OFFSET_DELTA);
}

/** Offset that its records count from. */
export function baseOffset(bytes: Buffer, at: number): number {
  return int64(bytes, at);
}

/** The highest timestamp of its records in ms since the epoch; -1 for none. */
export function maxTimestamp(bytes: Buffer, at: number): number {
  return int64(bytes, at + MAX_TIMESTAMP);
}

/** Gives one batch its place in the log: base offset and leader epoch, neither of which the checksum covers. */
export function stampBatch(bytes: Buffer, at: number, baseOffset: number, leaderEpoch: number): void {
  putInt32(bytes, at, Math.floor(baseOffset / TWO_32));
  putInt32(bytes, at + 4, baseOffset | 0);
  putInt32(bytes, at + LEADER_EPOCH, leaderEpoch);
}

/**
 * Gives whole batches, one behind the other, their places in the log.
 *
 * @returns The offset after the last record.
 */
export function stampBatches(batches: Buffer, baseOffset: number, leaderEpoch: number): number {
  let offset = baseOffset;
  for (let at = 0; at < batches.length; at += batchSize(batches, at)) {
    stampBatch(batches, at, offset, leaderEpoch);
    offset += lastOffsetDelta(batches, at) + 1;
  }
  return offset;
}

/** Of values that fit 53 bits, as everything has that a broker takes in. */
function int64(bytes: Buffer, at: number): number {
  return int32(bytes, at) * TWO_32 + (int32(bytes, at + 4) >>> 0);
}

function int32(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function putInt32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
