import { type Awaitable, ErrorCode } from '../../src/contract/index.js';
import type { TopicConfig } from './topic-config.js';
import type { PartitionId, StoredTopic } from './store/log-store.js';

/** One partition as the kit knows it: one object for its life. */
export interface Partition {
  readonly id: PartitionId;
  readonly topic: Topic;
  readonly index: number;
  /** Epoch of the current leader (KIP-101), as the placement has it at the moment. */
  readonly leaderEpoch: number;
  /** Tells everyone who waits that the partition has grown, or is gone. Called by whoever appended, after the append. */
  changed(): void;
  /** Calls back at every change until it is stopped; the kit watches the store while anyone listens. */
  onChange(listener: () => void): () => void;
}

/** A topic as the kit knows it. */
export interface Topic {
  /** Lower-case dashed uuid. */
  readonly id: string;
  readonly name: string;
  readonly partitions: readonly Partition[];
  readonly isInternal: boolean;
  /** What holds for it: its own configs over those of the broker. Replaced as a whole when they change. */
  readonly config: TopicConfig;
  /** Configs that were set on the topic itself. */
  readonly configs: Readonly<Record<string, string>>;
  /** False once it is deleted: who still holds it must look again. */
  readonly exists: boolean;
}

/** All topics, looked up without a promise. */
export interface TopicRegistry {
  byName(name: string): Topic | undefined;
  byId(id: string): Topic | undefined;
  all(): Iterable<Topic>;
  /** Returns a topic whose name differs from this one only in '.' and '_', since metrics are named alike. */
  colliding(name: string): string | undefined;
  /** Checked input only: validation is that of CreateTopics. @throws StoreError */
  create(topic: Omit<StoredTopic, 'id'>): Awaitable<Topic>;
  /** @throws StoreError */
  grow(topic: Topic, partitionCount: number): Awaitable<void>;
  /** @throws StoreError */
  configure(topic: Topic, configs: Readonly<Record<string, string>>): Awaitable<void>;
  /** @throws StoreError */
  delete(topic: Topic): Awaitable<void>;
  /** Calls back when a topic is gone, from here or elsewhere. */
  onDeleted(listener: (topic: Topic) => void): () => void;
  /** Calls back when the config of a topic is replaced, by its own configs or by those of the broker. */
  onConfigured(listener: (topic: Topic) => void): () => void;
}

/** Returns the topic that a request names: by id in versions that name topics by id, by name in the others. */
export function findTopic(topics: TopicRegistry, byId: boolean, topicId: string, name: string): Topic | undefined {
  return byId ? topics.byId(topicId) : topics.byName(name);
}

/** The error code of a topic that {@link findTopic} does not find. */
export function unknownTopicCode(byId: boolean): number {
  return byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}
