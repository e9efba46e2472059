import type { Awaitable } from '../../../src/contract/index.js';
import type { PartitionProducers } from './partition-producers.js';
import type { ProducerRecovery, RecoveryContext } from './recovery.js';

/**
 * For stores that keep neither batches nor who produced them: takes a snapshot after each append of an idempotent
 * producer, which is acknowledged only then.
 */
export class RecoveryFromSnapshots implements ProducerRecovery {
  readonly doubtful = 'current';
  readonly #context: RecoveryContext;

  constructor(context: RecoveryContext) {
    this.#context = context;
  }

  ready(producers: PartitionProducers): PartitionProducers {
    return producers;
  }

  save(producers: PartitionProducers): Awaitable<void> {
    return this.#context.snapshots.save(producers, 'complete');
  }

  snapshot(): 'complete' {
    return 'complete';
  }
}
