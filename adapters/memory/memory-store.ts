import { checkInteger, checkOptionNames } from '../../src/contract/index.js';
import {
  type AppendEntry,
  type AppendResult,
  type Compaction,
  type FoundOffset,
  type LogOffsets,
  type LogStore,
  type PartitionId,
  type ReadEntry,
  type ReadResult,
  type Retention,
  type ShardOpening,
  type StateShard,
  type StoredTopic,
  StoreError,
} from '../broker/index.js';
import { compactLog } from './compaction.js';
import { MemoryLog } from './memory-log.js';
import { MemoryShards } from './memory-shards.js';
import { SegmentMemory } from './segment-memory.js';

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Maximum memory for the records of all topics in bytes; from 65536. Appends that exceed it fail. Default: 1 GiB.
   *
   * The limit applies to reserved memory. That is up to twice the size of the batches, and at least 16 KiB for each
   * partition with records. Memory counts until the responses that use it are written. Not counted: about 500 bytes per topic
   * and 150 bytes per partition, which are unlimited, and the broker's own data about them; an index of a few percent of the
   * records; and freed memory kept for reuse, at most a sixteenth of the limit and at most 16 MiB.
   */
  readonly maxBytes?: number | undefined;
  /**
   * Maximum size of the durable state in bytes, such as committed offsets, groups and altered configs; from 65536. Changes
   * that exceed it fail. Default: 64 MiB.
   *
   * The limit applies to the size of keys and values plus 64 bytes per pair. The actual overhead of a pair is up to 200 bytes
   * more. The broker's own memory for groups is not included; the option `groups` limits it.
   */
  readonly maxStateBytes?: number | undefined;
}

export const MEMORY_OPTION_NAMES: readonly string[] = Object.keys({
  maxBytes: true,
  maxStateBytes: true,
} satisfies Record<keyof MemoryStoreOptions, true>);

const DEFAULT_MAX_BYTES = 1024 ** 3;
const DEFAULT_MAX_STATE_BYTES = 64 * 1024 ** 2;
const MIN_BYTES = 64 * 1024;

const SEGMENT_BYTES = 4 * 1024 ** 2;
/** A store with a low limit has smaller segments, so that the first few do not fill it. */
const MIN_SEGMENTS = 64;

interface MemoryTopic {
  topic: StoredTopic;
  readonly logs: MemoryLog[];
}

/** A store that keeps topics and records in the memory of this process. All methods except `compact` are synchronous. */
export class MemoryStore implements LogStore {
  readonly name = 'memory';
  readonly durability = 'none';
  readonly keeps = 'batches';
  private readonly memory: SegmentMemory;
  private readonly topics = new Map<string, MemoryTopic>();
  /** Topic ids by name, so that the creation of a topic does not scan all topics. */
  private readonly ids = new Map<string, string>();
  private readonly logs = new WeakMap<PartitionId, MemoryLog>();
  private readonly shards: MemoryShards;

  /** @throws OptionError for an unknown option, and for a limit that is too low or not an integer. */
  constructor(options: MemoryStoreOptions = {}) {
    checkOptionNames('', options, MEMORY_OPTION_NAMES);
    const { maxBytes = DEFAULT_MAX_BYTES, maxStateBytes = DEFAULT_MAX_STATE_BYTES } = options;
    checkInteger('maxBytes', maxBytes, MIN_BYTES);
    checkInteger('maxStateBytes', maxStateBytes, MIN_BYTES);
    this.memory = new SegmentMemory(maxBytes, Math.min(SEGMENT_BYTES, Math.ceil(maxBytes / MIN_SEGMENTS)));
    this.shards = new MemoryShards(maxStateBytes);
  }

  /** Memory that the records currently use in bytes, as counted against `maxBytes`. */
  get usedBytes(): number {
    return this.memory.used;
  }

  listTopics(): readonly StoredTopic[] {
    return Array.from(this.topics.values(), ({ topic }) => topic);
  }

  createTopic(topic: StoredTopic): StoredTopic {
    const other = this.topics.get(topic.id)?.topic.name ?? topic.name;
    const otherId = this.ids.get(other);
    if (otherId !== undefined) throw new StoreError('EXISTS', `there is a topic '${other}' with the id ${otherId}`);
    this.topics.set(topic.id, { topic, logs: this.newLogs(topic.partitionCount) });
    this.ids.set(topic.name, topic.id);
    return topic;
  }

  createPartitions(topicId: string, partitionCount: number): void {
    const entry = this.entry(topicId);
    entry.logs.push(...this.newLogs(partitionCount - entry.logs.length));
    entry.topic = { ...entry.topic, partitionCount };
  }

  alterTopicConfigs(topicId: string, configs: Readonly<Record<string, string>>): void {
    const entry = this.entry(topicId);
    entry.topic = { ...entry.topic, configs };
  }

  deleteTopic(topicId: string): void {
    const { topic, logs } = this.entry(topicId);
    for (const log of logs) log.drop();
    this.topics.delete(topicId);
    this.ids.delete(topic.name);
  }

  append(entries: readonly AppendEntry[]): readonly AppendResult[] {
    // Most appends have one entry; this path avoids a closure.
    if (entries.length === 1) return [this.appendOne(entries[0]!)];
    return entries.map((entry) => this.appendOne(entry));
  }

  read(entries: readonly ReadEntry[]): readonly ReadResult[] {
    if (entries.length === 1) return [this.readOne(entries[0]!)];
    return entries.map((entry) => this.readOne(entry));
  }

  logOffsets(partition: PartitionId): LogOffsets {
    return this.log(partition);
  }

  offsetForTimestamp(partition: PartitionId, timestamp: number): FoundOffset | null {
    return this.log(partition).offsetForTimestamp(timestamp);
  }

  maxTimestamp(partition: PartitionId): FoundOffset | null {
    return this.log(partition).maxTimestamp();
  }

  deleteRecords(partition: PartitionId, beforeOffset: number): number {
    return this.log(partition).deleteBefore(beforeOffset);
  }

  applyRetention(partition: PartitionId, retention: Retention): number {
    return this.log(partition).trim(retention);
  }

  compact(partition: PartitionId, compaction: Compaction): Promise<number> {
    return compactLog(this.log(partition), this.memory, compaction);
  }

  openShard(opening: ShardOpening): StateShard {
    return this.shards.open(opening);
  }

  private appendOne(entry: AppendEntry): AppendResult {
    try {
      return this.log(entry.partition).append(entry);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { error };
    }
  }

  private readOne(entry: ReadEntry): ReadResult {
    const log = this.find(entry.partition);
    return log === undefined ? { error: notFound(entry.partition) } : log.read(entry);
  }

  private log(partition: PartitionId): MemoryLog {
    const log = this.find(partition);
    if (log === undefined) throw notFound(partition);
    return log;
  }

  private find(partition: PartitionId): MemoryLog | undefined {
    let log = this.logs.get(partition);
    if (log === undefined) {
      log = this.topics.get(partition.topicId)?.logs[partition.partition];
      if (log !== undefined) this.logs.set(partition, log);
    }
    return log?.deleted === true ? undefined : log;
  }

  private entry(topicId: string): MemoryTopic {
    const entry = this.topics.get(topicId);
    if (entry === undefined) throw new StoreError('NOT_FOUND', `there is no topic with the id ${topicId}`);
    return entry;
  }

  private newLogs(count: number): MemoryLog[] {
    return Array.from({ length: count }, () => new MemoryLog(this.memory));
  }
}

/**
 * Creates a store that keeps everything in the memory of this process. The data exists as long as the store object, so a
 * second backend over the same store continues where the first one stopped.
 *
 * @throws OptionError for an unknown option, and for a limit that is too low or not an integer.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new MemoryStore(options);
}

function notFound({ topic, partition, topicId }: PartitionId): StoreError {
  return new StoreError('NOT_FOUND', `there is no partition ${String(partition)} of '${topic}' (${topicId})`);
}
