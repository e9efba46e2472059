// Version 0.
// Supported: empty groups, and topics to which no member of a consumer group subscribes.
// Ignored: nothing.
import { ErrorCode } from '../../../src/contract/index.js';
import type { OffsetDeleteRequest, OffsetDeleteResponseInit } from '../../../src/protocol/index.js';
import type { OffsetEntry } from '../groups/offsets.js';
import type { Handler } from './handler.js';

export const offsetDelete: Handler<OffsetDeleteRequest, OffsetDeleteResponseInit> = (
  { kit, groups },
  { groupId, topics },
) => {
  const refusal = groups.refusal(groupId);
  if (refusal !== ErrorCode.NONE) return { errorCode: refusal, topics: [] };
  const { registry } = groups;
  if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, topics: [] };
  const group = registry.getSettled(groupId);
  if (group === undefined) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, topics: [] };
  if (group.state !== 'Empty' && !group.isConsumerGroup) return { errorCode: ErrorCode.NON_EMPTY_GROUP, topics: [] };
  const deleted: OffsetEntry[] = [];
  const outcomes = topics.map(({ name, partitions }) => {
    const topic = kit.topics.byName(name);
    const isSubscribed = group.isSubscribedTo(name);
    return {
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        let errorCode: number = ErrorCode.NONE;
        if (topic?.partitions[partitionIndex] === undefined) errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        else if (isSubscribed) errorCode = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC;
        else {
          const entry = group.offsets.get(topic.id, partitionIndex);
          if (entry !== undefined) deleted.push(entry);
        }
        return { partitionIndex, errorCode };
      }),
    };
  });
  return registry.settle(
    () => registry.deleteOffsets(group, deleted),
    (errorCode) => ({ errorCode, topics: errorCode === ErrorCode.NONE ? outcomes : [] }),
  );
};
