import type { Awaitable } from '../../../src/contract/index.js';
import type { RecordBatch } from '../../../src/protocol/index.js';
import type { Kit } from '../kit.js';
import type { Coverage, PartitionProducers, ProducerLog } from './partition-producers.js';
import type { ProducerSnapshots } from './producer-snapshots.js';

/** What a recovery works with. */
export interface RecoveryContext {
  readonly kit: Pick<Kit, 'store' | 'clock' | 'signal'>;
  readonly snapshots: ProducerSnapshots;
  /** Throws a StoreError if the broker is closed: a recovery that is under way ends then. */
  requireOpen(log: ProducerLog): void;
}

/**
 * How the producers of a partition come back after a restart, and after an append of unknown outcome: `from-batches.ts`,
 * `from-snapshots.ts` or `from-store.ts`, of which `producer-state-manager.ts` chooses one by the store.
 */
export interface ProducerRecovery {
  /** Coverage of producers that were restored from a snapshot, or of whose log the last append may be unknown. */
  readonly doubtful: Coverage;
  /** Brings producers to the end of the log, before a batch is checked. Returns them at once if they are there. */
  ready(producers: PartitionProducers): Awaitable<PartitionProducers>;
  /** A batch of an idempotent producer was appended. */
  appended?(producers: PartitionProducers, batch: RecordBatch, baseOffset: number): void;
  /**
   * Stores what a restart could not recover otherwise, after each append of an idempotent producer and before it is
   * acknowledged. Absent if the log has it all.
   */
  save?(producers: PartitionProducers): Awaitable<void>;
  /** Returns the snapshot to take now and then, and when the broker closes; null for none at the moment. */
  snapshot(producers: PartitionProducers): 'complete' | 'incomplete' | null;
  /** A snapshot that is taken now and then failed, of these producers or of others. */
  snapshotFailed?(producers: PartitionProducers): void;
  /** The log may have batches that the producers lack. */
  doubt?(producers: PartitionProducers): void;
}
