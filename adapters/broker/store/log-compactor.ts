import { readBatches, type RecordBatch, RecordBatchBuilder, RecordReader } from '../../../src/protocol/core.js';
import { asBuffer } from '../as-buffer.js';
import type { Compaction } from './log-store.js';

/**
 * Compacts batches for the `compact` method of a store that keeps batches, by Kafka's rules. Pass every batch that may
 * be compacted to `scan`, in the order of offsets, and then the same batches to `clean`, which returns what to keep.
 *
 * - The last record of each key stays, at its offset. Records without a key are dropped.
 * - Tombstones stay until `dropTombstonesOlderThan`.
 * - Control batches stay, and so do records from `beforeOffset` on.
 * - The last record before `beforeOffset` stays, whatever it is: consumers reach the end of the log by it.
 * - The last batch of an idempotent producer stays, if need be without records: its sequences go on from it. A store that
 *   needs no batches for that drops those whose record count is 0, which some clients (kafkajs) cannot pass.
 * - Offsets stay, so that the log has holes afterwards, inside batches and between them.
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

  /** First pass: learns which record of each key is the last. */
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

  /** Second pass: returns the batches to keep, each in memory of its own or in that of `batches` if it stays whole. */
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
