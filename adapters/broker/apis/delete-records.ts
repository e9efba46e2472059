// Versions 0 to 2.
// Supported: an offset, or -1 for the high watermark, where the store deletes records.
// Ignored: timeoutMs.
import { all, type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  DeleteRecordsRequest,
  DeleteRecordsRequestDeleteRecordsPartition,
  DeleteRecordsResponseDeleteRecordsPartitionResultInit,
  DeleteRecordsResponseInit,
} from '../../../src/protocol/index.js';
import { attempt, andThen } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { storeFailure } from './admin-failure.js';
import type { Partition, Topic } from '../topic-registry.js';
import type { Handler } from './handler.js';

type Result = DeleteRecordsResponseDeleteRecordsPartitionResultInit;

/** What stands for the offset after the last record. */
const HIGH_WATERMARK = -1n;

export const deleteRecords: Handler<DeleteRecordsRequest, DeleteRecordsResponseInit> = ({ kit }, { topics }) => {
  const results = topics.map(({ name, partitions }) => {
    const topic = kit.topics.byName(name);
    const deleted = partitions.map((wanted) => deleteFrom(kit, topic, wanted));
    return andThen(all(deleted), (answered) => ({ name, partitions: answered }));
  });
  return andThen(all(results), (answered) => ({ topics: answered }));
};

function deleteFrom(
  kit: Kit,
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
  if (kept || kit.store.deleteRecords === undefined) return refuse(ErrorCode.POLICY_VIOLATION);
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
function dropBefore({ store, signal }: Kit, partition: Partition, offset: bigint): Awaitable<number | null> {
  return andThen(store.logOffsets(partition.id, signal), ({ logStartOffset: startOffset, logEndOffset: endOffset }) => {
    const before = offset === HIGH_WATERMARK ? endOffset : Number(offset);
    if (before < 0 || before > endOffset) return null;
    if (before <= startOffset) return startOffset;
    return andThen(store.deleteRecords?.(partition.id, before, signal) ?? startOffset, (start) => {
      partition.changed();
      return start;
    });
  });
}
