import { RecordBatch } from '../../src/protocol/index.js';

/**
 * Gives the batches in a buffer their place in the log: base offset and leader epoch, neither of which the checksum
 * covers. Calls back for each.
 *
 * @returns The offset after the last record.
 */
export function stampBatches(
  bytes: Buffer,
  start: number,
  end: number,
  baseOffset: number,
  leaderEpoch: number,
  stamped: (batch: RecordBatch, baseOffset: number, endOffset: number) => void,
): number {
  let offset = baseOffset;
  for (let at = start; at < end;) {
    const batch = new RecordBatch(bytes, at);
    const endOffset = offset + batch.lastOffsetDelta + 1;
    batch.baseOffset = offset;
    batch.partitionLeaderEpoch = leaderEpoch;
    stamped(batch, offset, endOffset);
    offset = endOffset;
    at = batch.end;
  }
  return offset;
}
