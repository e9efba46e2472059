import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type { OffsetDeleteRequest, OffsetDeleteResponseInit } from '../../../src/protocol/index.js';
import type { TopicRegistry } from '../topics/topic-registry.js';
import type { GroupRegistry } from './group-registry.js';
import type { OffsetEntry } from './offsets.js';

/**
 * Deletes committed offsets, of topics that nobody in the group subscribes to.
 */
export function deleteOffsets(
  { groupId, topics }: OffsetDeleteRequest,
  registry: GroupRegistry,
  known: TopicRegistry,
): Awaitable<OffsetDeleteResponseInit> {
  if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, topics: [] };
  const group = registry.getSettled(groupId);
  if (group === undefined) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, topics: [] };
  if (group.state !== 'Empty' && !group.isConsumerGroup) return { errorCode: ErrorCode.NON_EMPTY_GROUP, topics: [] };
  const deleted: OffsetEntry[] = [];
  const outcomes = topics.map(({ name, partitions }) => {
    const topic = known.byName(name);
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
}
