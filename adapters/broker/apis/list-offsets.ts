// Versions 1 to 11.
// Supported: timestamps, and all offset specs; fencing by the current leader epoch (KIP-320).
// Ignored: replicaId and timeoutMs. Isolation levels are equal: there are no transactions. Nothing is tiered.
import { type Awaitable, ErrorCode, isPromise, type RequestContext } from '../../../src/contract/index.js';
import type {
  ListOffsetsRequest,
  ListOffsetsRequestListOffsetsPartition,
  ListOffsetsResponseInit,
  ListOffsetsResponseListOffsetsPartitionResponseInit,
  ListOffsetsResponseListOffsetsTopicResponseInit,
} from '../../../src/protocol/index.js';
import { int64 } from '../int64.js';
import { findOffset, OffsetSpec } from '../log/find-offset.js';
import { checkIsolationLevel } from '../log/isolation-level.js';
import { checkLeaderEpoch, type LeaderEpochs } from '../log/epoch-history.js';
import { storeErrorCode } from '../store/kafka-errors.js';
import type { FoundOffset } from '../store/log-store.js';
import { StoreError } from '../store/store-error.js';
import type { Partition, Topic } from '../topic-registry.js';
import type { Broker, Handler } from './handler.js';

type PartitionAnswer = ListOffsetsResponseListOffsetsPartitionResponseInit;

/** The versions since which each offset spec is known. */
const SINCE: Readonly<Record<number, number>> = {
  [OffsetSpec.LATEST]: 0,
  [OffsetSpec.EARLIEST]: 0,
  [OffsetSpec.MAX_TIMESTAMP]: 7,
  [OffsetSpec.EARLIEST_LOCAL]: 8,
  [OffsetSpec.LATEST_TIERED]: 9,
  [OffsetSpec.EARLIEST_PENDING_UPLOAD]: 11,
};

/** Versions from this one on have a place for the leader epoch. */
const LEADER_EPOCH_SINCE = 4;

const NO_TIME = -1n;

export const listOffsets: Handler<ListOffsetsRequest, ListOffsetsResponseInit> = (broker, request, context) => {
  checkIsolationLevel(request.isolationLevel);
  const topics: ListOffsetsResponseListOffsetsTopicResponseInit[] = [];
  let later: PromiseLike<void>[] | null = null;
  const repeated = repeatedPartitions(request);
  for (const { name, partitions } of request.topics) {
    const topic = broker.kit.topics.byName(name);
    const answers: PartitionAnswer[] = [];
    for (const wanted of partitions) {
      const isRepeated = repeated?.get(keyOf(name, wanted));
      // Answered once, with an error.
      if (isRepeated === 'answered') continue;
      const answer =
        isRepeated === undefined
          ? answerPartition(broker, topic, wanted, context)
          : failure(wanted, ErrorCode.INVALID_REQUEST);
      if (isRepeated !== undefined) repeated?.set(keyOf(name, wanted), 'answered');
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
};

function answerPartition(
  { kit, log }: Broker,
  topic: Topic | undefined,
  wanted: ListOffsetsRequestListOffsetsPartition,
  context: RequestContext,
): Awaitable<PartitionAnswer> {
  const version = context.apiVersion;
  const timestamp = Number(wanted.timestamp);
  if (timestamp < 0 && !(version >= SINCE[timestamp]!)) return failure(wanted, ErrorCode.UNSUPPORTED_VERSION);
  const partition = topic?.partitions[wanted.partitionIndex];
  if (topic === undefined || partition === undefined) return failure(wanted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (!kit.placement.leads(topic.id, partition.index)) return failure(wanted, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  const errorCode = checkLeaderEpoch(wanted.currentLeaderEpoch, partition);
  if (errorCode !== 0) return failure(wanted, errorCode);
  try {
    const found = findOffset(kit, partition.id, timestamp, context);
    const isLatest = timestamp === OffsetSpec.LATEST;
    if (!isPromise(found)) return foundAnswer(log.epochs, partition, found, isLatest, version);
    return found.then(
      (offset) => foundAnswer(log.epochs, partition, offset, isLatest, version),
      (error: unknown) => failure(wanted, codeOf(error)),
    );
  } catch (error) {
    return failure(wanted, codeOf(error));
  }
}

function foundAnswer(
  epochs: LeaderEpochs,
  partition: Partition,
  found: FoundOffset | null,
  isLatest: boolean,
  version: number,
): PartitionAnswer {
  const { index } = partition;
  if (found === null) return { partitionIndex: index, errorCode: 0, timestamp: NO_TIME, offset: -1n };
  // The next record is written under the current epoch, the others were under theirs.
  const epoch = isLatest ? epochs.current(partition) : epochs.at(partition, found.offset);
  const leaderEpoch = version >= LEADER_EPOCH_SINCE ? epoch : -1;
  const timestamp = found.timestamp === -1 ? NO_TIME : int64(found.timestamp);
  return { partitionIndex: index, errorCode: 0, timestamp, offset: int64(found.offset), leaderEpoch };
}

function failure({ partitionIndex }: ListOffsetsRequestListOffsetsPartition, errorCode: number): PartitionAnswer {
  return { partitionIndex, errorCode, timestamp: NO_TIME, offset: -1n };
}

function codeOf(error: unknown): number {
  if (error instanceof StoreError) return storeErrorCode(error, 'records');
  throw error;
}

function keyOf(name: string, { partitionIndex }: ListOffsetsRequestListOffsetsPartition): string {
  return `${name}:${String(partitionIndex)}`;
}

/** Returns the partitions that a request names more than once, and whether they are answered; null if there are none. */
function repeatedPartitions({ topics }: ListOffsetsRequest): Map<string, 'answered' | 'unanswered'> | null {
  if (topics.length === 1 && topics[0]!.partitions.length === 1) return null;
  const seen = new Set<string>();
  let repeated: Map<string, 'answered' | 'unanswered'> | null = null;
  for (const { name, partitions } of topics) {
    for (const wanted of partitions) {
      const key = keyOf(name, wanted);
      if (seen.has(key)) (repeated ??= new Map<string, 'answered' | 'unanswered'>()).set(key, 'unanswered');
      seen.add(key);
    }
  }
  return repeated;
}
