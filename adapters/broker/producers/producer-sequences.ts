import { nextSequence } from '../../../src/protocol/core.js';
import { ErrorCode } from '../../../src/contract/index.js';
import { BatchRefusedError } from '../batch-refused.js';
import type { ReplayedBatch } from '../store/log-store.js';

/** A batch that a producer may send again, because its answer got lost. */
export interface RememberedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  /** Its highest timestamp. */
  readonly timestamp: number;
}

/** What a partition knows of one producer. */
interface ProducerState {
  epoch: number;
  /** Wall-clock time of its last append, in ms since the epoch. */
  lastAppend: number;
  /** Its last batches, the oldest first. */
  batches: RememberedBatch[];
}

/** As many as a producer may have in flight with idempotence. */
const REMEMBERED_BATCHES = 5;

/** Version of the saved form. */
const SAVED_VERSION = 1;

interface Saved {
  readonly version: number;
  readonly endOffset: number;
  /** Whether more may have been appended since. Default: false. */
  readonly open?: boolean;
  readonly producers: readonly (readonly [id: number, epoch: number, lastAppend: number, batches: readonly number[]])[];
}

/** The idempotent producers of one partition: their epochs, sequences and last five batches (KIP-98). */
export class ProducerStates {
  readonly #producers = new Map<number, ProducerState>();
  /** What is before this offset is in here. */
  endOffset = 0;
  /** Whether something changed since it was saved. */
  dirty = false;

  /**
   * Checks a batch against its producer's last ones. Whether the log still has the batch that is repeated, `appends.ts` asks.
   *
   * @returns The batch that it repeats, which was appended before; null for a new one.
   * @throws BatchRefusedError for an old epoch, or a sequence with a gap.
   */
  check(batch: Omit<ReplayedBatch, 'baseOffset' | 'maxTimestamp'>): RememberedBatch | null {
    const { producerId, producerEpoch, baseSequence, lastSequence } = batch;
    const producer = this.#producers.get(producerId);
    // Nothing is known of it, or no more: any sequence is taken, as Kafka does.
    if (producer === undefined) return null;
    if (producerEpoch < producer.epoch) {
      const detail = `epoch ${String(producerEpoch)} of producer ${String(producerId)}, which is at ${String(producer.epoch)}`;
      throw new BatchRefusedError(ErrorCode.INVALID_PRODUCER_EPOCH, detail);
    }
    let expected = 0;
    if (producerEpoch === producer.epoch) {
      for (const known of producer.batches) {
        if (known.firstSequence === baseSequence && known.lastSequence === lastSequence) return known;
      }
      const last = producer.batches.at(-1)?.lastSequence;
      if (last === undefined) return null;
      expected = nextSequence(last);
    }
    if (baseSequence !== expected) {
      const detail = `sequence ${String(baseSequence)} of producer ${String(producerId)} instead of ${String(expected)}`;
      throw new BatchRefusedError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, detail);
    }
    return null;
  }

  /** Takes in a batch that was appended. */
  appended(batch: Omit<ReplayedBatch, 'baseOffset'>, baseOffset: number, now: number): void {
    const { producerId, producerEpoch, baseSequence, lastSequence, maxTimestamp } = batch;
    let producer = this.#producers.get(producerId);
    if (producer === undefined) {
      producer = { epoch: producerEpoch, lastAppend: now, batches: [] };
      this.#producers.set(producerId, producer);
    } else if (producer.epoch !== producerEpoch) {
      producer.epoch = producerEpoch;
      producer.batches = [];
    }
    producer.lastAppend = now;
    if (producer.batches.length === REMEMBERED_BATCHES) producer.batches.shift();
    producer.batches.push({ firstSequence: baseSequence, lastSequence, baseOffset, timestamp: maxTimestamp });
    this.dirty = true;
  }

  /** Forgets the batches from an offset on, which the log has lost; a producer without any batch is unknown again. */
  truncate(endOffset: number): void {
    for (const [id, producer] of this.#producers) {
      const kept = producer.batches.filter(({ baseOffset }) => baseOffset < endOffset);
      if (kept.length === producer.batches.length) continue;
      if (kept.length === 0) this.#producers.delete(id);
      else producer.batches = kept;
      this.dirty = true;
    }
    this.endOffset = Math.min(this.endOffset, endOffset);
  }

  /** Forgets producers that have appended nothing since then. */
  expire(before: number): void {
    for (const [id, { lastAppend }] of this.#producers) {
      if (lastAppend >= before) continue;
      this.#producers.delete(id);
      this.dirty = true;
    }
  }

  /**
   * All of it as bytes.
   *
   * @param isComplete - Whether nothing is appended before it is saved again.
   */
  save(isComplete: boolean): Buffer {
    const producers = Array.from(this.#producers, ([id, { epoch, lastAppend, batches }]) => {
      const numbers = batches.flatMap((batch) => [
        batch.firstSequence,
        batch.lastSequence,
        batch.baseOffset,
        batch.timestamp,
      ]);
      return [id, epoch, lastAppend, numbers] as const;
    });
    const saved: Saved = {
      version: SAVED_VERSION,
      endOffset: this.endOffset,
      ...(isComplete ? {} : { open: true }),
      producers,
    };
    return Buffer.from(JSON.stringify(saved));
  }

  /** What {@link save} gave. @throws Error for a form that this release does not know. */
  static restore(bytes: Buffer): { readonly states: ProducerStates; readonly isComplete: boolean } {
    const { version, endOffset, open = false, producers } = JSON.parse(bytes.toString()) as Saved;
    if (version !== SAVED_VERSION) throw new Error(`producer states of version ${String(version)}, not 1`);
    const states = new ProducerStates();
    states.endOffset = endOffset;
    for (const [id, epoch, lastAppend, numbers] of producers) {
      const batches: RememberedBatch[] = [];
      for (let at = 0; at < numbers.length; at += 4) {
        const [firstSequence = 0, lastSequence = 0, baseOffset = 0, timestamp = -1] = numbers.slice(at, at + 4);
        batches.push({ firstSequence, lastSequence, baseOffset, timestamp });
      }
      states.#producers.set(id, { epoch, lastAppend, batches });
    }
    return { states, isComplete: !open };
  }
}
