import type { Awaitable } from '../../../src/contract/index.js';
import type { RecordBatch } from '../../../src/protocol/index.js';
import { andThen, attempt } from '../awaitable.js';
import type { ReplayedBatch } from '../store/log-store.js';
import type { PartitionProducers } from './partition-producers.js';
import type { ProducerRecovery, RecoveryContext } from './recovery.js';

/** How much may be appended before the next snapshot: a start replays that much in a moment. */
const UNSAVED_BYTES = 16 * 1024 * 1024;
/** What a record counts for beside its bytes. */
const RECORD_COST = 256;

/**
 * For stores that keep who produced their records, though not the batches: replays them (`replayProducers`) from the
 * snapshot on. A snapshot is marked incomplete before the first append after it, so that logs without idempotent
 * producers are never replayed.
 */
export class RecoveryFromStore implements ProducerRecovery {
  readonly doubtful = 'behind';
  readonly #context: RecoveryContext;

  constructor(context: RecoveryContext) {
    this.#context = context;
  }

  ready(producers: PartitionProducers): Awaitable<PartitionProducers> {
    if (producers.coverage === 'behind') return this.#replay(producers);
    return isAnnounced(producers) ? producers : this.#announce(producers);
  }

  appended(producers: PartitionProducers, { start, end, recordCount }: RecordBatch, baseOffset: number): void {
    producers.unsavedBytes += end - start + recordCount * RECORD_COST;
    if (baseOffset < producers.snapshotEnd) producers.snapshot = 'outdated';
  }

  /** Takes a snapshot where a replay would miss batches, or would become too long. */
  save(producers: PartitionProducers): Awaitable<void> {
    const { snapshot, unsavedBytes } = producers;
    // Before the log was cut behind the snapshot, a replay finds the batch, or the next one waits until it is announced.
    if (snapshot === 'outdated') return this.#context.snapshots.save(producers, 'incomplete');
    if (unsavedBytes < UNSAVED_BYTES) return;
    // The append does not wait for it: if it fails, the next start replays more.
    void attempt(
      () => this.#context.snapshots.save(producers, 'incomplete'),
      () => undefined,
      () => undefined,
    );
  }

  snapshot(producers: PartitionProducers): 'complete' | 'incomplete' | null {
    const { busy } = producers.log;
    // Not all is known yet, or it is about to be announced.
    if (producers.coverage === 'behind' || (busy && !isAnnounced(producers))) return null;
    // With no append under way, the snapshot has all until the next one is announced.
    return busy ? 'incomplete' : 'complete';
  }

  /** Another broker may have the state: later snapshots would fail as well. */
  snapshotFailed(producers: PartitionProducers): void {
    const { snapshot } = producers;
    if (snapshot !== 'none' && snapshot !== 'outdated') producers.snapshot = 'uncertain';
  }

  doubt(producers: PartitionProducers): void {
    if (!isAnnounced(producers)) producers.snapshot = 'uncertain';
  }

  /** Marks the snapshot incomplete before something is appended. */
  #announce(producers: PartitionProducers): Awaitable<PartitionProducers> {
    return andThen(this.#context.snapshots.save(producers, 'incomplete'), () => producers);
  }

  async #replay(producers: PartitionProducers): Promise<PartitionProducers> {
    const { kit } = this.#context;
    const { log, states, snapshot } = producers;
    const { id } = log.partition;
    const { logStartOffset, logEndOffset } = await kit.store.logOffsets(id, kit.signal);
    const mayLackBatches = snapshot !== 'none' && snapshot !== 'complete';
    if (mayLackBatches && states.endOffset < logEndOffset) {
      const now = kit.clock.now();
      const from = Math.max(logStartOffset, states.endOffset);
      const visit = (batch: ReplayedBatch): void => {
        // A marker has no sequence.
        if (batch.marker === undefined || batch.marker === null) states.appended(batch, batch.baseOffset, now);
      };
      await kit.store.replayProducers?.(id, from, visit, kit.signal);
    }
    this.#context.requireOpen(log);
    // Dropped meanwhile, since another broker has or had the state.
    if (log.producers !== producers) return producers;
    states.truncate(logEndOffset);
    states.endOffset = logEndOffset;
    // A snapshot, so that the next start does not replay all of it again.
    states.dirty = true;
    producers.coverage = 'current';
    return this.#announce(producers);
  }
}

/** Whether the snapshot says that the log may have more batches. */
function isAnnounced({ snapshot }: PartitionProducers): boolean {
  return snapshot === 'incomplete' || snapshot === 'outdated';
}
