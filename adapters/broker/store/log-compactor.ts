import { readBatches, type RecordBatch, RecordBatchBuilder, RecordReader } from '../../../src/protocol/core.js';
import { asBuffer } from '../as-buffer.js';
import type { Compaction } from './log-store.js';

/**
 * Compacts batches by Kafka's rules, for the `compact` method of a store that keeps batches. Pass every batch that may be
 * compacted to `scan`, in offset order. Then pass the same batches to `clean`, which returns the batches to keep.
 *
 * - The last record of each key stays at its offset. Records without a key are dropped.
 * - Tombstones stay until `dropTombstonesOlderThan`.
 * - Control batches and records from `beforeOffset` on stay.
 * - The last record before `beforeOffset` always stays, so that consumers can reach the end of the log.
 * - The last batch of each idempotent producer stays, even if it is empty, because the next batch continues its sequence
 *   numbers. A store that keeps sequence numbers elsewhere can drop empty batches. Some clients (kafkajs) cannot skip them.
 * - Offsets do not change. The compacted log has gaps within and between batches.
 */
export class LogCompactor {
  readonly #compaction: Compaction;
  /** Offset of the last record of each key, by the key's bytes. */
  readonly #lastOffsets = new Map<string, number>();
  /** Base offset of the last batch of each idempotent producer. */
  readonly #lastBatches = new Map<number, number>();
  /** Offset of the last record that may be dropped. */
  #lastOffset = -1;

  constructor(compaction: Compaction) {
    this.#compaction = compaction;
  }

  /** First pass: finds the last record of each key. */
  scan(batches: Uint8Array): void {
    const { beforeOffset } = this.#compaction;
    for (const batch of readBatches(asBuffer(batches))) {
      if (batch.baseOffset >= beforeOffset) return;
      this.#lastOffset = Math.min(batch.lastOffset, beforeOffset - 1);
      if (batch.isControl) continue;
      if (batch.producerId >= 0) this.#lastBatches.set(batch.producerId, batch.baseOffset);
      const reader = new RecordReader(batch);
      while (reader.next()) {
        const { key, offset } = reader;
        if (key !== null && offset < beforeOffset) this.#lastOffsets.set(key.toString('latin1'), offset);
      }
    }
  }

  /** Second pass: yields the batches to keep. An unchanged batch is a view of `batches`; a rewritten one has its own memory. */
  *clean(batches: Uint8Array): Generator<Buffer> {
    for (const batch of readBatches(asBuffer(batches))) {
      const cleaned = this.#cleanBatch(batch);
      if (cleaned !== null) yield cleaned;
    }
  }

  #cleanBatch(batch: RecordBatch): Buffer | null {
    const whole = batch.bytes.subarray(batch.start, batch.end);
    if (batch.isControl || batch.baseOffset >= this.#compaction.beforeOffset) return whole;
    const builder = RecordBatchBuilder.like(batch);
    const reader = new RecordReader(batch);
    while (reader.next()) if (this.#stays(reader)) builder.appendFrom(reader);
    if (builder.recordCount === 0 && !this.#isLastOfProducer(batch)) return null;
    return builder.recordCount === batch.recordCount ? whole : builder.build(batch.lastOffset);
  }

  #isLastOfProducer({ producerId, baseOffset }: RecordBatch): boolean {
    return producerId >= 0 && this.#lastBatches.get(producerId) === baseOffset;
  }

  #stays({ key, offset, timestamp, valueLength }: RecordReader): boolean {
    const { beforeOffset, dropTombstonesOlderThan } = this.#compaction;
    if (offset >= beforeOffset || offset === this.#lastOffset) return true;
    if (key === null || this.#lastOffsets.get(key.toString('latin1')) !== offset) return false;
    return valueLength >= 0 || timestamp >= dropTombstonesOlderThan;
  }
}
