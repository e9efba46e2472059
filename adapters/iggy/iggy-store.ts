import { type Awaitable, settles } from '../../src/contract/index.js';
import {
  type AppendEntry,
  type AppendResult,
  type Durability,
  type FoundOffset,
  type LogOffsets,
  type LogStore,
  type PartitionId,
  type ReplayedBatch,
  type ReadEntry,
  type ReadResult,
  type ShardEntry,
  type ShardOpening,
  type StateShard,
  type StoredTopic,
  StoreError,
} from '../broker/index.js';
import { importOffsets } from './group-offsets/import-offsets.js';
import { OffsetMirror } from './group-offsets/offset-mirror.js';
import { findStream } from './log/find-stream.js';
import { IggyLog } from './log/iggy-log.js';
import { IggyTopics } from './log/topics.js';
import { type IggyStoreOptions, type IggyStoreSettings, iggyStoreSettings } from './options.js';
import { unlessAborted } from './sdk/abortable.js';
import { ClientPool } from './sdk/client-pool.js';
import { commandFailure, IggyCode, isRefusedEntry, storeError } from './sdk/failures.js';
import { messageTag } from './state/message-tag.js';
import type { IggyShard } from './state/iggy-shard.js';
import { StateShards } from './state/state-shards.js';

/** Milliseconds that `close` waits for pending state changes after its signal has aborted. */
const CLOSING_MS = 1000;

/** A store that keeps topics, records and state in one stream of Apache Iggy. */
export class IggyStore implements LogStore {
  readonly name = 'iggy';
  readonly durability: Durability;
  readonly keeps = 'records';
  readonly retention = 'engine';
  readonly #settings: IggyStoreSettings;
  readonly #warn: (message: string) => void;
  readonly #pool: ClientPool;
  readonly #state: StateShards;
  readonly #topics: IggyTopics;
  readonly #log: IggyLog;
  readonly #mirror: OffsetMirror | null;
  /** Tag that marks the messages of this gateway's producers. */
  #tag = 0;

  /** @throws OptionError that names the option and its value. */
  constructor(options: IggyStoreOptions, warn: (message: string) => void) {
    const settings = iggyStoreSettings(options);
    const { connect, addresses, clients, connections } = settings;
    const { commandTimeoutMs, connectTimeoutMs, topicsRefreshMs } = settings;
    this.#settings = settings;
    this.durability = settings.durability;
    this.#warn = warn;
    const check = (client: { readonly stream: { readonly get: (ref: { streamId: string }) => Promise<unknown> } }) =>
      client.stream.get({ streamId: settings.stream });
    const timeouts = { commandTimeoutMs, connectTimeoutMs };
    const pool = new ClientPool({ connect, addresses, clients, connections, ...timeouts, check, warn });
    const state = new StateShards({
      pool,
      stream: settings.stream,
      prefix: settings.stateTopic,
      refreshMs: topicsRefreshMs,
      stored: (key, value) => this.#mirror?.kept(key, value),
      warn,
    });
    const topics = new IggyTopics({
      pool,
      stream: settings.stream,
      state,
      refreshMs: topicsRefreshMs,
      durability: settings.durability,
      warn,
    });
    this.#pool = pool;
    this.#state = state;
    this.#topics = topics;
    this.#log = new IggyLog({
      ...settings,
      pool,
      topics,
      tag: () => this.#tag,
      suspect: () => {
        state.suspect();
      },
      warn,
    });
    const mirror = { pool, topics, stream: settings.stream, warn };
    this.#mirror = settings.mirrorOffsets ? new OffsetMirror(mirror) : null;
  }

  /** Number of unreadable messages that were skipped. */
  get skippedMessages(): number {
    return this.#log.losses.skippedMessages;
  }

  /**
   * Number of offsets lost because the end of a partition moved back: its server lost confirmed messages, or its topic was
   * purged. Counts partitions that were read or written here, since the store was created.
   */
  get lostOffsets(): number {
    return this.#log.losses.lostOffsets;
  }

  async open(): Promise<void> {
    try {
      await this.#pool.open();
      const { stream: name, createStream } = this.#settings;
      const stream = await findStream(this.#pool, name, createStream);
      this.#topics.open(stream);
    } catch (error) {
      await this.#pool.close();
      const failure = commandFailure(error);
      if (isRefusedEntry(failure) && failure.errorCode !== IggyCode.UNAUTHORIZED) {
        throw new StoreError('UNAVAILABLE', `Iggy refuses the credentials: ${failure.message}`, { cause: error });
      }
      throw storeError(error, `stream '${this.#settings.stream}' cannot be opened`);
    }
  }

  async close(signal: AbortSignal = AbortSignal.abort()): Promise<void> {
    this.#log.stop();
    this.#topics.close();
    await settles(this.#finish(signal), signal, CLOSING_MS);
    await this.#pool.close();
    this.#log.clear();
  }

  async #finish(signal: AbortSignal): Promise<void> {
    await this.#state.close(signal);
    await this.#mirror?.close();
  }

  async listTopics(): Promise<readonly StoredTopic[]> {
    const topics = await this.#topics.list();
    this.#log.retain(this.#topics.ids);
    return topics;
  }

  createTopic(topic: StoredTopic): Promise<StoredTopic> {
    return this.#topics.create(topic);
  }

  createPartitions(topicId: string, partitionCount: number): Promise<void> {
    return this.#topics.grow(topicId, partitionCount);
  }

  alterTopicConfigs(topicId: string, configs: Readonly<Record<string, string>>): Promise<void> {
    return this.#topics.configure(topicId, configs);
  }

  deleteTopic(topicId: string): Promise<void> {
    return this.#topics.delete(topicId);
  }

  watchTopics(changed: () => void): () => void {
    return this.#topics.watch(changed);
  }

  append(entries: readonly AppendEntry[]): Promise<readonly AppendResult[]> {
    return this.#log.append(entries);
  }

  read(entries: readonly ReadEntry[]): Awaitable<readonly ReadResult[]> {
    return this.#log.read(entries);
  }

  logOffsets(partition: PartitionId): Promise<LogOffsets> {
    return this.#log.logOffsets(partition);
  }

  replayProducers(partition: PartitionId, offset: number, found: (batch: ReplayedBatch) => void): Promise<void> {
    return this.#log.replayProducers(partition, offset, found);
  }

  offsetForTimestamp(partition: PartitionId, timestamp: number): Promise<FoundOffset | null> {
    return this.#log.offsetForTimestamp(partition, timestamp);
  }

  maxTimestamp(partition: PartitionId): Promise<FoundOffset | null> {
    return this.#log.maxTimestamp(partition);
  }

  watchTruncation(truncated: (partition: PartitionId, endOffset: number) => void): () => void {
    return this.#log.watchTruncation(truncated);
  }

  watch(partition: PartitionId, wake: () => void): () => void {
    return this.#log.watch(partition, wake);
  }

  async openShard(opening: ShardOpening, signal: AbortSignal): Promise<StateShard> {
    const shard = await this.#state.open(opening, signal);
    try {
      // Another gateway may have appended while it owned the shard.
      this.#log.forgetProducers();
      if (opening.shard === 0) await unlessAborted(this.#restore(shard, signal), signal, 'opening a shard');
      shard.start();
      return shard;
    } catch (error) {
      await shard.close(AbortSignal.abort());
      throw error;
    }
  }

  followShard(shard: number, from: number, visit: (entry: ShardEntry) => void, signal: AbortSignal): Promise<number> {
    return this.#state.follow(shard, from, visit, signal);
  }

  /** Loads the adapter's own values of the state. */
  async #restore(shard: IggyShard, signal: AbortSignal): Promise<void> {
    this.#topics.reload();
    this.#tag = await messageTag(shard);
    await this.#importOffsets(shard, signal);
  }

  async #importOffsets(state: IggyShard, signal: AbortSignal): Promise<void> {
    const { importOffsets: groups, stream } = this.#settings;
    if (groups.length === 0) return;
    const [pool, warn, topics] = [this.#pool, this.#warn, await this.#topics.list()];
    // The kit starts its heartbeats only after the shard is open.
    const alive = (): Promise<void> => state.check(signal);
    await importOffsets(groups, { pool, state, stream, topics, alive, warn });
  }
}

/**
 * Creates a store over a stream of Apache Iggy, for the broker kit.
 *
 * @param warn - Called with warnings for the operator. Default: `process.emitWarning`.
 * @throws OptionError that names the option and its value.
 */
export function createIggyStore(
  options: IggyStoreOptions,
  warn: (message: string) => void = (message) => {
    process.emitWarning(message);
  },
): IggyStore {
  return new IggyStore(options, warn);
}
