import { randomInt } from 'node:crypto';
import type { Awaitable } from '../../src/contract/index.js';
import { all } from '../broker/awaitable.js';
import {
  type AppendEntry,
  type AppendResult,
  type BrokerRegistration,
  type FoundOffset,
  type LogBounds,
  type LogStore,
  type PartitionId,
  type ProducedBatch,
  type ReadEntry,
  type ReadResult,
  type StateChange,
  type StoreCapabilities,
  type StoredTopic,
  StoreError,
} from '../broker/log-store.js';
import type { IggyStream } from './sdk/client.js';
import { ClientPool } from './sdk/client-pool.js';
import { EndWatcher } from './end-watcher.js';
import { commandFailure, IggyCode, isRefusedEntry, storeError } from './sdk/failures.js';
import { importOffsets } from './import-offsets.js';
import { assignNodeId, unlessLost } from './node-ids.js';
import { OffsetMirror } from './offset-mirror.js';
import { type IggyStoreOptions, type IggyStoreSettings, iggyStoreSettings } from './options.js';
import { PartitionEnds } from './partition-ends.js';
import { PartitionReader } from './partition-reader.js';
import { PartitionState } from './partition-state.js';
import { PartitionWriter } from './partition-writer.js';
import { ProducerScan } from './producer-scan.js';
import { ReadAhead } from './read-ahead.js';
import { RecordTimes } from './record-times.js';
import { TAGS } from './records/message-ids.js';
import type { Unreadable } from './records/unreadable.js';
import { StateLog } from './state-log.js';
import { compressionOf, hasAppendTime } from './topic-configs.js';
import { IggyTopics } from './topics.js';
import { UnwritablePartitions } from './unwritable.js';

/** How long state that is still to be kept is waited for once closing should be over, in ms. */
const CLOSING_MS = 1000;

/** Under which key of the state the tag of message ids is. */
const TAG = 'message-tag';

/** Topics and records in one stream of Apache Iggy. */
export class IggyStore implements LogStore {
  readonly name = 'iggy';
  readonly capabilities: StoreCapabilities = {
    durable: true,
    // Iggy deletes whole segments only.
    deleteRecords: false,
    // By rules of its own, which topics are told of.
    retention: true,
    compaction: false,
    keepsBatches: false,
  };
  readonly #settings: IggyStoreSettings;
  readonly #warn: (message: string) => void;
  readonly #pool: ClientPool;
  readonly #state: StateLog;
  readonly #topics: IggyTopics;
  readonly #ends: PartitionEnds;
  readonly #watcher: EndWatcher;
  readonly #reader: PartitionReader;
  readonly #writer: PartitionWriter;
  readonly #times: RecordTimes;
  readonly #readAhead: ReadAhead;
  readonly #mirror: OffsetMirror | null;
  #states = new WeakMap<PartitionId, PartitionState>();
  #skipped = 0;
  #lostOffsets = 0;
  /** When the owner of the state may be looked up again for a suspicion, by the monotonic clock. */
  #nextCheck = -Infinity;
  readonly #onTruncation = new Set<(partition: PartitionId, endOffset: number) => void>();
  #onStateChange: ((change: StateChange) => void) | null = null;
  /** What marks the messages of this gateway's producers. */
  #tag = 0;

  /** @throws OptionError naming the option and its value. */
  constructor(options: IggyStoreOptions, warn: (message: string) => void) {
    const settings = iggyStoreSettings(options);
    const { connect, addresses, clients, connections } = settings;
    const { commandTimeoutMs, connectTimeoutMs, topicsRefreshMs } = settings;
    this.#settings = settings;
    this.#warn = warn;
    const check = (client: { readonly stream: { readonly get: (ref: { streamId: string }) => Promise<unknown> } }) =>
      client.stream.get({ streamId: settings.stream });
    const timeouts = { commandTimeoutMs, connectTimeoutMs };
    const pool = new ClientPool({ connect, addresses, clients, connections, ...timeouts, check, warn });
    const state = new StateLog({
      pool,
      stream: settings.stream,
      prefix: settings.stateTopic,
      sessionTimeoutMs: settings.sessionTimeoutMs,
      refreshMs: topicsRefreshMs,
      warn,
      changed: (change) => {
        void this.#stateChanged(change);
      },
    });
    const topics = new IggyTopics({
      pool,
      stream: settings.stream,
      state,
      refreshMs: topicsRefreshMs,
      durability: settings.durability,
      warn,
    });
    const ends = new PartitionEnds(pool, topics, settings.stream);
    const watcher = new EndWatcher(ends, settings.pace);
    const readAhead = new ReadAhead(settings.readAheadBytes);
    const reader = new PartitionReader({
      pool,
      ends,
      readAhead,
      isFresh: (partition) => watcher.isFresh(partition),
      compression: ({ id }) => compressionOf(topics.configs(id.topicId)),
      appendTime: ({ id }) => hasAppendTime(topics.configs(id.topicId)),
      skipped: (partition, offset, why) => {
        this.#skip(partition, offset, why);
      },
    });
    this.#pool = pool;
    this.#state = state;
    this.#topics = topics;
    this.#ends = ends;
    this.#watcher = watcher;
    this.#readAhead = readAhead;
    this.#reader = reader;
    this.#writer = new PartitionWriter({
      pool,
      ends,
      reader,
      unwritable: new UnwritablePartitions(pool, warn),
      patienceMs: commandTimeoutMs,
      tag: () => this.#tag,
      // What it finds out, `changed` reports.
      suspect: () => {
        // A busy partition suspects at each append: what comes after a check is found by the list of topics.
        const now = performance.now();
        if (now < this.#nextCheck) return;
        this.#nextCheck = now + topicsRefreshMs;
        void state.check().catch(() => undefined);
      },
      warn,
    });
    this.#times = new RecordTimes(ends, reader);
    const mirror = { pool, topics, stream: settings.stream, warn };
    this.#mirror = settings.mirrorOffsets ? new OffsetMirror(mirror) : null;
  }

  /** How many messages could not be read, and were left out. */
  get skippedMessages(): number {
    return this.#skipped;
  }

  /**
   * How many offsets are gone because the end of a partition went back: its server lost what it had confirmed, or its topic
   * was purged. Counts partitions that were read or written here, from the creation of the store on.
   */
  get lostOffsets(): number {
    return this.#lostOffsets;
  }

  async open(): Promise<void> {
    try {
      await this.#pool.open();
      const stream = await this.#findStream();
      await this.#state.open();
      this.#topics.open(stream);
      this.#tag = await this.#findTag();
      await this.#importOffsets();
    } catch (error) {
      // The gateway before it need not wait until this one has been silent for long enough.
      await untilLong(this.#state.close(), AbortSignal.abort());
      await this.#pool.close();
      const failure = commandFailure(error);
      if (isRefusedEntry(failure) && failure.code !== IggyCode.UNAUTHORIZED) {
        throw new StoreError('unavailable', `Iggy refuses the credentials: ${failure.message}`, { cause: error });
      }
      throw storeError(error, `stream '${this.#settings.stream}' cannot be opened`);
    }
  }

  async close(signal: AbortSignal = AbortSignal.abort()): Promise<void> {
    this.#watcher.close();
    this.#topics.close();
    await untilLong(this.#finish(), signal);
    await this.#pool.close();
    this.#ends.clear();
    this.#readAhead.clear();
    this.#states = new WeakMap();
  }

  async #finish(): Promise<void> {
    await this.#state.close();
    await this.#mirror?.close();
  }

  async listTopics(): Promise<readonly StoredTopic[]> {
    const topics = await this.#topics.list();
    const { ids } = this.#topics;
    this.#ends.retain(ids);
    this.#watcher.retain(ids);
    return topics;
  }

  createTopic(topic: StoredTopic): Promise<StoredTopic> {
    return this.#topics.create(topic);
  }

  growTopic(topicId: string, partitionCount: number): Promise<void> {
    return this.#topics.grow(topicId, partitionCount);
  }

  configureTopic(topicId: string, configs: Readonly<Record<string, string>>): Promise<void> {
    return this.#topics.configure(topicId, configs);
  }

  deleteTopic(topicId: string): Promise<void> {
    return this.#topics.delete(topicId);
  }

  watchTopics(changed: () => void): () => void {
    return this.#topics.watch(changed);
  }

  append(entries: readonly AppendEntry[]): Promise<readonly AppendResult[]> {
    return Promise.all(
      entries.map((entry) => {
        this.#topics.appending(entry.partition.topicId);
        return this.#writer.append(entry, this.#stateOf(entry.partition));
      }),
    );
  }

  read(entries: readonly ReadEntry[]): Awaitable<readonly ReadResult[]> {
    return all(entries.map((entry) => this.#reader.read(entry, this.#stateOf(entry.partition))));
  }

  async bounds(partition: PartitionId): Promise<LogBounds> {
    const state = this.#stateOf(partition);
    await this.#ends.refreshOne(state);
    await this.#ends.load(state);
    if (state.isDoubtful) throw new StoreError('unavailable', `Iggy: it is not sure yet where ${state.name} ends`);
    await this.#ends.findStart(state);
    return { startOffset: state.start, endOffset: state.end, bytes: state.bytes };
  }

  async producedFrom(partition: PartitionId, offset: number, found: (batch: ProducedBatch) => void): Promise<void> {
    const state = this.#stateOf(partition);
    await this.#ends.load(state);
    const { end } = state;
    await new ProducerScan(this.#tag, found).run(this.#reader, state, offset);
    this.#writer.scanned(state, end);
  }

  offsetForTimestamp(partition: PartitionId, timestamp: number): Promise<FoundOffset | null> {
    return this.#times.offsetForTimestamp(this.#stateOf(partition), timestamp);
  }

  maxTimestamp(partition: PartitionId): Promise<FoundOffset | null> {
    return this.#times.maxTimestamp(this.#stateOf(partition));
  }

  watchTruncation(truncated: (partition: PartitionId, endOffset: number) => void): () => void {
    this.#onTruncation.add(truncated);
    return () => this.#onTruncation.delete(truncated);
  }

  watch(partition: PartitionId, wake: () => void): () => void {
    return this.#watcher.watch(this.#stateOf(partition), wake);
  }

  async put(key: string, value: Uint8Array | null): Promise<void> {
    // The kit may go on with its memory.
    const kept = value === null ? null : Uint8Array.from(value);
    await this.#state.put(key, kept);
    this.#mirror?.kept(key, kept);
  }

  load(): Iterable<readonly [key: string, value: Uint8Array]> {
    return this.#state.load();
  }

  watchState(changed: (change: StateChange) => void): () => void {
    this.#onStateChange = changed;
    if (this.#state.lost !== null) changed({ kind: 'lost', owner: this.#state.owner });
    return () => {
      this.#onStateChange = null;
    };
  }

  async register({ endpoint, nodeId, rack }: BrokerRegistration): Promise<number> {
    const id = await assignNodeId(this.#state, endpoint, nodeId);
    await this.#state.present({ nodeId: id, ...endpoint, rack }).catch(unlessLost(this.#state));
    return id;
  }

  async #stateChanged(change: StateChange): Promise<void> {
    if (change.kind === 'regained') {
      this.#topics.reload();
      this.#writer.forgetProducers();
      // Of a state that was removed, nothing is left.
      this.#tag = await this.#findTag().catch(() => this.#tag);
      // Lost again meanwhile, which was reported already.
      if (this.#state.lost !== null) return;
    }
    this.#onStateChange?.(change);
  }

  async #importOffsets(): Promise<void> {
    const { importOffsets: groups, stream } = this.#settings;
    if (groups.length === 0) return;
    const [pool, state, warn, topics] = [this.#pool, this.#state, this.#warn, await this.#topics.list()];
    await importOffsets(groups, { pool, state, stream, topics, warn });
  }

  /** Drawn once: it stays with the state, which gives out producer ids. */
  async #findTag(): Promise<number> {
    for (const [, value] of this.#state.own(TAG)) return Buffer.from(value).readUInt32BE();
    const tag = randomInt(TAGS);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(tag);
    await this.#state.putOwn(TAG, bytes);
    return tag;
  }

  async #findStream(): Promise<IggyStream> {
    const { stream: name, createStream } = this.#settings;
    const found = await this.#pool.query((client) => client.stream.get({ streamId: name }));
    if (found !== null) return found;
    if (!createStream)
      throw new StoreError('notFound', `Iggy: there is no stream '${name}', and createStream is false`);
    const made = await this.#pool
      .query((client) => client.stream.create({ name }))
      .catch(async (error: unknown) => {
        // By another gateway at the same time, or by ourselves before the connection broke.
        if (storeError(error, name).kind !== 'exists') throw error;
        return this.#pool.query((client) => client.stream.get({ streamId: name }));
      });
    if (made === null) throw new StoreError('unavailable', `Iggy: stream '${name}' was removed again`);
    return made;
  }

  #stateOf(partition: PartitionId): PartitionState {
    let state = this.#states.get(partition);
    if (state === undefined) {
      state = new PartitionState(partition, (restarted, from, to) => {
        this.#restarted(restarted, from, to);
      });
      this.#states.set(partition, state);
      this.#ends.add(state);
    }
    return state;
  }

  /** The end of a partition went back. */
  #restarted(state: PartitionState, from: number, to: number): void {
    this.#readAhead.forget(state);
    for (const truncated of this.#onTruncation) truncated(state.id, to);
    const lost = from - to;
    this.#lostOffsets += lost;
    const { topic, partition } = state.id;
    const which = `topic '${topic}', partition ${String(partition)}`;
    const back = `the end went back from offset ${String(from)} to ${String(to)}`;
    const why = 'the server lost its tail, or the topic was purged';
    this.#warn(`Iggy: ${which}: ${back}: ${String(lost)} offsets are gone, because ${why}`);
  }

  #skip(state: PartitionState, offset: number, why: Unreadable | null): void {
    this.#skipped++;
    const reason = why === null ? "Iggy's SDK cannot read it" : why.detail;
    this.#warn(`Iggy: message ${String(offset)} of ${state.name} is left out: ${reason}`);
  }
}

/** Waits for something, but after the signal not for long. */
async function untilLong(done: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop = (): void => undefined;
  const long = new Promise<void>((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const wait = (): void => {
      timer = setTimeout(resolve, CLOSING_MS);
    };
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait);
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wait);
    };
  });
  await Promise.race([done, long]);
  stop();
}

/**
 * A store over a stream of Apache Iggy, for the broker kit.
 *
 * @param warn - Hears what an operator should know. Default: `process.emitWarning`.
 * @throws OptionError naming the option and its value.
 */
export function createIggyStore(
  options: IggyStoreOptions,
  warn: (message: string) => void = (message) => {
    process.emitWarning(message);
  },
): IggyStore {
  return new IggyStore(options, warn);
}
