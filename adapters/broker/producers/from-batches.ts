import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Awaitable } from '../../../src/contract/index.js';
import { readBatches } from '../../../src/protocol/core.js';
import { asBuffer } from '../as-buffer.js';
import { andThen } from '../awaitable.js';
import type { ReadResult } from '../store/log-store.js';
import type { PartitionProducers } from './partition-producers.js';
import { ProducerStates } from './producer-sequences.js';
import type { ProducerRecovery, RecoveryContext } from './recovery.js';

/** Bytes that are read before others have their turn: some 4,000 of the smallest batches. */
const SCAN_BYTES = 256 * 1024;

/**
 * For stores that keep batches: reads the batches of the log from the snapshot on. A snapshot only makes that shorter,
 * so that it is taken now and then and may fail.
 */
export class RecoveryFromBatches implements ProducerRecovery {
  readonly doubtful = 'behind';
  readonly #context: RecoveryContext;

  constructor(context: RecoveryContext) {
    this.#context = context;
  }

  ready(producers: PartitionProducers): Awaitable<PartitionProducers> {
    return producers.coverage === 'current' ? producers : this.#catchUp(producers);
  }

  snapshot(): 'complete' {
    return 'complete';
  }

  /** A failure leaves the producers behind, as far as they came: the next call goes on from there. */
  #catchUp(producers: PartitionProducers): Awaitable<PartitionProducers> {
    const { store, signal } = this.#context.kit;
    return andThen(store.logOffsets(producers.log.partition.id, signal), ({ logStartOffset, logEndOffset }) => {
      // A log that ends before the snapshot is another one.
      if (producers.states.endOffset > logEndOffset) producers.states = new ProducerStates();
      const { states } = producers;
      if (states.endOffset < logStartOffset) states.endOffset = logStartOffset;
      return andThen(this.#scan(producers), (isAtEnd) => {
        if (!isAtEnd) return this.#scanOn(producers);
        producers.coverage = 'current';
        return producers;
      });
    });
  }

  /** For many batches, or a slow engine: others have their turns meanwhile. */
  async #scanOn(producers: PartitionProducers): Promise<PartitionProducers> {
    let isAtEnd = false;
    while (!isAtEnd) {
      await nextTurn();
      this.#context.requireOpen(producers.log);
      isAtEnd = await this.#scan(producers);
    }
    // A snapshot, so that the next start does not read all of it again.
    producers.states.dirty = true;
    producers.coverage = 'current';
    return producers;
  }

  /** Reads on. Returns true at the end of the log. */
  #scan({ log, states }: PartitionProducers): Awaitable<boolean> {
    const { store, signal } = this.#context.kit;
    const entry = {
      partition: log.partition.id,
      offset: states.endOffset,
      maxBytes: SCAN_BYTES,
      atLeastOneBatch: true,
    };
    return andThen(store.read([entry], signal), (read) => this.#absorb(states, read[0]!));
  }

  #absorb(states: ProducerStates, result: ReadResult): boolean {
    if (result.error !== undefined) throw result.error;
    const now = this.#context.kit.clock.now();
    for (const chunk of result.chunks) {
      for (const batch of readBatches(asBuffer(chunk))) {
        if (batch.lastOffset < states.endOffset) continue;
        if (batch.producerId >= 0 && !batch.isControl) states.appended(batch, batch.baseOffset, now);
        states.endOffset = batch.lastOffset + 1;
      }
    }
    result.release?.();
    return result.bytes === 0 || states.endOffset >= result.logEndOffset;
  }
}
