import type { Awaitable, Endpoint } from '../../src/contract/index.js';
import type { BrokerNode } from './placement.js';

/**
 * One partition of a topic, as the kit names it to a store. The kit makes one object for each partition and hands out
 * the same one again and again, so that a store may keep what it knows of it in a `WeakMap`.
 */
export interface PartitionId {
  /** Topic id: a lower-case dashed uuid, stable for the life of the topic. */
  readonly topicId: string;
  readonly topic: string;
  /** Partition index, from 0. */
  readonly partition: number;
}

/** A topic as a store keeps it. */
export interface StoredTopic {
  /** Lower-case dashed uuid; never the same again once the topic is deleted. */
  readonly id: string;
  readonly name: string;
  /** Partitions 0 to this minus one. */
  readonly partitionCount: number;
  /** Configs that were set on the topic itself, by Kafka's names. */
  readonly configs: Readonly<Record<string, string>>;
}

/** What is appended to one partition: validated batches of one producer. */
export interface AppendEntry {
  readonly partition: PartitionId;
  /**
   * Record batches of magic 2, one behind the other. The store may keep the memory and write the base offset and leader
   * epoch into it (`stampBatches`), or take the records out (`readRecords`).
   */
  readonly batches: Buffer;
  /** Records in them, so many offsets are taken. */
  readonly recordCount: number;
  /** Largest timestamp in them, in ms since the epoch; -1 when there is none. */
  readonly maxTimestamp: number;
  readonly leaderEpoch: number;
}

/** What became of one entry of an append; a failure of one is none of the others'. */
export type AppendResult =
  | {
      /** Offset of the first record. */
      readonly baseOffset: number;
      /** First offset that the partition still has. */
      readonly startOffset: number;
      /**
       * Whether batches of idempotent producers lie before it that others have appended: `producedFrom` finds them. Default:
       * false.
       */
      readonly isBehind?: boolean | undefined;
      readonly error?: undefined;
    }
  | { readonly error: StoreError };

/** What is wanted of one partition. */
export interface ReadEntry {
  readonly partition: PartitionId;
  /** First offset wanted; the batch that holds it may begin before it. */
  readonly offset: number;
  /** Most bytes to give. */
  readonly maxBytes: number;
  /** Give at least one whole batch, even a longer one, so that a consumer gets on. */
  readonly atLeastOneBatch: boolean;
}

/** What a partition has. */
export type ReadResult =
  | {
      /** Whole batches, in the order of their offsets; none at the end of the log. They must not change until released. */
      readonly chunks: readonly Uint8Array[];
      /** Sum of their lengths. */
      readonly bytes: number;
      /** First offset that the partition still has. */
      readonly startOffset: number;
      /** Offset after the last record: the high watermark. */
      readonly endOffset: number;
      /** Takes the chunks' memory back; called once, after the write or the drop. */
      readonly release?: (() => void) | undefined;
      readonly error?: undefined;
    }
  | { readonly error: StoreError };

/** A batch of an idempotent producer as the log has it. */
export interface ProducedBatch {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence of its first record. */
  readonly baseSequence: number;
  /** Sequence of its last record. */
  readonly lastSequence: number;
  /** Offset of its first record. */
  readonly baseOffset: number;
  /** Largest timestamp in it, in ms since the epoch; -1 when there is none. */
  readonly maxTimestamp: number;
}

/** First offset there is, and the offset after the last. */
export interface LogBounds {
  readonly startOffset: number;
  readonly endOffset: number;
  /** Bytes that the partition takes. */
  readonly bytes: number;
}

/** A record found by its time. */
export interface FoundOffset {
  readonly offset: number;
  /** Its timestamp, in ms since the epoch. */
  readonly timestamp: number;
}

/** How far the records of a partition may reach. */
export interface Retention {
  /** Drop whole segments or batches whose records are all older than this time, in ms since the epoch; -1 keeps all. */
  readonly olderThan: number;
  /** Drop the oldest while the partition takes more bytes than this; -1 keeps all. */
  readonly maxBytes: number;
}

/** How a partition is compacted: the last record of each key is kept. */
export interface Compaction {
  /** Records before this offset may go; those from it on are kept whatever their key. */
  readonly beforeOffset: number;
  /** Tombstones (null values) older than this time, in ms since the epoch, go as well. */
  readonly dropTombstonesOlderThan: number;
}

/** What a store can do; what it lacks, the kit answers with a clear error, or does without. */
export interface StoreCapabilities {
  /** Whether what was acknowledged is there after a restart of the process. */
  readonly durable: boolean;
  /** `deleteRecords`: without, DeleteRecords is refused (POLICY_VIOLATION). */
  readonly deleteRecords: boolean;
  /**
   * Drops records by a topic's `retention.ms` and `retention.bytes`: by `trim`, or, in a store without it, by itself, as
   * `createTopic` and `configureTopic` say; then defaults for all topics (`log.retention.*`) are refused. Without, all
   * these configs are refused.
   */
  readonly retention: boolean;
  /** `compact`: without, `cleanup.policy=compact` is refused (INVALID_CONFIG). */
  readonly compaction: boolean;
  /** Keeps batches as they come, control batches and producer state among them: what transactions need. */
  readonly keepsBatches: boolean;
}

/** How a broker presents itself to those that share its store. */
export interface BrokerRegistration {
  /** What clients connect to. */
  readonly endpoint: Endpoint;
  /** The node id that was set; null lets the store assign one. */
  readonly nodeId: number | null;
  readonly rack: string | null;
}

/** Who has the durable state of a store that several brokers open. */
export type StateChange =
  /** Another broker has opened it since: `put` fails. `owner` is null while its address is unknown. */
  | { readonly kind: 'lost'; readonly owner: BrokerNode | null }
  /** It was opened again here: `load` has what it holds now. */
  | { readonly kind: 'regained' };

/**
 * An engine with logs, as the broker kit wants it: passive, a value or a promise from every method. The kit has at most
 * one append in flight for each partition, never reads what it has not been told is there, and calls nothing after
 * `close`.
 */
export interface LogStore {
  /** Names the engine in errors and logs. */
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  /** Makes ready; before anything else. A throw makes `listen()` reject. */
  open?(signal: AbortSignal): Awaitable<void>;
  /**
   * Gives everything back; after everything else. Called after an `open` that failed as well, whatever that has opened,
   * and once for each `open`: what it throws then is dropped, and `listen()` rejects with the error of `open`.
   */
  close?(signal: AbortSignal): Awaitable<void>;

  /** All topics there are. Called once after `open`; later changes from elsewhere come through `watchTopics`. */
  listTopics(): Awaitable<readonly StoredTopic[]>;
  /** @throws StoreError `exists`, `full`, `invalid`. The id is the kit's, unless the engine gives one of its own. */
  createTopic(topic: StoredTopic): Awaitable<StoredTopic>;
  /** @throws StoreError `notFound`, `full`. */
  growTopic(topicId: string, partitionCount: number): Awaitable<void>;
  /** Replaces the topic's configs. @throws StoreError `notFound`, `invalid` for a config that the engine cannot hold. */
  configureTopic(topicId: string, configs: Readonly<Record<string, string>>): Awaitable<void>;
  /** The topic and its records. @throws StoreError `notFound`. */
  deleteTopic(topicId: string): Awaitable<void>;
  /** Tells of topics that appear, change or vanish from elsewhere. Returns how to stop. */
  watchTopics?(changed: () => void): () => void;

  /** Appends to all partitions of one request, each on its own. */
  append(entries: readonly AppendEntry[]): Awaitable<readonly AppendResult[]>;
  /** Reads several partitions, in the order given. An offset before the start or after the end: `outOfRange`. */
  read(entries: readonly ReadEntry[], signal: AbortSignal | null): Awaitable<readonly ReadResult[]>;
  bounds(partition: PartitionId): Awaitable<LogBounds>;
  /**
   * Tells of the batches of idempotent producers from an offset on, in their order, and settles at the end of the log: for
   * a store without `keepsBatches` that keeps beside the records who produced them. With it the kit saves producers now
   * and then (`put`), without it after each of their appends.
   */
  producedFrom?(partition: PartitionId, offset: number, found: (batch: ProducedBatch) => void): Awaitable<void>;
  /** The first record whose timestamp is not earlier; null when there is none. */
  offsetForTimestamp(partition: PartitionId, timestamp: number): Awaitable<FoundOffset | null>;
  /** The record with the largest timestamp, the first of them; null for an empty partition (KIP-734). */
  maxTimestamp(partition: PartitionId): Awaitable<FoundOffset | null>;
  /** Drops what lies before an offset; answers the new first offset. */
  deleteRecords?(partition: PartitionId, beforeOffset: number): Awaitable<number>;
  /** Drops what is too old or too much; answers the new first offset. */
  trim?(partition: PartitionId, retention: Retention): Awaitable<number>;
  /** Keeps the last record of each key; answers how many bytes were freed. */
  compact?(partition: PartitionId, compaction: Compaction): Awaitable<number>;
  /**
   * Calls `truncated` when a partition has lost acknowledged records at its end, with its log end offset then: batches of
   * idempotent producers from there on are stored anew when they are sent again. For engines that may lose some. Returns
   * how to stop.
   */
  watchTruncation?(truncated: (partition: PartitionId, endOffset: number) => void): () => void;
  /** Calls `wake` after appends from elsewhere, while someone waits for the partition. Returns how to stop. */
  watch?(partition: PartitionId, wake: () => void): () => void;

  /**
   * Durable state of the kit, in the order of the calls: committed offsets, groups, producer ids, configs. Null forgets
   * a key. Settles once it would be found after a restart, as far as the engine is durable.
   */
  put(key: string, value: Uint8Array | null): Awaitable<void>;
  /** Everything that was put and not forgotten. Called after `open`, and again after the state was regained. */
  load(): Awaitable<Iterable<readonly [key: string, value: Uint8Array]>>;
  /**
   * For a store that several brokers open, of which one has the durable state: calls back when another one has it, at once
   * if that is so already, when that one's address becomes known, and when this broker has the state again. Until then the
   * kit answers nothing that depends on the state. Returns how to stop.
   */
  watchState?(changed: (change: StateChange) => void): () => void;
  /**
   * Presents this broker to the others: once its address is known, and again after it has regained the state.
   *
   * @returns The node id: the one that was set, or one that the store keeps for this address.
   */
  register?(self: BrokerRegistration): Awaitable<number>;
}

/** Why a store could not do what it was asked. */
export type StoreErrorKind =
  /** There is no such topic or partition. */
  | 'notFound'
  /** There is such a topic already. */
  | 'exists'
  /** A limit on bytes, topics or partitions is reached. */
  | 'full'
  /** Cannot be reached for now; nothing was done. */
  | 'unavailable'
  /** Cannot be written until an operator acts; nothing was done. Clients are not told to try again. */
  | 'unwritable'
  /** It may have been done, or not: the connection broke before the answer. */
  | 'outcomeUnknown'
  /** The offset lies before the start or after the end. */
  | 'outOfRange'
  /** The engine cannot hold this value, whoever asks. */
  | 'invalid';

/** A failure of a store that the kit knows how to answer. Anything else thrown is UNKNOWN_SERVER_ERROR. */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';

  constructor(
    readonly kind: StoreErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
