import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  DeleteRecordsRequest,
  DeleteRecordsRequestDeleteRecordsPartition,
  DeleteRecordsResponseDeleteRecordsPartitionResultInit,
  DeleteRecordsResponseInit,
} from '../../../src/protocol/index.js';
import { all, attempt, andThen } from '../awaitable.js';
import type { CoreKit } from '../core-kit.js';
import { storeFailure } from '../store-errors.js';
import type { Partition, Topic } from './topic-registry.js';

type Result = DeleteRecordsResponseDeleteRecordsPartitionResultInit;

/** What stands for the offset after the last record. */
const HIGH_WATERMARK = -1n;

/** Answers DeleteRecords. */
export function createDeleteRecords(
  kit: CoreKit,
): (request: DeleteRecordsRequest) => Awaitable<DeleteRecordsResponseInit> {
  return ({ topics }) => {
    const results = topics.map(({ name, partitions }) => {
      const topic = kit.topics.byName(name);
      const deleted = partitions.map((wanted) => deleteFrom(kit, topic, wanted));
      return andThen(all(deleted), (answered) => ({ name, partitions: answered }));
    });
    return andThen(all(results), (answered) => ({ topics: answered }));
  };
}

function deleteFrom(
  kit: CoreKit,
  topic: Topic | undefined,
  { partitionIndex, offset }: DeleteRecordsRequestDeleteRecordsPartition,
): Awaitable<Result> {
  const refuse = (errorCode: number): Result => ({ partitionIndex, lowWatermark: -1n, errorCode });
  const partition = topic?.partitions[partitionIndex];
  if (topic === undefined || partition === undefined) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (topic.isInternal) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION);
  if (!kit.placement.leads(topic.id, partitionIndex)) {
    return refuse(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }
  const policy = topic.config['cleanup.policy'];
  const kept = policy.length > 0 && !policy.includes('delete');
  if (kept || !kit.store.capabilities.deleteRecords) return refuse(ErrorCode.POLICY_VIOLATION);
  return attempt(
    () => dropBefore(kit, partition, offset),
    (lowWatermark) =>
      lowWatermark === null
        ? refuse(ErrorCode.OFFSET_OUT_OF_RANGE)
        : { partitionIndex, lowWatermark: BigInt(lowWatermark), errorCode: ErrorCode.NONE },
    (error) => refuse(storeFailure(kit, error).errorCode),
  );
}

/** The new first offset; null when the offset is none of the partition's. */
function dropBefore({ store }: CoreKit, partition: Partition, offset: bigint): Awaitable<number | null> {
  return andThen(store.bounds(partition.id), ({ startOffset, endOffset }) => {
    const before = offset === HIGH_WATERMARK ? endOffset : Number(offset);
    if (before < 0 || before > endOffset) return null;
    if (before <= startOffset) return startOffset;
    return andThen(store.deleteRecords?.(partition.id, before) ?? startOffset, (start) => {
      partition.changed();
      return start;
    });
  });
}
