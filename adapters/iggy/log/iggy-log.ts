import { all, type Awaitable } from '../../../src/contract/index.js';
import {
  type AppendEntry,
  type AppendResult,
  type FoundOffset,
  type LogOffsets,
  type PartitionId,
  type ReplayedBatch,
  type ReadEntry,
  type ReadResult,
  StoreError,
} from '../../broker/index.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { EndWatcher, type Pace } from './end-watcher.js';
import { Losses } from './losses.js';
import { PartitionEnds } from './partition-ends.js';
import { PartitionReader } from './partition-reader.js';
import { PartitionState } from './partition-state.js';
import { PartitionWriter } from './partition-writer.js';
import { ProducerScan } from './producer-scan.js';
import { ReadAhead } from './read-ahead.js';
import { RecordTimes } from './record-times.js';
import { compressionOf, hasAppendTime } from './topic-settings.js';
import type { IggyTopics } from './topics.js';
import { UnwritablePartitions } from './unwritable-partitions.js';

/** What the log of a stream needs. */
export interface IggyLogContext {
  readonly pool: ClientPool;
  readonly topics: IggyTopics;
  /** Name of the stream. */
  readonly stream: string;
  /** How often the server is asked for messages from elsewhere while someone waits for them. */
  readonly pace: Pace;
  readonly readAheadBytes: number;
  /** Milliseconds for which an answer is waited. */
  readonly commandTimeoutMs: number;
  /** What marks the messages of this gateway's producers. */
  readonly tag: () => number;
  /** Another gateway seems to append batches of idempotent producers: who has the state is looked up. */
  readonly suspect: () => void;
  readonly warn: (message: string) => void;
}

/** The partitions of a stream: wires up what appends to them, reads them, and knows where they end. */
export class IggyLog {
  readonly losses: Losses;
  readonly #context: IggyLogContext;
  readonly #ends: PartitionEnds;
  readonly #watcher: EndWatcher;
  readonly #readAhead: ReadAhead;
  readonly #reader: PartitionReader;
  readonly #writer: PartitionWriter;
  readonly #times: RecordTimes;
  readonly #onTruncation = new Set<(partition: PartitionId, endOffset: number) => void>();
  #states = new WeakMap<PartitionId, PartitionState>();

  constructor(context: IggyLogContext) {
    const { pool, topics, stream, pace, readAheadBytes, commandTimeoutMs, tag, suspect, warn } = context;
    const losses = new Losses(warn);
    const ends = new PartitionEnds(pool, topics, stream);
    const watcher = new EndWatcher(ends, pace);
    const readAhead = new ReadAhead(readAheadBytes);
    const reader = new PartitionReader({
      pool,
      ends,
      readAhead,
      isFresh: (partition) => watcher.isFresh(partition),
      compression: ({ id }) => compressionOf(topics.configs(id.topicId)),
      appendTime: ({ id }) => hasAppendTime(topics.configs(id.topicId)),
      skipped: (partition, offset, why) => {
        losses.skipped(partition, offset, why);
      },
    });
    const unwritable = new UnwritablePartitions(pool, warn);
    this.#context = context;
    this.losses = losses;
    this.#ends = ends;
    this.#watcher = watcher;
    this.#readAhead = readAhead;
    this.#reader = reader;
    this.#writer = new PartitionWriter({
      pool,
      ends,
      reader,
      unwritable,
      patienceMs: commandTimeoutMs,
      tag,
      suspect,
      warn,
    });
    this.#times = new RecordTimes(ends, reader);
  }

  /** Only these topics are left. */
  retain(topicIds: ReadonlySet<string>): void {
    this.#ends.retain(topicIds);
    this.#watcher.retain(topicIds);
  }

  /** Asks the server for nothing any more. */
  stop(): void {
    this.#watcher.close();
  }

  /** Forgets everything. */
  clear(): void {
    this.#ends.clear();
    this.#readAhead.clear();
    this.#states = new WeakMap();
  }

  append(entries: readonly AppendEntry[]): Promise<readonly AppendResult[]> {
    return Promise.all(
      entries.map((entry) => {
        this.#context.topics.appending(entry.partition.topicId);
        return this.#writer.append(entry, this.#stateOf(entry.partition));
      }),
    );
  }

  read(entries: readonly ReadEntry[]): Awaitable<readonly ReadResult[]> {
    return all(entries.map((entry) => this.#reader.read(entry, this.#stateOf(entry.partition))));
  }

  async logOffsets(partition: PartitionId): Promise<LogOffsets> {
    const state = this.#stateOf(partition);
    await this.#ends.refreshOne(state);
    await this.#ends.load(state);
    if (state.isDoubtful) throw new StoreError('UNAVAILABLE', `Iggy: it is not sure yet where ${state.name} ends`);
    await this.#ends.findStart(state);
    return { logStartOffset: state.start, logEndOffset: state.end, bytes: state.bytes };
  }

  async replayProducers(partition: PartitionId, offset: number, found: (batch: ReplayedBatch) => void): Promise<void> {
    const state = this.#stateOf(partition);
    await this.#ends.load(state);
    const { end } = state;
    await new ProducerScan(this.#context.tag(), found).run(this.#reader, state, offset);
    this.#writer.scanned(state, end);
  }

  /** Another gateway has appended meanwhile: what is known of producers is learned anew. */
  forgetProducers(): void {
    this.#writer.forgetProducers();
  }

  offsetForTimestamp(partition: PartitionId, timestamp: number): Promise<FoundOffset | null> {
    return this.#times.offsetForTimestamp(this.#stateOf(partition), timestamp);
  }

  maxTimestamp(partition: PartitionId): Promise<FoundOffset | null> {
    return this.#times.maxTimestamp(this.#stateOf(partition));
  }

  watch(partition: PartitionId, wake: () => void): () => void {
    return this.#watcher.watch(this.#stateOf(partition), wake);
  }

  watchTruncation(truncated: (partition: PartitionId, endOffset: number) => void): () => void {
    this.#onTruncation.add(truncated);
    return () => this.#onTruncation.delete(truncated);
  }

  #stateOf(partition: PartitionId): PartitionState {
    let state = this.#states.get(partition);
    if (state === undefined) {
      state = new PartitionState(partition, (truncated, from, to) => {
        this.#truncated(truncated, from, to);
      });
      this.#states.set(partition, state);
      this.#ends.add(state);
    }
    return state;
  }

  /** The end of a partition went back. */
  #truncated(state: PartitionState, from: number, to: number): void {
    this.#readAhead.forget(state);
    for (const truncated of this.#onTruncation) truncated(state.id, to);
    this.losses.truncated(state, from, to);
  }
}
