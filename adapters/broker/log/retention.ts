import { type Awaitable, isPromise } from '../../../src/contract/index.js';
import { andThen } from '../awaitable.js';
import type { Kit } from '../kit.js';
import type { ProducerStateManager } from '../producers/producer-state-manager.js';
import type { Partition } from '../topic-registry.js';
import type { PartitionLog } from './partition-logs.js';
import { type Maintenance, quietly, visitPartitions } from './maintenance.js';

/** How often at most a full store makes us look at every partition. */
const RELIEF_MS = 1000;
/** A partition that has grown by this share of its `retention.bytes` is looked at at once. */
const GROWTH_SHARE = 8;
const MIN_GROWTH_BYTES = 16 * 1024;

/** Drops old records by time and size, at the interval of `log.retention.check.interval.ms`. */
export class RetentionLoop implements Maintenance {
  readonly kit: Kit;
  readonly job = 'retention';
  readonly #producers: ProducerStateManager;
  #stopTimer: (() => void) | null = null;
  isStopped = false;
  #running: Promise<void> | null = null;
  #relievedAt = -Infinity;

  constructor(kit: Kit, producers: ProducerStateManager) {
    this.kit = kit;
    this.#producers = producers;
  }

  start(): void {
    this.isStopped = false;
    this.#goOn();
  }

  #goOn(): void {
    this.#stopTimer = this.kit.clock.after(this.kit.config.get('log.retention.check.interval.ms'), () => {
      void this.run().then(() => {
        if (!this.isStopped) this.#goOn();
      });
    });
  }

  /** Ends after the partition that is being looked at. */
  async stop(): Promise<void> {
    this.isStopped = true;
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
    if (most < 0 || log.grown < Math.max(MIN_GROWTH_BYTES, most / GROWTH_SHARE)) return;
    log.grown = 0;
    quietly(this, log.partition, () => this.#trim(log.partition, true));
  }

  /** The store is full: drops at once what it would drop in time. */
  relieve(): Awaitable<void> {
    const now = this.kit.clock.monotonic();
    if (now - this.#relievedAt < RELIEF_MS) return;
    this.#relievedAt = now;
    const later: PromiseLike<void>[] = [];
    for (const topic of this.kit.topics.all()) {
      for (const partition of topic.partitions) {
        const trimmed = quietly(this, partition, () => this.#trim(partition, false));
        if (isPromise(trimmed)) later.push(trimmed);
      }
    }
    if (later.length > 0) return Promise.all(later).then(() => undefined);
  }

  async #round(): Promise<void> {
    if (this.kit.placement.isOwner) await quietly(this, null, () => this.#producers.saveAll());
    await visitPartitions(this, (partition) => this.#trim(partition, false));
  }

  #trim({ id, topic }: Partition, sizeOnly: boolean): Awaitable<void> {
    const { store, clock, signal } = this.kit;
    const { config } = topic;
    if (store.applyRetention === undefined || !config['cleanup.policy'].includes('delete')) return;
    const age = config['retention.ms'];
    const maxBytes = config['retention.bytes'];
    const olderThan = age < 0 || sizeOnly ? -1 : Math.max(0, clock.now() - age);
    if (olderThan < 0 && maxBytes < 0) return;
    return andThen(store.applyRetention(id, { olderThan, maxBytes }, signal), () => undefined);
  }
}
