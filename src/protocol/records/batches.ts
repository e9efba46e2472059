import { RecordBatch } from './batch.js';
import { int32At } from './integers.js';
import { BATCH_HEADER_BYTES, BATCH_LENGTH, LOG_OVERHEAD } from './layout.js';

/** Options of {@link readBatches}. */
export interface ReadBatchesOptions {
  /**
   * How to handle an incomplete last batch. `skip` ignores it, for Fetch responses, which a broker may truncate at the
   * size limit. `refuse`, the default, throws, for Produce requests, where it is an error.
   */
  readonly partial?: 'refuse' | 'skip' | undefined;
}

/**
 * Iterates over the batches in a records field.
 *
 * @throws {@link RecordsError} on reaching an invalid batch, as {@link RecordBatch} does.
 */
export function* readBatches(
  records: Buffer,
  options: ReadBatchesOptions = {},
): Generator<RecordBatch, void, undefined> {
  const skip = options.partial === 'skip';
  for (let at = 0; at < records.length;) {
    if (skip && isPartial(records, at)) return;
    const batch = new RecordBatch(records, at);
    yield batch;
    at = batch.end;
  }
}

function isPartial(records: Buffer, at: number): boolean {
  const left = records.length - at;
  if (left < LOG_OVERHEAD) return true;
  const size = int32At(records, at + BATCH_LENGTH) + LOG_OVERHEAD;
  return size >= BATCH_HEADER_BYTES && size > left;
}
