import type { BrokerConfig } from '../broker-config.js';
import type { Placement } from '../cluster/placement.js';
import type { LogStore, PartitionId, StoredTopic } from '../store/log-store.js';
import type { TopicConfig } from '../topic-config.js';
import type { Partition, Topic } from '../topic-registry.js';

/** Topics that belong to the broker itself, wherever they come from. */
const INTERNAL: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state']);

export function isInternal(name: string): boolean {
  return INTERNAL.has(name);
}

/** A topic of a store, with what its configs mean and who waits for its partitions. */
export class StoreTopic implements Topic {
  readonly id: string;
  readonly name: string;
  readonly isInternal: boolean;
  readonly #store: LogStore;
  readonly #placement: Placement;
  readonly #partitions: StorePartition[] = [];
  #configs: Readonly<Record<string, string>>;
  #config: TopicConfig;
  #exists = true;

  constructor(
    { id, name, partitionCount, configs }: StoredTopic,
    store: LogStore,
    config: BrokerConfig,
    placement: Placement,
  ) {
    this.id = id;
    this.name = name;
    this.isInternal = isInternal(name);
    this.#store = store;
    this.#placement = placement;
    this.#configs = configs;
    this.#config = config.topicConfig(configs);
    this.grow(partitionCount);
  }

  get partitions(): readonly Partition[] {
    return this.#partitions;
  }

  get configs(): Readonly<Record<string, string>> {
    return this.#configs;
  }

  get config(): TopicConfig {
    return this.#config;
  }

  get exists(): boolean {
    return this.#exists;
  }

  grow(partitionCount: number): void {
    while (this.#partitions.length < partitionCount) {
      this.#partitions.push(new StorePartition(this, this.#partitions.length, this.#store, this.#placement));
    }
  }

  configure(configs: Readonly<Record<string, string>>, config: BrokerConfig): void {
    this.#configs = configs;
    this.#config = config.topicConfig(configs);
  }

  /** Whoever waits looks again, and finds that the topic is gone. */
  remove(): void {
    this.#exists = false;
    for (const partition of this.#partitions) partition.changed();
  }

  close(): void {
    for (const partition of this.#partitions) partition.close();
  }
}

class StorePartition implements Partition {
  readonly id: PartitionId;
  readonly topic: Topic;
  readonly index: number;
  readonly #store: LogStore;
  readonly #placement: Placement;
  readonly #listeners = new Set<() => void>();
  #unwatch: (() => void) | undefined;

  constructor(topic: Topic, index: number, store: LogStore, placement: Placement) {
    this.topic = topic;
    this.index = index;
    this.id = { topicId: topic.id, topic: topic.name, partition: index };
    this.#store = store;
    this.#placement = placement;
  }

  get leaderEpoch(): number {
    return this.#placement.leaderEpoch(this.id.topicId, this.index);
  }

  changed(): void {
    // There is usually no listener, and iterating over an empty set has a cost.
    if (this.#listeners.size === 0) return;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): () => void {
    if (this.#listeners.size === 0) this.#unwatch = this.#store.watch?.(this.id, () => this.changed());
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
