import { maxTimestampAt } from '../../../src/protocol/core.js';
import { asBuffer } from '../as-buffer.js';
import type { Kit } from '../kit.js';
import { offsetForTimestamp } from '../store/find-by-timestamp.js';
import type { LogOffsets } from '../store/log-store.js';
import type { Partition, Topic } from '../topic-registry.js';
import { type Maintenance, visitPartitions } from './maintenance.js';

/** The part of a partition that was compacted last. */
interface Cleaned {
  readonly bytes: number;
  readonly startOffset: number;
  readonly endOffset: number;
}

/**
 * Compacts logs, as Kafka's log cleaner does: one whose share of new bytes exceeds `min.cleanable.dirty.ratio`, or whose
 * first new record is older than `max.compaction.lag.ms`. It looks every `log.cleaner.backoff.ms` while some compacted
 * topic has new records, and has no timer otherwise.
 */
export class Cleaner implements Maintenance {
  readonly kit: Kit;
  readonly job = 'compaction';
  readonly #cleaned = new WeakMap<Partition, Cleaned>();
  isStopped = true;
  #stopTimer: (() => void) | null = null;
  #stopListening: (() => void) | null = null;
  #running: Promise<void> | null = null;

  constructor(kit: Kit) {
    this.kit = kit;
  }

  /** Does nothing where the store or `log.cleaner.enable` rules compaction out. */
  start(): void {
    const { store, config, topics } = this.kit;
    if (store.compact === undefined || !config.get('log.cleaner.enable')) return;
    this.isStopped = false;
    this.#stopListening = topics.onConfigured((topic) => {
      this.dirtied(topic);
    });
    for (const topic of topics.all()) this.dirtied(topic);
  }

  /** Ends after the partition that is being compacted. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.#stopListening?.();
    this.#stopTimer?.();
    this.#stopTimer = null;
    await this.#running;
  }

  /** A topic may have something to compact: it has grown, or has another config. */
  dirtied({ config }: Topic): void {
    if (this.#stopTimer !== null || this.isStopped || !isCompacted({ config })) return;
    this.#schedule();
  }

  #schedule(): void {
    const backoffMs = Math.max(1, this.kit.config.get('log.cleaner.backoff.ms'));
    this.#stopTimer = this.kit.clock.after(backoffMs, () => {
      this.#stopTimer = null;
      // What was appended during a round that still goes on is left to the next one.
      if (this.#running !== null) this.#schedule();
      else void this.#run();
    });
  }

  #run(): Promise<void> {
    return (this.#running = this.#round().finally(() => {
      this.#running = null;
    }));
  }

  async #round(): Promise<void> {
    let visited = 0;
    let cleaned = 0;
    const clean = async (partition: Partition): Promise<void> => {
      visited++;
      // One that fails is dirty as before.
      if (!(await this.#clean(partition))) cleaned++;
    };
    await visitPartitions(this, clean, isCompacted);
    if (cleaned < visited && this.#stopTimer === null && !this.isStopped) this.#schedule();
  }

  /** Compacts a partition if it is time. Returns whether it has records that are still to be compacted. */
  async #clean(partition: Partition): Promise<boolean> {
    const { store, clock, signal } = this.kit;
    const { id, topic } = partition;
    const { bytes, logStartOffset: startOffset, logEndOffset: endOffset } = await store.logOffsets(id, signal);
    const before = this.#cleaned.get(partition);
    const firstDirty = Math.max(startOffset, before?.endOffset ?? 0);
    if (firstDirty >= endOffset) return false;
    const now = clock.now();
    const lag = topic.config['min.compaction.lag.ms'];
    const fresh = lag > 0 ? await offsetForTimestamp(this.kit, id, now - lag) : null;
    const beforeOffset = fresh?.offset ?? endOffset;
    if (beforeOffset <= firstDirty) return true;
    const clean = before === undefined ? 0 : cleanBytes(before, startOffset);
    const cleanable = share(bytes - clean, beforeOffset - firstDirty, endOffset - firstDirty);
    const isFilthy = cleanable > (clean + cleanable) * topic.config['min.cleanable.dirty.ratio'];
    if (!isFilthy && !(await this.#isOverdue(partition, firstDirty, now))) return true;
    const dropTombstonesOlderThan = now - topic.config['delete.retention.ms'];
    await store.compact?.(id, { beforeOffset, dropTombstonesOlderThan }, signal);
    const after = await store.logOffsets(id, signal);
    this.#cleaned.set(partition, cleanedPart(after, beforeOffset));
    return beforeOffset < after.logEndOffset;
  }

  /** Whether the first record that is new has been so for longer than `max.compaction.lag.ms`. */
  async #isOverdue({ id, topic }: Partition, firstDirty: number, now: number): Promise<boolean> {
    const latest = now - topic.config['max.compaction.lag.ms'];
    if (latest < 0) return false;
    const entry = { partition: id, offset: firstDirty, maxBytes: 1, atLeastOneBatch: true };
    const [result] = await this.kit.store.read([entry], this.kit.signal);
    if (result?.error !== undefined) throw result.error;
    const chunk = result?.chunks[0];
    if (chunk === undefined) return false;
    const timestamp = maxTimestampAt(asBuffer(chunk), 0);
    result?.release?.();
    return timestamp >= 0 && timestamp < latest;
  }
}

function isCompacted({ config }: Pick<Topic, 'config'>): boolean {
  return config['cleanup.policy'].includes('compact');
}

function cleanedPart(after: LogOffsets, beforeOffset: number): Cleaned {
  // What is too young is still to be compacted.
  const bytes = share(after.bytes, beforeOffset - after.logStartOffset, after.logEndOffset - after.logStartOffset);
  return { bytes, startOffset: after.logStartOffset, endOffset: beforeOffset };
}

/** What is left of the compacted part, now that the log begins there. */
function cleanBytes({ bytes, startOffset, endOffset }: Cleaned, begin: number): number {
  return share(bytes, endOffset - Math.max(begin, startOffset), endOffset - startOffset);
}

/** Estimates the bytes of a part of the offsets: stores count those of whole logs only. */
function share(bytes: number, part: number, whole: number): number {
  return whole <= 0 ? 0 : (bytes * Math.max(0, part)) / whole;
}
