import type { Awaitable } from '../../../src/contract/index.js';
import type { ShardEntry, ShardOpening, StateShard } from './state-shard.js';
import type { StoreError } from './store-error.js';

/**
 * One partition of a topic. The kit makes one object per partition and passes the same one for as long as the topic
 * exists, so that a store may key a `WeakMap` by it.
 */
export interface PartitionId {
  /** Topic id: a lower-case dashed UUID, stable for the life of the topic. */
  readonly topicId: string;
  readonly topic: string;
  /** Partition index, from 0. */
  readonly partition: number;
}

/** A topic as a store keeps it. */
export interface StoredTopic {
  /** Lower-case dashed UUID. Ids of deleted topics are not used again. */
  readonly id: string;
  readonly name: string;
  /** Number of partitions; their indexes run from 0. */
  readonly partitionCount: number;
  /** Configs that were set on the topic itself, by Kafka's names. */
  readonly configs: Readonly<Record<string, string>>;
}

/**
 * What acknowledged records survive. State survives at least the same.
 *
 * - `none`: they may be lost when the process of the gateway, or of the engine, ends.
 * - `process`: they survive a killed gateway and a killed engine, but not a power failure.
 * - `power`: they survive a power failure.
 */
export type Durability = 'none' | 'process' | 'power';

/**
 * The decoded meaning of a control batch (KIP-98): the marker that ends a transaction. A store that keeps batches can
 * ignore it; a store that keeps records one by one represents the marker by it.
 */
export interface TransactionMarker {
  readonly type: 'commit' | 'abort';
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Epoch of the transaction coordinator that wrote the marker. */
  readonly coordinatorEpoch: number;
}

/** What is appended to one partition: validated batches of one producer. */
export interface AppendEntry {
  readonly partition: PartitionId;
  /**
   * Record batches of magic 2, one after the other. The store may keep the memory and write the base offset and leader
   * epoch into it (`stampBatches`), or decode the records (`readRecords`).
   */
  readonly batches: Buffer;
  /** Number of records in them, which is the number of offsets that they take. */
  readonly recordCount: number;
  /** Largest timestamp in them, in ms since the epoch; -1 without any. */
  readonly maxTimestamp: number;
  /** Leader epoch under which they are appended. */
  readonly leaderEpoch: number;
  /** Attempt of the claim under which they are appended; 0 where the partition was not claimed. */
  readonly attempt: number;
  /** The transaction marker if `batches` is one control batch; null for records. */
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
       * True if batches of idempotent producers that others have appended stand before this entry: the kit then calls
       * `replayProducers` before it answers the next batch. Default: false.
       */
      readonly needsReplay?: boolean | undefined;
      readonly error?: undefined;
    }
  | { readonly error: StoreError };

/** What is read from one partition. */
export interface ReadEntry {
  readonly partition: PartitionId;
  /** First offset wanted. The batch that holds it may begin before it. */
  readonly offset: number;
  /** Most bytes to return. */
  readonly maxBytes: number;
  /** Return at least one whole batch, even one that is larger than `maxBytes`, so that consumers make progress. */
  readonly atLeastOneBatch: boolean;
}

/** What was read from one partition. */
export type ReadResult =
  | {
      /**
       * Whole batches in the order of their offsets; empty at the log end offset. Must not change until released. Their
       * partition leader epoch is that of their append, or -1 where the store does not know it.
       */
      readonly chunks: readonly Uint8Array[];
      /** Sum of their lengths. */
      readonly bytes: number;
      /** Log start offset. */
      readonly logStartOffset: number;
      /** Log end offset: the offset after the last record. */
      readonly logEndOffset: number;
      /** Returns the memory of the chunks to the store. Called exactly once, after the write or the drop. */
      readonly release?: (() => void) | undefined;
      readonly error?: undefined;
    }
  | { readonly error: StoreError };

/** A batch of an idempotent or transactional producer, or a transaction marker, as the log holds it. */
export interface ReplayedBatch {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Sequence of the first record; -1 for a marker. */
  readonly baseSequence: number;
  /** Sequence of the last record; -1 for a marker. */
  readonly lastSequence: number;
  /** Offset of the first record, or of the marker. */
  readonly baseOffset: number;
  /** Largest timestamp in the batch, in ms since the epoch; -1 without any. */
  readonly maxTimestamp: number;
  /** Whether its records belong to a transaction. Default: false. */
  readonly isTransactional?: boolean | undefined;
  /** The transaction marker; null or undefined for records. */
  readonly marker?: TransactionMarker | null | undefined;
}

/** Where a log starts and ends. */
export interface LogOffsets {
  /** Offset of the first record that the log still has, or will have. */
  readonly logStartOffset: number;
  /** Offset after the last record. */
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

/** How a log is compacted: the last record of each key is kept. `LogCompactor` does it for batches. */
export interface Compaction {
  /** Only records before this offset may be dropped. */
  readonly beforeOffset: number;
  /** Tombstones (records with a null value) older than this time, in ms since the epoch, are dropped. */
  readonly dropTombstonesOlderThan: number;
}

/** One partition to claim. */
export interface Claim {
  readonly partition: PartitionId;
  /** Leader epoch of the claimant: the number of the opening of the shard that holds the partition. */
  readonly epoch: number;
  /** Counts the claims of one epoch, from 1: raised after an append whose outcome is unknown. */
  readonly attempt: number;
}

/** Result of one claim. */
export type ClaimResult =
  | {
      /** Log end offset at the claim: everything before it was appended by earlier claimants. */
      readonly logEndOffset: number;
      readonly error?: undefined;
    }
  /** `FENCED` if a higher epoch, or a higher attempt of this epoch, has claimed the partition. */
  | { readonly error: StoreError };

/**
 * An engine with logs, as the broker kit drives it. A store is passive, and every method returns a value or a promise.
 * A method for topics or records that waits takes an `AbortSignal`, which aborts when the broker stops waiting: the store then settles as soon
 * as it can. `check-store.ts` checks methods and properties when a broker is created. See `docs/guides/writing-a-store.md` for what may overlap and what has to survive.
 */
export interface LogStore {
  /** Name of the engine, for errors and logs. */
  readonly name: string;
  /** What acknowledged records survive. */
  readonly durability: Durability;
  /**
   * `batches` if `read` returns batches as they were appended, with the producer id, epoch and sequence in their
   * headers; `records` if the store decodes batches and builds new ones.
   */
  readonly keeps: 'batches' | 'records';
  /**
   * Set if the engine itself drops records by the configs `retention.ms` and `retention.bytes` of a topic. Absent: the
   * kit calls `applyRetention` if the store has it, and refuses these configs otherwise.
   */
  readonly retention?: 'engine' | undefined;

  /** Called before all other methods. A throw makes `listen()` reject. */
  open?(signal: AbortSignal): Awaitable<void>;
  /**
   * Releases everything. Called after all other methods, once for each `open`, including one that failed; an error that
   * it throws after a failed `open` is dropped.
   */
  close?(signal: AbortSignal): Awaitable<void>;

  /** Returns all topics. Called after `open`, and again when `watchTopics` reports a change. */
  listTopics(signal: AbortSignal): Awaitable<readonly StoredTopic[]>;
  /**
   * Creates a topic. The kit chooses the id; a store whose engine has topic ids returns another one.
   *
   * @throws StoreError `EXISTS`, `FULL`, `INVALID`.
   */
  createTopic(topic: StoredTopic, signal: AbortSignal): Awaitable<StoredTopic>;
  /** Raises the number of partitions. @throws StoreError `NOT_FOUND`, `FULL`. */
  createPartitions(topicId: string, partitionCount: number, signal: AbortSignal): Awaitable<void>;
  /** Replaces all configs of a topic. @throws StoreError `NOT_FOUND`, or `INVALID` for a config that the engine cannot hold. */
  alterTopicConfigs(topicId: string, configs: Readonly<Record<string, string>>, signal: AbortSignal): Awaitable<void>;
  /** Deletes a topic with its records. @throws StoreError `NOT_FOUND`. */
  deleteTopic(topicId: string, signal: AbortSignal): Awaitable<void>;
  /** Calls `changed` when a topic appears, changes or vanishes by the hand of others. Returns a function that stops it. */
  watchTopics?(changed: () => void): () => void;

  /** Appends to the partitions of one request. An append names each partition once; the kit has one append in flight per partition. */
  append(entries: readonly AppendEntry[], signal: AbortSignal): Awaitable<readonly AppendResult[]>;
  /** Reads from several partitions and returns results in the order of the entries. An offset outside the log: `OUT_OF_RANGE`. */
  read(entries: readonly ReadEntry[], signal: AbortSignal): Awaitable<readonly ReadResult[]>;
  /** Returns the log start offset, the log end offset and the size. */
  logOffsets(partition: PartitionId, signal: AbortSignal): Awaitable<LogOffsets>;
  /** Returns the first record whose timestamp is not earlier, or null. Absent: the kit scans with `read`. */
  offsetForTimestamp?(partition: PartitionId, timestamp: number, signal: AbortSignal): Awaitable<FoundOffset | null>;
  /** Returns the first record with the largest timestamp, or null for an empty log (KIP-734). Absent: the kit scans with `read`. */
  maxTimestamp?(partition: PartitionId, signal: AbortSignal): Awaitable<FoundOffset | null>;
  /**
   * Visits the batches of idempotent and transactional producers from an offset on, in order, and settles at the log end
   * offset. For a store that keeps records one by one, and who produced them beside them: the kit then saves producer
   * snapshots now and then. Without it, it saves one after each append.
   */
  replayProducers?(
    partition: PartitionId,
    offset: number,
    visit: (batch: ReplayedBatch) => void,
    signal: AbortSignal,
  ): Awaitable<void>;
  /** Drops the records before an offset and returns the new log start offset. Absent: DeleteRecords is refused. */
  deleteRecords?(partition: PartitionId, beforeOffset: number, signal: AbortSignal): Awaitable<number>;
  /** Drops the records that exceed the limits and returns the new log start offset. */
  applyRetention?(partition: PartitionId, retention: Retention, signal: AbortSignal): Awaitable<number>;
  /** Compacts a log and returns how many bytes were freed. Absent: `cleanup.policy=compact` is refused. */
  compact?(partition: PartitionId, compaction: Compaction, signal: AbortSignal): Awaitable<number>;
  /**
   * Calls `truncated` when a partition has lost acknowledged records at its end, with the new log end offset: the kit
   * then stores batches of idempotent producers from there on again when they are retried. For engines that may lose some.
   * Returns a function that stops it.
   */
  watchTruncation?(truncated: (partition: PartitionId, logEndOffset: number) => void): () => void;
  /** Calls `wake` after appends by others, while a fetch waits on the partition. Returns a function that stops it. */
  watch?(partition: PartitionId, wake: () => void): () => void;

  /**
   * Claims partitions, so that appends of other brokers under a lower epoch, or a lower attempt of this one, are not
   * acknowledged: they fail with `FENCED`, or readers do not see them. Required where several brokers share an engine; the
   * kit calls it once it supports that.
   */
  claim?(claims: readonly Claim[], signal: AbortSignal): Awaitable<readonly ClaimResult[]>;

  /**
   * Opens a shard of the durable state: what the kit itself has to keep, such as committed offsets, groups, producer ids and
   * configs. The owner before is fenced: nothing that it puts from then on is kept or acknowledged. Called once for each
   * `open`, and again after the shard was lost.
   *
   * @throws StoreError `FENCED` as `expectedEpoch` says; `INVALID` for state that this store cannot read.
   */
  openShard(opening: ShardOpening, signal: AbortSignal): Awaitable<StateShard>;
  /**
   * Reads a shard without opening it, for a store that several brokers open: from a position on, which is 0 or what an
   * earlier call returned, to its present end. Returns the position to go on from, which differs if there was anything. Entries
   * that this release cannot read are left out, and move the position. Absent: a broker that lost its state stays without it.
   */
  followShard?(shard: number, from: number, visit: (entry: ShardEntry) => void, signal: AbortSignal): Awaitable<number>;
}
