import { randomUUID } from 'node:crypto';
import type { Awaitable } from '../../../src/contract/index.js';
import { attempt, andThen } from '../awaitable.js';
import type { BrokerConfig } from '../broker-config.js';
import type { Placement } from '../cluster/placement.js';
import type { LogStore, StoredTopic } from '../store/log-store.js';
import { StoreError } from '../store/store-error.js';
import type { Topic, TopicRegistry } from '../topic-registry.js';
import { StoreTopic } from './store-topic.js';
import { TopicIndex } from './topic-index.js';
import { TopicSync } from './topic-sync.js';

/** All topics of a store, kept in memory beside it. */
export class TopicCache implements TopicRegistry {
  readonly #store: LogStore;
  readonly #config: BrokerConfig;
  readonly #placement: Placement;
  /** Aborts when the broker stops waiting for the store. */
  readonly #signal: () => AbortSignal;
  readonly #topics = new TopicIndex<StoreTopic>();
  /** Names that are being created: an engine that takes its time must not be asked twice. */
  readonly #pending = new Set<string>();
  readonly #onDeleted = new Set<(topic: Topic) => void>();
  readonly #onConfigured = new Set<(topic: Topic) => void>();
  readonly #sync: TopicSync;
  #unwatch: (() => void) | undefined;

  constructor(store: LogStore, config: BrokerConfig, placement: Placement, signal: () => AbortSignal) {
    this.#store = store;
    this.#config = config;
    this.#placement = placement;
    this.#signal = signal;
    this.#sync = new TopicSync(
      () => store.listTopics(signal()),
      (stored) => this.#reconcile(stored),
    );
  }

  /** @param failed - Hears when topics that changed elsewhere cannot be listed. */
  async open(failed: (error: unknown) => void): Promise<void> {
    this.#reconcile(await this.#store.listTopics(this.#signal()));
    this.#unwatch = this.#store.watchTopics?.(() => void this.#sync.run().catch(failed));
  }

  /** Lists the topics again. */
  reload(): Promise<void> {
    return this.#sync.run();
  }

  close(): void {
    this.#unwatch?.();
    for (const topic of this.#topics.all()) topic.close();
  }

  byName(name: string): Topic | undefined {
    return this.#topics.byName(name);
  }

  byId(id: string): Topic | undefined {
    return this.#topics.byId(id);
  }

  all(): Iterable<Topic> {
    return this.#topics.all();
  }

  /** A topic whose name differs from this one only in '.' and '_'. */
  colliding(name: string): string | undefined {
    return this.#topics.colliding(name);
  }

  create(wanted: Omit<StoredTopic, 'id'>): Awaitable<Topic> {
    const { name } = wanted;
    if (this.#topics.has(name) || this.#pending.has(name)) throw new StoreError('EXISTS', `topic ${name} exists`);
    this.#pending.add(name);
    return attempt(
      () => this.#store.createTopic({ ...wanted, id: randomUUID() }, this.#signal()),
      (stored) => {
        this.#pending.delete(name);
        this.#sync.changedHere();
        return this.#topics.byId(stored.id) ?? this.#add(stored);
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
    if (!this.#topics.has(name)) await this.#sync.run();
    throw error;
  }

  grow(topic: Topic, partitionCount: number): Awaitable<void> {
    return andThen(this.#store.createPartitions(topic.id, partitionCount, this.#signal()), () => {
      this.#sync.changedHere();
      this.#topics.byId(topic.id)?.grow(partitionCount);
    });
  }

  configure(topic: Topic, configs: Readonly<Record<string, string>>): Awaitable<void> {
    return andThen(this.#store.alterTopicConfigs(topic.id, configs, this.#signal()), () => {
      this.#sync.changedHere();
      this.#configured(this.#topics.byId(topic.id), configs);
    });
  }

  delete(topic: Topic): Awaitable<void> {
    return andThen(this.#store.deleteTopic(topic.id, this.#signal()), () => {
      this.#sync.changedHere();
      const known = this.#topics.byId(topic.id);
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
    for (const topic of this.#topics.all()) this.#configured(topic, topic.configs);
  }

  #reconcile(stored: readonly StoredTopic[]): void {
    const ids = new Set(stored.map(({ id }) => id));
    for (const topic of [...this.#topics.all()]) {
      if (!ids.has(topic.id)) this.#remove(topic);
    }
    for (const topic of stored) {
      const known = this.#topics.byId(topic.id);
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
    this.#topics.add(topic);
    return topic;
  }

  #remove(topic: StoreTopic): void {
    this.#topics.delete(topic);
    topic.remove();
    for (const listener of this.#onDeleted) listener(topic);
  }
}
