import { type Awaitable, ErrorCode, type RequestContext } from '../../../src/contract/index.js';
import type {
  ListOffsetsRequest,
  ListOffsetsRequestListOffsetsPartition,
  ListOffsetsResponseInit,
  ListOffsetsResponseListOffsetsPartitionResponseInit,
  ListOffsetsResponseListOffsetsTopicResponseInit,
} from '../../../src/protocol/index.js';
import { isPromise } from '../awaitable.js';
import { int64 } from '../int64.js';
import type { Kit } from '../kit.js';
import { type FoundOffset, StoreError } from '../log-store.js';
import type { Partition, Topic } from '../topics/topic-registry.js';
import { checkLeaderEpoch } from './fetch-read.js';
import { checkIsolationLevel } from './isolation-level.js';
import type { LeaderEpochs } from './leader-epochs.js';
import { storeErrorCode } from './store-error-code.js';

type PartitionAnswer = ListOffsetsResponseListOffsetsPartitionResponseInit;

// What a timestamp may say instead of a time.
const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;

/** The versions since which each is known; -1 and -2 always were. */
const SINCE: Readonly<Record<number, number>> = {
  [LATEST]: 0,
  [EARLIEST]: 0,
  [MAX_TIMESTAMP]: 7,
  [EARLIEST_LOCAL]: 8,
  [LATEST_TIERED]: 9,
  [EARLIEST_PENDING_UPLOAD]: 11,
};

/** Versions from this one on have a place for the leader epoch. */
const LEADER_EPOCH_SINCE = 4;

const NO_TIME = -1n;

/** Answers ListOffsets. */
export class ListOffsets {
  private readonly kit: Kit;
  private readonly epochs: LeaderEpochs;

  constructor(kit: Kit, epochs: LeaderEpochs) {
    this.kit = kit;
    this.epochs = epochs;
  }

  handle(request: ListOffsetsRequest, { apiVersion }: RequestContext): Awaitable<ListOffsetsResponseInit> {
    checkIsolationLevel(request.isolationLevel);
    const topics: ListOffsetsResponseListOffsetsTopicResponseInit[] = [];
    let later: PromiseLike<void>[] | null = null;
    const repeated = repeatedPartitions(request);
    for (const { name, partitions } of request.topics) {
      const topic = this.kit.topics.byName(name);
      const answers: PartitionAnswer[] = [];
      for (const wanted of partitions) {
        const answer = this.unlessRepeated(repeated, topic, name, wanted, apiVersion);
        if (answer === undefined) continue;
        if (isPromise(answer)) {
          const slot = answers.length;
          answers.push(failure(wanted, ErrorCode.UNKNOWN_SERVER_ERROR));
          (later ??= []).push(
            answer.then((settled) => {
              answers[slot] = settled;
            }),
          );
        } else {
          answers.push(answer);
        }
      }
      topics.push({ name, partitions: answers });
    }
    const response = { throttleTimeMs: 0, topics };
    return later === null ? response : Promise.all(later).then(() => response);
  }

  /** A partition that is named more than once is answered once, with an error. */
  private unlessRepeated(
    repeated: Map<string, boolean> | null,
    topic: Topic | undefined,
    name: string,
    wanted: ListOffsetsRequestListOffsetsPartition,
    version: number,
  ): Awaitable<PartitionAnswer> | undefined {
    if (repeated !== null) {
      const key = `${name}:${String(wanted.partitionIndex)}`;
      const answered = repeated.get(key);
      if (answered === true) return undefined;
      if (answered === false) {
        repeated.set(key, true);
        return failure(wanted, ErrorCode.INVALID_REQUEST);
      }
    }
    return this.answer(topic, wanted, version);
  }

  private answer(
    topic: Topic | undefined,
    wanted: ListOffsetsRequestListOffsetsPartition,
    version: number,
  ): Awaitable<PartitionAnswer> {
    const timestamp = Number(wanted.timestamp);
    if (timestamp < 0 && !(version >= SINCE[timestamp]!)) return failure(wanted, ErrorCode.UNSUPPORTED_VERSION);
    const partition = topic?.partitions[wanted.partitionIndex];
    if (topic === undefined || partition === undefined) return failure(wanted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const { placement } = this.kit;
    if (!placement.leads(topic.id, partition.index)) {
      return failure(wanted, ErrorCode.NOT_LEADER_OR_FOLLOWER);
    }
    const errorCode = checkLeaderEpoch(wanted.currentLeaderEpoch, partition);
    if (errorCode !== 0) return failure(wanted, errorCode);
    try {
      const found = this.find(partition, timestamp);
      if (!isPromise(found)) return this.found(partition, found, version);
      return found.then(
        (offset) => this.found(partition, offset, version),
        (error: unknown) => failure(wanted, codeOf(error)),
      );
    } catch (error) {
      return failure(wanted, codeOf(error));
    }
  }

  private find({ id }: Partition, timestamp: number): Awaitable<FoundOffset | null> {
    const { store } = this.kit;
    switch (timestamp) {
      case LATEST:
      case EARLIEST:
      case EARLIEST_LOCAL: {
        const bounds = store.bounds(id);
        if (isPromise(bounds)) return bounds.then((settled) => bound(settled, timestamp));
        return bound(bounds, timestamp);
      }
      case MAX_TIMESTAMP:
        return store.maxTimestamp(id);
      case LATEST_TIERED:
      case EARLIEST_PENDING_UPLOAD:
        // Nothing is tiered.
        return null;
      default:
        return store.offsetForTimestamp(id, timestamp);
    }
  }

  private found(partition: Partition, found: FoundOffset | null, version: number): PartitionAnswer {
    const { index } = partition;
    if (found === null) return { partitionIndex: index, errorCode: 0, timestamp: NO_TIME, offset: -1n };
    const leaderEpoch = version >= LEADER_EPOCH_SINCE ? this.epochs.at(partition, found.offset) : -1;
    const timestamp = found.timestamp === -1 ? NO_TIME : int64(found.timestamp);
    return { partitionIndex: index, errorCode: 0, timestamp, offset: int64(found.offset), leaderEpoch };
  }
}

function bound(bounds: { readonly startOffset: number; readonly endOffset: number }, timestamp: number): FoundOffset {
  return { offset: timestamp === LATEST ? bounds.endOffset : bounds.startOffset, timestamp: -1 };
}

function failure({ partitionIndex }: ListOffsetsRequestListOffsetsPartition, errorCode: number): PartitionAnswer {
  return { partitionIndex, errorCode, timestamp: NO_TIME, offset: -1n };
}

function codeOf(error: unknown): number {
  if (error instanceof StoreError) return storeErrorCode(error);
  throw error;
}

/** Partitions that a request names more than once, and whether they are answered. */
function repeatedPartitions({ topics }: ListOffsetsRequest): Map<string, boolean> | null {
  if (topics.length === 1 && topics[0]!.partitions.length === 1) return null;
  const seen = new Set<string>();
  let repeated: Map<string, boolean> | null = null;
  for (const { name, partitions } of topics) {
    for (const { partitionIndex } of partitions) {
      const key = `${name}:${String(partitionIndex)}`;
      if (seen.has(key)) (repeated ??= new Map<string, boolean>()).set(key, false);
      seen.add(key);
    }
  }
  return repeated;
}
