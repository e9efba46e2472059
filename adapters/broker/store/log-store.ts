import type { Awaitable } from '../../../src/contract/index.js';
import type { ShardEntry, ShardOpening, StateShard } from './state-shard.js';
import type { StoreError } from './store-error.js';

/**
 * One partition of a topic. The kit creates one object per partition and passes the same object as long as the topic
 * exists. A store can use it as a key of a `WeakMap`.
 */
export interface PartitionId {
  /** Topic id: a lower-case dashed UUID, stable for the life of the topic. */
  readonly topicId: string;
  readonly topic: string;
  /** Partition index, from 0. */
  readonly partition: number;
}

/** A topic in a store. */
export interface StoredTopic {
  /** Lower-case dashed UUID. The ids of deleted topics are never reused. */
  readonly id: string;
  readonly name: string;
  /** Number of partitions. Partition indexes start at 0. */
  readonly partitionCount: number;
  /** Configs that are set on the topic itself, by Kafka's names. */
  readonly configs: Readonly<Record<string, string>>;
}

/**
 * Failures that acknowledged records survive. The durable state survives at least the same failures.
 *
 * - `none`: they may be lost when the process of the gateway or the engine ends.
 * - `process`: they survive a killed gateway and a killed engine, but not a power failure.
 * - `power`: they survive a power failure.
 */
export type Durability = 'none' | 'process' | 'power';

/**
 * A transaction marker, decoded from a control batch (KIP-98). It ends a transaction. A store that keeps batches can ignore
 * it. A store that keeps individual records stores this marker instead of the control batch.
 */
export interface TransactionMarker {
  readonly type: 'commit' | 'abort';
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Epoch of the transaction coordinator that wrote the marker. */
  readonly coordinatorEpoch: number;
}

/** One partition of an append: validated batches of one producer. */
export interface AppendEntry {
  readonly partition: PartitionId;
  /**
   * Contiguous record batches of magic 2. The store may keep this memory and write base offsets and the leader epoch into
   * it (`stampBatches`), or decode the records (`readRecords`).
   */
  readonly batches: Buffer;
  /** Number of records in the batches, which is the number of offsets that they take. */
  readonly recordCount: number;
  /** Largest timestamp in the batches, in ms since the epoch; -1 if no record has one. */
  readonly maxTimestamp: number;
  /** Leader epoch of the append. */
  readonly leaderEpoch: number;
  /** Attempt of the claim of the partition; 0 if the partition was not claimed. */
  readonly attempt: number;
  /** The transaction marker if `batches` is a control batch; null for records. */
  readonly marker: TransactionMarker | null;
}

/** Result of one entry. Entries succeed or fail independently. */
export type AppendResult =
  | {
      /** Offset of the first record. */
      readonly baseOffset: number;
      /** Log start offset. */
      readonly logStartOffset: number;
      /**
       * Whether other writers appended batches of idempotent producers before this entry. If true, the kit calls
       * `replayProducers` before it handles the next batch. Default: false.
       */
      readonly needsReplay?: boolean | undefined;
      readonly error?: undefined;
    }
  | { readonly error: StoreError };

/** One partition of a read. */
export interface ReadEntry {
  readonly partition: PartitionId;
  /** Offset to read from. The batch that contains it may start earlier. */
  readonly offset: number;
  /** Maximum number of bytes to return. */
  readonly maxBytes: number;
  /** Whether to return at least one whole batch, even if it exceeds `maxBytes`, so that consumers make progress. */
  readonly atLeastOneBatch: boolean;
}

/** Result of reading one partition. */
export type ReadResult =
  | {
      /**
       * Whole batches in offset order; empty at the log end offset. Their bytes must not change until `release` is called.
       * Their partition leader epoch is that of the append, or -1 if the store does not know it.
       */
      readonly chunks: readonly Uint8Array[];
      /** Total size of the chunks in bytes. */
      readonly bytes: number;
      /** Log start offset. */
      readonly logStartOffset: number;
      /** Log end offset: the offset after the last record. */
      readonly logEndOffset: number;
      /** Returns the memory of the chunks to the store. Called exactly once, after the response is written or dropped. */
      readonly release?: (() => void) | undefined;
      readonly error?: undefined;
    }
  | { readonly error: StoreError };

/** A batch of an idempotent or transactional producer, or a transaction marker, read from the log. */
export interface ReplayedBatch {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence of the first record; -1 for a marker. */
  readonly baseSequence: number;
  /** Sequence of the last record; -1 for a marker. */
  readonly lastSequence: number;
  /** Offset of the first record or of the marker. */
  readonly baseOffset: number;
  /** Largest timestamp in the batch, in ms since the epoch; -1 if no record has one. */
  readonly maxTimestamp: number;
  /** Whether the records belong to a transaction. Default: false. */
  readonly isTransactional?: boolean | undefined;
  /** The transaction marker; null or undefined for records. */
  readonly marker?: TransactionMarker | null | undefined;
}

/** Start, end and size of a log. */
export interface LogOffsets {
  /** Log start offset: the lowest offset that can be read. In an empty log it is the offset of the next record. */
  readonly logStartOffset: number;
  /** Log end offset: the offset after the last record. */
  readonly logEndOffset: number;
  /** Size of the log in bytes. */
  readonly bytes: number;
}

/** A record found by its timestamp. */
export interface FoundOffset {
  readonly offset: number;
  /** Timestamp of the record, in ms since the epoch. */
  readonly timestamp: number;
}

/** Limits that retention applies to a partition. */
export interface Retention {
  /** Drop whole segments or batches whose records are all older than this time, in ms since the epoch; -1 for no limit. */
  readonly olderThan: number;
  /** Drop the oldest records while the log is larger than this; -1 for no limit. */
  readonly maxBytes: number;
}

/** Parameters of the compaction of a log, which keeps the last record of each key. `LogCompactor` implements it for batches. */
export interface Compaction {
  /** Only records before this offset may be dropped. */
  readonly beforeOffset: number;
  /** Tombstones (records with a null value) older than this time, in ms since the epoch, are dropped. */
  readonly dropTombstonesOlderThan: number;
}

/** One partition to claim. */
export interface Claim {
  readonly partition: PartitionId;
  /** Leader epoch of the claimant: the epoch of its opening of the shard that the partition belongs to. */
  readonly epoch: number;
  /** Number of the claim within its epoch, from 1. The kit raises it after an append whose outcome is unknown. */
  readonly attempt: number;
}

/** Result of one claim. */
export type ClaimResult =
  | {
      /** Log end offset at the time of the claim. Earlier claimants appended all records before it. */
      readonly logEndOffset: number;
      readonly error?: undefined;
    }
  /** `FENCED` if a higher epoch, or a higher attempt of the same epoch, has claimed the partition. */
  | { readonly error: StoreError };

/**
 * An engine with logs, which the broker kit calls. Methods may return a value or a promise. Methods that wait for the engine
 * take an `AbortSignal`. It aborts when the broker stops waiting; the store then settles as soon as possible. Methods and
 * properties are checked when a broker is created. `docs/guides/writing-a-store.md` describes which calls may overlap and
 * which data must survive failures.
 */
export interface LogStore {
  /** Name of the engine, used in errors and logs. */
  readonly name: string;
  /** Failures that acknowledged records survive. */
  readonly durability: Durability;
  /**
   * `batches` if `read` returns the appended batches, with the producer id, epoch and sequence in their headers. `records` if
   * the store decodes batches and builds new ones on read.
   */
  readonly keeps: 'batches' | 'records';
  /**
   * Set to `engine` if the engine itself applies the topic configs `retention.ms` and `retention.bytes`. If absent, the kit
   * calls `applyRetention`. If that is absent too, the kit rejects these configs.
   */
  readonly retention?: 'engine' | undefined;

  /** Opens the store. Called before all other methods. If it throws, `listen()` rejects. */
  open?(signal: AbortSignal): Awaitable<void>;
  /**
   * Releases all resources. Called after all other methods, once for each `open`, including one that failed. An error
   * thrown after a failed `open` is ignored.
   */
  close?(signal: AbortSignal): Awaitable<void>;

  /** Returns all topics. Called after `open`, and again when `watchTopics` reports a change. */
  listTopics(signal: AbortSignal): Awaitable<readonly StoredTopic[]>;
  /**
   * Creates a topic and returns it. The kit chooses the id. A store whose engine has its own topic ids returns another id.
   *
   * @throws StoreError `EXISTS`, `FULL`, `INVALID`.
   */
  createTopic(topic: StoredTopic, signal: AbortSignal): Awaitable<StoredTopic>;
  /** Increases the number of partitions to `partitionCount`. @throws StoreError `NOT_FOUND`, `FULL`. */
  createPartitions(topicId: string, partitionCount: number, signal: AbortSignal): Awaitable<void>;
  /** Replaces all configs of a topic. @throws StoreError `NOT_FOUND`; `INVALID` for a config that the engine cannot store. */
  alterTopicConfigs(topicId: string, configs: Readonly<Record<string, string>>, signal: AbortSignal): Awaitable<void>;
  /** Deletes a topic and its records. @throws StoreError `NOT_FOUND`. */
  deleteTopic(topicId: string, signal: AbortSignal): Awaitable<void>;
  /** Calls `changed` when others create, change or delete a topic. Returns a function that stops watching. */
  watchTopics?(changed: () => void): () => void;

  /**
   * Appends to one or more partitions and returns results in the order of the entries. Each partition occurs once, and has
   * at most one append in flight.
   */
  append(entries: readonly AppendEntry[], signal: AbortSignal): Awaitable<readonly AppendResult[]>;
  /**
   * Reads from one or more partitions and returns results in the order of the entries. An entry with an offset outside the
   * log fails with `OUT_OF_RANGE`.
   */
  read(entries: readonly ReadEntry[], signal: AbortSignal): Awaitable<readonly ReadResult[]>;
  /** Returns the log start offset, the log end offset and the size of a log. */
  logOffsets(partition: PartitionId, signal: AbortSignal): Awaitable<LogOffsets>;
  /** Returns the first record whose timestamp is equal or later; null if there is none. If absent, the kit scans the log. */
  offsetForTimestamp?(partition: PartitionId, timestamp: number, signal: AbortSignal): Awaitable<FoundOffset | null>;
  /** Returns the first record with the largest timestamp; null for an empty log (KIP-734). If absent, the kit scans the log. */
  maxTimestamp?(partition: PartitionId, signal: AbortSignal): Awaitable<FoundOffset | null>;
  /**
   * Visits the batches of idempotent and transactional producers from an offset to the log end offset, in order. For a
   * store that keeps individual records together with their producer ids and sequences. With it, the kit saves producer
   * snapshots from time to time; without it, after each append.
   */
  replayProducers?(
    partition: PartitionId,
    offset: number,
    visit: (batch: ReplayedBatch) => void,
    signal: AbortSignal,
  ): Awaitable<void>;
  /** Drops the records before an offset and returns the new log start offset. If absent, DeleteRecords is rejected. */
  deleteRecords?(partition: PartitionId, beforeOffset: number, signal: AbortSignal): Awaitable<number>;
  /** Drops the records that exceed the limits and returns the new log start offset. */
  applyRetention?(partition: PartitionId, retention: Retention, signal: AbortSignal): Awaitable<number>;
  /** Compacts a log and returns the number of bytes freed. If absent, `cleanup.policy=compact` is rejected. */
  compact?(partition: PartitionId, compaction: Compaction, signal: AbortSignal): Awaitable<number>;
  /**
   * Calls `truncated` with the new log end offset when a partition has lost acknowledged records at its end. Batches of
   * idempotent producers after that offset are then appended again when they are retried. For engines that can lose
   * acknowledged records. Returns a function that stops watching.
   */
  watchTruncation?(truncated: (partition: PartitionId, logEndOffset: number) => void): () => void;
  /** Calls `wake` after appends by others, while a fetch waits for the partition. Returns a function that stops watching. */
  watch?(partition: PartitionId, wake: () => void): () => void;

  /**
   * Claims partitions. Appends with a lower epoch, or a lower attempt of the same epoch, are not acknowledged from then on:
   * they fail with `FENCED`, or stay invisible to readers. Required if several brokers share an engine. The kit does not call
   * it yet.
   */
  claim?(claims: readonly Claim[], signal: AbortSignal): Awaitable<readonly ClaimResult[]>;

  /**
   * Opens a shard of the durable state, in which the kit keeps committed offsets, groups, producer ids, configs and the like.
   * The previous owner is fenced: its later changes are neither stored nor acknowledged. Called once for each `open`, and
   * again after the shard was lost.
   *
   * @throws StoreError `FENCED` if `expectedEpoch` does not match; `INVALID` for state that this store cannot read.
   */
  openShard(opening: ShardOpening, signal: AbortSignal): Awaitable<StateShard>;
  /**
   * Reads a shard without opening it, from a position to its current end. For a store that several brokers share. If absent,
   * a broker that lost its state does not get it back.
   *
   * @param from - 0, or a position that an earlier call returned.
   * @returns The next position. It differs from `from` if there were entries, including entries that this release cannot
   * read, which are not visited.
   */
  followShard?(shard: number, from: number, visit: (entry: ShardEntry) => void, signal: AbortSignal): Awaitable<number>;
}
