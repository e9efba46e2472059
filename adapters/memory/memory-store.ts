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
   * The most memory that records may take, in bytes, over all topics; from 65536. An append beyond it is refused.
   * Default: 1 GiB.
   *
   * Reserved memory counts, which is up to twice what the batches take and at least 16 KiB for a partition with records,
   * until the answers with it are written. Not counted are some 500 bytes for a topic and 150 for each partition, which
   * nothing limits, and what the broker knows of them; an index of a few percent of the records; and freed memory that
   * is kept for the next records, at most a sixteenth of the limit and 16 MiB.
   */
  readonly maxBytes?: number | undefined;
  /**
   * The most bytes of what the broker stores beside records, such as committed offsets, groups and configs that were
   * changed; from 65536. What goes beyond it is refused. Default: 64 MiB.
   *
   * Keys and values count, and 64 bytes for each pair, which in truth takes up to 200 more. What the broker itself holds
   * of groups is not counted here: its option `groups` limits that.
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
/** A store with a low limit has smaller segments, so that it is not full with the first few. */
const MIN_SEGMENTS = 64;

interface MemoryTopic {
  topic: StoredTopic;
  readonly logs: MemoryLog[];
}

/** Topics and records in the memory of this process. All methods answer at once. */
export class MemoryStore implements LogStore {
  readonly name = 'memory';
  readonly durability = 'none';
  readonly keeps = 'batches';
  private readonly memory: SegmentMemory;
  private readonly topics = new Map<string, MemoryTopic>();
  /** Ids of topics, by name: thousands of topics are created without a look at each. */
  private readonly ids = new Map<string, string>();
  private readonly logs = new WeakMap<PartitionId, MemoryLog>();
  private readonly shards: MemoryShards;

  /** @throws OptionError for a limit that is no whole number, or too low; for an option that there is not. */
  constructor(options: MemoryStoreOptions = {}) {
    checkOptionNames('', options, MEMORY_OPTION_NAMES);
    const { maxBytes = DEFAULT_MAX_BYTES, maxStateBytes = DEFAULT_MAX_STATE_BYTES } = options;
    checkInteger('maxBytes', maxBytes, MIN_BYTES);
    checkInteger('maxStateBytes', maxStateBytes, MIN_BYTES);
    this.memory = new SegmentMemory(maxBytes, Math.min(SEGMENT_BYTES, Math.ceil(maxBytes / MIN_SEGMENTS)));
    this.shards = new MemoryShards(maxStateBytes);
  }

  /** Memory that records take at the moment, in bytes, as it counts against `maxBytes`. */
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
    // Mostly one, and then no closure.
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
 * A store that keeps everything in the memory of this process, as long as the object is held: a second backend over it
 * goes on where the first one stopped.
 *
 * @throws OptionError for a limit that is no whole number, or too low; for an option that there is not.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new MemoryStore(options);
}

function notFound({ topic, partition, topicId }: PartitionId): StoreError {
  return new StoreError('NOT_FOUND', `there is no partition ${String(partition)} of '${topic}' (${topicId})`);
}
