import { RecordBatch } from './batch.js';
import { int32At } from './integers.js';
import { BATCH_HEADER_BYTES, BATCH_LENGTH, LOG_OVERHEAD } from './layout.js';

/** How {@link readBatches} takes a field of records. */
export interface ReadBatchesOptions {
  /**
   * What is done with a last batch that is not all there. A broker may cut a Fetch response at its size limit: `skip`
   * reads the batches before. In a Produce request it is an error: `refuse`, the default.
   */
  readonly partial?: 'refuse' | 'skip' | undefined;
}

/**
 * The batches in a field of records, one after another.
 *
 * @throws {@link RecordsError} as {@link RecordBatch} does, when it comes to the batch.
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
