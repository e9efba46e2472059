import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Awaitable } from '../../../src/contract.js';
import { isPromise, andThen } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { StoreError } from '../log-store.js';
import type { Partition } from '../topics/topic-registry.js';
import type { PartitionLog, PartitionLogs } from './partition-logs.js';

/** How many partitions are looked at before requests have their turn. */
const PARTITIONS_AT_A_TIME = 50;
/** How often at most a full store makes us look at every partition. */
const RELIEF_MS = 1000;
/** A partition that has grown by this share of its `retention.bytes` is looked at at once. */
const GROWTH_SHARE = 8;
const LEAST_GROWTH_BYTES = 16 * 1024;

/** The part of a partition that was compacted last. */
interface Compacted {
  readonly bytes: number;
  readonly startOffset: number;
  readonly endOffset: number;
}

/** Drops old records by time and size, and compacts, at the interval of the config. */
export class RetentionLoop {
  readonly #kit: Kit;
  readonly #logs: PartitionLogs;
  readonly #compacted = new WeakMap<Partition, Compacted>();
  #stopTimer: (() => void) | null = null;
  #stopped = false;
  #running: Promise<void> | null = null;
  #relievedAt = -Infinity;

  constructor(kit: Kit, logs: PartitionLogs) {
    this.#kit = kit;
    this.#logs = logs;
  }

  start(): void {
    this.#stopped = false;
    this.#goOn();
  }

  #goOn(): void {
    this.#stopTimer = this.#kit.clock.after(this.#kit.config.get('log.retention.check.interval.ms'), () => {
      void this.run().then(() => {
        if (!this.#stopped) this.#goOn();
      });
    });
  }

  /** Ends after the partition that is being looked at. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopTimer?.();
    await this.#running;
  }

  /** Looks at every partition once. */
  run(): Promise<void> {
    this.#running ??= this.#round().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** A partition has grown: one with a limit on its size is not left to grow until the next round. */
  grown(log: PartitionLog, bytes: number): void {
    log.grown += bytes;
    const { config } = log.partition.topic;
    const most = config['retention.bytes'];
    if (most < 0 || log.grown < Math.max(LEAST_GROWTH_BYTES, most / GROWTH_SHARE)) return;
    log.grown = 0;
    this.#quietly(log.partition, () => this.#trim(log.partition, true));
  }

  /** The store is full: drops at once what it would drop in time. */
  relieve(): Awaitable<void> {
    const now = this.#kit.clock.monotonic();
    if (now - this.#relievedAt < RELIEF_MS) return;
    this.#relievedAt = now;
    const later: PromiseLike<void>[] = [];
    for (const topic of this.#kit.topics.all()) {
      for (const partition of topic.partitions) {
        const trimmed = this.#quietly(partition, () => this.#trim(partition, false));
        if (isPromise(trimmed)) later.push(trimmed);
      }
    }
    if (later.length > 0) return Promise.all(later).then(() => undefined);
  }

  async #round(): Promise<void> {
    let looked = 0;
    if (this.#kit.placement.isOwner) await this.#quietly(null, () => this.#logs.saveAll());
    for (const topic of this.#kit.topics.all()) {
      for (const partition of topic.partitions) {
        if (this.#stopped) return;
        const trimmed = this.#quietly(partition, () => this.#trim(partition, false));
        if (isPromise(trimmed)) await trimmed;
        if (topic.config['cleanup.policy'].includes('compact')) {
          await this.#quietly(partition, () => this.#compact(partition));
        }
        if (++looked % PARTITIONS_AT_A_TIME === 0) await nextTurn();
      }
    }
  }

  #trim({ id, topic }: Partition, sizeOnly: boolean): Awaitable<void> {
    const { store, clock } = this.#kit;
    const { config } = topic;
    if (!store.capabilities.retention || !store.trim || !config['cleanup.policy'].includes('delete')) return;
    const age = config['retention.ms'];
    const maxBytes = config['retention.bytes'];
    const olderThan = age < 0 || sizeOnly ? -1 : Math.max(0, clock.now() - age);
    if (olderThan < 0 && maxBytes < 0) return;
    return andThen(store.trim(id, { olderThan, maxBytes }), () => undefined);
  }

  async #compact(partition: Partition): Promise<void> {
    const { config, store, clock } = this.#kit;
    const { id, topic } = partition;
    if (!store.capabilities.compaction || !store.compact || !config.get('log.cleaner.enable')) return;
    const { bytes, startOffset, endOffset } = await store.bounds(id);
    const before = this.#compacted.get(partition);
    const dirty = bytes - (before === undefined ? 0 : cleanBytes(before, startOffset));
    if (endOffset === before?.endOffset || dirty < bytes * topic.config['min.cleanable.dirty.ratio']) return;
    const now = clock.now();
    const lag = topic.config['min.compaction.lag.ms'];
    const fresh = lag > 0 ? await store.offsetForTimestamp(id, now - lag) : null;
    const beforeOffset = fresh?.offset ?? endOffset;
    if (beforeOffset <= Math.max(startOffset, before?.endOffset ?? 0)) return;
    const dropTombstonesOlderThan = now - topic.config['delete.retention.ms'];
    await store.compact(id, { beforeOffset, dropTombstonesOlderThan });
    const after = await store.bounds(id);
    // What is too young is still to be compacted.
    const clean = share(after.bytes, beforeOffset - after.startOffset, after.endOffset - after.startOffset);
    this.#compacted.set(partition, { bytes: clean, startOffset: after.startOffset, endOffset: beforeOffset });
  }

  /** What fails here, fails nobody's request: the operator is told. */
  #quietly(partition: Partition | null, work: () => Awaitable<void>): Awaitable<void> {
    const failed = (error: unknown): void => {
      if (partition?.topic.exists === false || this.#stopped) return;
      const where = partition === null ? 'producers' : `${partition.topic.name}-${String(partition.index)}`;
      const text = `retention of ${where}: ${error instanceof Error ? error.message : 'it failed'}`;
      this.#kit.warn(text, error instanceof StoreError ? `retention of ${where}: ${error.kind}` : text);
    };
    try {
      const done = work();
      return isPromise(done) ? done.then(undefined, failed) : undefined;
    } catch (error) {
      failed(error);
    }
  }
}

/** What is left of the compacted part, now that the log begins there. */
function cleanBytes({ bytes, startOffset, endOffset }: Compacted, begin: number): number {
  return share(bytes, endOffset - Math.max(begin, startOffset), endOffset - startOffset);
}

/** What a part of the offsets takes of all their bytes: about, as nobody counts it. */
function share(bytes: number, part: number, whole: number): number {
  return whole <= 0 ? 0 : (bytes * Math.max(0, part)) / whole;
}
