import { randomUUID } from 'node:crypto';
import type { Awaitable } from '../../../src/contract/index.js';
import { attempt, andThen } from '../awaitable.js';
import type { BrokerConfig } from '../broker-config.js';
import type { Placement } from '../cluster/placement.js';
import type { TopicConfig } from '../topic-config.js';
import type { LogStore, PartitionId, StoredTopic } from '../store/log-store.js';
import { StoreError } from '../store/store-error.js';
import { collisionKey, hasCollisionChars } from './topic-name.js';
import type { Partition, Topic, TopicRegistry } from '../topic-registry.js';

/** Topics that belong to the broker itself, wherever they come from. */
const INTERNAL: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state']);

export function isInternal(name: string): boolean {
  return INTERNAL.has(name);
}

/** All topics of a store, kept in memory beside it. */
export class StoreTopicRegistry implements TopicRegistry {
  readonly #store: LogStore;
  readonly #config: BrokerConfig;
  readonly #placement: Placement;
  /** Aborts when the broker stops waiting for the store. */
  readonly #signal: () => AbortSignal;
  /** By name. */
  readonly #topics = new Map<string, StoreTopic>();
  readonly #ids = new Map<string, StoreTopic>();
  /** Names with '.' or '_', by what they collide over. */
  readonly #collisions = new Map<string, Set<string>>();
  /** Names that are being created: an engine that takes its time must not be asked twice. */
  readonly #pending = new Set<string>();
  readonly #onDeleted = new Set<(topic: Topic) => void>();
  readonly #onConfigured = new Set<(topic: Topic) => void>();
  #unwatch: (() => void) | undefined;
  #syncing: Promise<void> | null = null;
  #changedMeanwhile = false;
  /** Changes that were made from here: a list that was asked for before one of them does not count. */
  #changes = 0;

  constructor(store: LogStore, config: BrokerConfig, placement: Placement, signal: () => AbortSignal) {
    this.#store = store;
    this.#config = config;
    this.#placement = placement;
    this.#signal = signal;
  }

  /** @param failed - Hears when topics that changed elsewhere cannot be listed. */
  async open(failed: (error: unknown) => void): Promise<void> {
    this.#reconcile(await this.#store.listTopics(this.#signal()));
    this.#unwatch = this.#store.watchTopics?.(() => void this.#sync().catch(failed));
  }

  /** Lists the topics again. */
  reload(): Promise<void> {
    return this.#sync();
  }

  close(): void {
    this.#unwatch?.();
    for (const topic of this.#topics.values()) topic.close();
  }

  byName(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  byId(id: string): Topic | undefined {
    return this.#ids.get(id);
  }

  all(): Iterable<Topic> {
    return this.#topics.values();
  }

  /** A topic whose name differs from this one only in '.' and '_'. */
  colliding(name: string): string | undefined {
    const [other] = this.#collisions.get(collisionKey(name)) ?? [];
    return other;
  }

  create(wanted: Omit<StoredTopic, 'id'>): Awaitable<Topic> {
    const { name } = wanted;
    if (this.#topics.has(name) || this.#pending.has(name)) throw new StoreError('EXISTS', `topic ${name} exists`);
    this.#pending.add(name);
    return attempt(
      () => this.#store.createTopic({ ...wanted, id: randomUUID() }, this.#signal()),
      (stored) => {
        this.#pending.delete(name);
        this.#changes++;
        return this.#ids.get(stored.id) ?? this.#add(stored);
      },
      (error) => {
        this.#pending.delete(name);
        if (error instanceof StoreError && error.code === 'EXISTS') return this.#found(name, error);
        throw error;
      },
    );
  }

  /** It was made elsewhere, and is not known yet: whoever asks next finds it. */
  async #found(name: string, error: StoreError): Promise<never> {
    if (!this.#topics.has(name)) await this.#sync();
    throw error;
  }

  grow(topic: Topic, partitionCount: number): Awaitable<void> {
    return andThen(this.#store.createPartitions(topic.id, partitionCount, this.#signal()), () => {
      this.#changes++;
      this.#ids.get(topic.id)?.grow(partitionCount);
    });
  }

  configure(topic: Topic, configs: Readonly<Record<string, string>>): Awaitable<void> {
    return andThen(this.#store.alterTopicConfigs(topic.id, configs, this.#signal()), () => {
      this.#changes++;
      this.#configured(this.#ids.get(topic.id), configs);
    });
  }

  delete(topic: Topic): Awaitable<void> {
    return andThen(this.#store.deleteTopic(topic.id, this.#signal()), () => {
      this.#changes++;
      const known = this.#ids.get(topic.id);
      if (known !== undefined) this.#remove(known);
    });
  }

  onDeleted(listener: (topic: Topic) => void): () => void {
    this.#onDeleted.add(listener);
    return () => this.#onDeleted.delete(listener);
  }

  onConfigured(listener: (topic: Topic) => void): () => void {
    this.#onConfigured.add(listener);
    return () => this.#onConfigured.delete(listener);
  }

  #configured(topic: StoreTopic | undefined, configs: Readonly<Record<string, string>>): void {
    if (topic === undefined) return; // deleted meanwhile
    topic.configure(configs, this.#config);
    for (const listener of this.#onConfigured) listener(topic);
  }

  /** Configs of the broker have changed, and with them what holds for each topic. */
  reconfigure(): void {
    for (const topic of this.#topics.values()) this.#configured(topic, topic.configs);
  }

  /** One look at a time, and one more when topics changed during it. */
  #sync(): Promise<void> {
    this.#changedMeanwhile = true;
    this.#syncing ??= (async () => {
      try {
        while (this.#changedMeanwhile) {
          this.#changedMeanwhile = false;
          const changes = this.#changes;
          const stored = await this.#store.listTopics(this.#signal());
          if (changes === this.#changes) this.#reconcile(stored);
          else this.#changedMeanwhile = true;
        }
      } finally {
        this.#syncing = null;
      }
    })();
    return this.#syncing;
  }

  #reconcile(stored: readonly StoredTopic[]): void {
    const ids = new Set(stored.map(({ id }) => id));
    for (const topic of [...this.#topics.values()]) {
      if (!ids.has(topic.id)) this.#remove(topic);
    }
    for (const topic of stored) {
      const known = this.#ids.get(topic.id);
      if (known === undefined) {
        this.#add(topic);
      } else {
        known.grow(topic.partitionCount);
        this.#configured(known, topic.configs);
      }
    }
  }

  #add(stored: StoredTopic): Topic {
    const topic = new StoreTopic(stored, this.#store, this.#config, this.#placement);
    this.#topics.set(topic.name, topic);
    this.#ids.set(topic.id, topic);
    if (hasCollisionChars(topic.name)) {
      const key = collisionKey(topic.name);
      const names = this.#collisions.get(key);
      if (names === undefined) this.#collisions.set(key, new Set([topic.name]));
      else names.add(topic.name);
    }
    return topic;
  }

  #remove(topic: StoreTopic): void {
    this.#ids.delete(topic.id);
    if (this.#topics.get(topic.name) === topic) this.#topics.delete(topic.name);
    const key = collisionKey(topic.name);
    const names = this.#collisions.get(key);
    if (names?.delete(topic.name) && names.size === 0) this.#collisions.delete(key);
    topic.remove();
    for (const listener of this.#onDeleted) listener(topic);
  }
}

class StoreTopic implements Topic {
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
    // Mostly nobody listens, and to go over nothing is not free.
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
