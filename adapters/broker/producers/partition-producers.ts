import type { Partition } from '../topic-registry.js';
import type { ProducerStates } from './producer-sequences.js';

/** How far producers follow the log: `behind` if it may have batches that they lack, from their end offset on. */
export type Coverage = 'behind' | 'current';

/**
 * What the durable state holds of the producers of a partition:
 *
 * - `none`: no snapshot;
 * - `complete`: a snapshot with all batches of the log;
 * - `incomplete`: a snapshot that is marked so, since the log may have more batches from its end offset on;
 * - `outdated`: an incomplete snapshot that ends after a batch which it lacks, since the log lost its end and was written on;
 * - `uncertain`: a write failed or batches were appended elsewhere, so that the snapshot may lack batches.
 */
export type SnapshotState = 'none' | 'complete' | 'incomplete' | 'outdated' | 'uncertain';

/** The part of a partition's log that belongs to the manager of its producers. */
export interface ProducerLog {
  readonly partition: Partition;
  /** An append is under way. */
  readonly busy: boolean;
  /** Null until an idempotent producer needs them. */
  producers: PartitionProducers | null;
}

/** The idempotent producers of one partition, how far they follow the log, and what is stored of them. */
export class PartitionProducers {
  readonly log: ProducerLog;
  states: ProducerStates;
  coverage: Coverage;
  snapshot: SnapshotState;
  /** End offset of the last snapshot. */
  snapshotEnd = 0;
  /** Bytes, with an allowance for each record, that were appended since the last snapshot. */
  unsavedBytes = 0;

  constructor(log: ProducerLog, states: ProducerStates, coverage: Coverage, snapshot: SnapshotState) {
    this.log = log;
    this.states = states;
    this.coverage = coverage;
    this.snapshot = snapshot;
  }
}
