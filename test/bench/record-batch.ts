import { buildBatch } from '../../src/protocol/records/index.js';

const BATCH_HEADER_BYTES = 61;

/** What a record without a key takes besides a value of 64 bytes to 8 KiB, with lengths and deltas of one byte or two. */
const RECORD_OVERHEAD_BYTES = 12;

/** One uncompressed record batch (magic 2) of exactly `totalBytes`, in records of about `recordBytes`, with its checksum. */
export function recordBatch(totalBytes: number, recordBytes: number): Buffer {
  const count = Math.floor((totalBytes - BATCH_HEADER_BYTES) / recordBytes);
  const valueBytes = recordBytes - RECORD_OVERHEAD_BYTES;
  const build = (lastBytes: number): Buffer =>
    buildBatch(
      Array.from({ length: count }, (_, index) => ({
        timestamp: 1_700_000_000_000,
        value: Buffer.alloc(index === count - 1 ? lastBytes : valueBytes, 'v'),
      })),
    );
  // The last record makes up for what the others lack.
  const batch = build(valueBytes + totalBytes - build(valueBytes).length);
  if (batch.length !== totalBytes) throw new Error(`a batch of ${batch.length} bytes instead of ${totalBytes}`);
  return batch;
}
