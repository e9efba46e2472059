import type { Awaitable } from '../../../src/contract/index.js';
import type { RecordBatch } from '../../../src/protocol/index.js';
import type { Kit } from '../kit.js';
import type { LogStore, PartitionId } from '../store/log-store.js';
import { StoreError } from '../store/store-error.js';
import type { Partition, Topic } from '../topic-registry.js';
import { RecoveryFromBatches } from './from-batches.js';
import { RecoveryFromSnapshots } from './from-snapshots.js';
import { RecoveryFromStore } from './from-store.js';
import type { PartitionProducers, ProducerLog } from './partition-producers.js';
import { ProducerSnapshots } from './producer-snapshots.js';
import type { ProducerRecovery, RecoveryContext } from './recovery.js';

/** The idempotent producers of all partitions, which a restart does not forget. */
export class ProducerStateManager {
  private readonly kit: Kit;
  private readonly snapshots: ProducerSnapshots;
  private readonly recovery: ProducerRecovery;
  private readonly find: (partition: Partition) => ProducerLog | undefined;
  private stopListening: (() => void) | null = null;
  /** Logs with producers. */
  private readonly known = new Set<ProducerLog>();

  /** @param find - Returns the log of a partition, if there is one and the broker is open. */
  constructor(kit: Kit, find: (partition: Partition) => ProducerLog | undefined) {
    this.kit = kit;
    this.find = find;
    this.snapshots = new ProducerSnapshots(kit);
    this.recovery = recoveryOf(kit.store, {
      kit,
      snapshots: this.snapshots,
      requireOpen: (log) => {
        if (find(log.partition) !== log) throw new StoreError('UNAVAILABLE', 'the broker is closing');
      },
    });
  }

  open(): void {
    this.drop();
    this.snapshots.open();
    this.stopListening?.();
    const unlisten = this.kit.topics.onDeleted((topic) => {
      this.forget(topic);
    });
    const unwatch = this.kit.store.watchTruncation?.((partition, endOffset) => {
      this.truncated(partition, endOffset);
    });
    this.stopListening = () => {
      unlisten();
      unwatch?.();
    };
  }

  /** Drops all producers, since another broker has the state. Appends that are under way keep their place. */
  drop(): void {
    for (const log of this.known) log.producers = null;
    this.known.clear();
    this.snapshots.close();
  }

  close(): void {
    this.stopListening?.();
  }

  /** Returns the producers of a log, up to its end. Synchronous and without an allocation if nothing is to recover. */
  ready(log: ProducerLog): Awaitable<PartitionProducers> {
    return this.recovery.ready(log.producers ?? this.know(this.snapshots.restore(log, this.recovery.doubtful)));
  }

  /** Whether {@link save} has to follow each append of an idempotent producer. */
  get savesAppends(): boolean {
    return this.recovery.save !== undefined;
  }

  /**
   * The first batch of a log was appended, and its producers were never needed. Where they would be read from the log,
   * it need not be read any more: there are none.
   */
  begun(log: ProducerLog, endOffset: number): void {
    if (this.savesAppends) return;
    this.know(this.snapshots.startAnew(log)).states.endOffset = endOffset;
  }

  /** An append may be in the log or not, or batches of others lie before it. */
  doubt({ producers }: ProducerLog): void {
    if (producers === null) return;
    producers.coverage = this.recovery.doubtful;
    this.recovery.doubt?.(producers);
  }

  /** A batch of an idempotent producer was appended. */
  appended(producers: PartitionProducers, batch: RecordBatch, baseOffset: number, now: number): void {
    producers.states.appended(batch, baseOffset, now);
    this.recovery.appended?.(producers, batch, baseOffset);
  }

  /** Stores what a restart could not recover otherwise. */
  save(producers: PartitionProducers): Awaitable<void> {
    return this.recovery.save?.(producers);
  }

  /** Takes snapshots of all producers that changed, without those that have been idle for too long. */
  async saveAll(): Promise<void> {
    const before = this.kit.clock.now() - this.kit.config.get('producer.id.expiration.ms');
    try {
      for (const { producers } of this.known) {
        const target = producers === null ? null : this.recovery.snapshot(producers);
        if (producers === null || target === null) continue;
        producers.states.expire(before);
        await this.snapshots.save(producers, target);
      }
    } catch (error) {
      for (const { producers } of this.known) if (producers !== null) this.recovery.snapshotFailed?.(producers);
      throw error;
    }
  }

  private know(producers: PartitionProducers): PartitionProducers {
    const { log } = producers;
    if (log.partition.topic.exists) this.known.add(log);
    return (log.producers = producers);
  }

  /** The store has lost the records from an offset on. */
  private truncated({ topicId, partition: index }: PartitionId, endOffset: number): void {
    const partition = this.kit.topics.byId(topicId)?.partitions[index];
    if (partition !== undefined) this.find(partition)?.producers?.states.truncate(endOffset);
  }

  private forget(topic: Topic): void {
    for (const partition of topic.partitions) {
      const log = this.find(partition);
      if (log !== undefined) this.known.delete(log);
      this.snapshots.delete(partition, log?.producers ?? null);
    }
  }
}

function recoveryOf(store: LogStore, context: RecoveryContext): ProducerRecovery {
  if (store.keeps === 'batches') return new RecoveryFromBatches(context);
  return store.replayProducers === undefined ? new RecoveryFromSnapshots(context) : new RecoveryFromStore(context);
}
