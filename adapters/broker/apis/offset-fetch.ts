// Versions 1 to 10. Versions 8 and later ask for several groups, versions 10 and later by topic id.
// Supported: some partitions or all, requireStable.
// Ignored: memberId and memberEpoch.
import { ErrorCode, KafkaError } from '../../../src/contract/index.js';
import { NIL_UUID } from '../../../src/protocol/core.js';
import type {
  OffsetFetchRequest,
  OffsetFetchRequestGroup,
  OffsetFetchResponseGroupInit,
  OffsetFetchResponseInit,
  OffsetFetchResponsePartitionsInit,
  OffsetFetchResponseTopicsInit,
} from '../../../src/protocol/index.js';
import type { Group } from '../groups/group.js';
import type { OffsetEntry } from '../groups/offsets.js';
import type { Kit } from '../kit.js';
import { findTopic, unknownTopicCode } from '../topic-registry.js';
import type { Broker, Handler } from './handler.js';

/** From this version of OffsetFetch on several groups are asked for at a time. */
const GROUPS_FROM = 8;
/** From this version of OffsetFetch on topics go by their ids. */
const TOPIC_IDS_FROM = 10;

export const offsetFetch: Handler<OffsetFetchRequest, OffsetFetchResponseInit> = (broker, request, { apiVersion }) => {
  const { groupId, requireStable } = request;
  if (apiVersion >= GROUPS_FROM) {
    const byId = apiVersion >= TOPIC_IDS_FROM;
    const groups = request.groups.map((group) => fetchGroup(broker, group, requireStable, byId));
    return { errorCode: ErrorCode.NONE, groups };
  }
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: NIL_UUID })) ?? null;
  const group = fetchGroup(broker, { groupId, topics }, requireStable, false);
  // Before version 8 the error has no place in the response.
  if (group.errorCode !== ErrorCode.NONE) throw new KafkaError(group.errorCode);
  return {
    errorCode: ErrorCode.NONE,
    topics: group.topics.map(({ name, partitions }) => ({ name: name ?? '', partitions })),
  };
};

function fetchGroup(
  { kit, groups }: Broker,
  { groupId, topics }: Pick<OffsetFetchRequestGroup, 'groupId' | 'topics'>,
  requireStable: boolean,
  byId: boolean,
): OffsetFetchResponseGroupInit {
  const errorCode = groups.refusal(groupId);
  if (errorCode !== ErrorCode.NONE) return { groupId, errorCode, topics: [] };
  const group = groups.registry.get(groupId);
  if (topics === null) {
    return { groupId, errorCode, topics: group === undefined ? [] : everything(kit, group, requireStable) };
  }
  return {
    groupId,
    errorCode,
    topics: topics.map(({ name, topicId, partitionIndexes }) => {
      const topic = findTopic(kit.topics, byId, topicId, name);
      // Versions that name topics by name return no error for an unknown one.
      const errorCode = byId && topic === undefined ? unknownTopicCode(byId) : ErrorCode.NONE;
      return {
        name,
        topicId,
        partitions: partitionIndexes.map((partitionIndex) => {
          const entry = topic && group?.offsets.get(topic.id, partitionIndex);
          return found(partitionIndex, entry, requireStable, errorCode);
        }),
      };
    }),
  };
}

function everything({ topics: known }: Kit, group: Group, requireStable: boolean): OffsetFetchResponseTopicsInit[] {
  const topics: OffsetFetchResponseTopicsInit[] = [];
  for (const [topicId, entries] of group.offsets.topics()) {
    const topic = known.byId(topicId);
    if (topic === undefined) continue;
    const partitions = [];
    for (const [partition, entry] of entries) {
      if (entry.committed === null && !requireStable) continue;
      partitions.push(found(partition, entry, requireStable, ErrorCode.NONE));
    }
    if (partitions.length > 0) topics.push({ name: topic.name, topicId, partitions });
  }
  return topics;
}

function found(
  partitionIndex: number,
  entry: OffsetEntry | undefined,
  requireStable: boolean,
  errorCode: number,
): OffsetFetchResponsePartitionsInit {
  const isUnstable = requireStable && entry !== undefined && entry.inFlight > 0;
  const committed = isUnstable ? null : (entry?.committed ?? null);
  if (committed === null) {
    return {
      partitionIndex,
      committedOffset: -1n,
      committedLeaderEpoch: -1,
      metadata: '',
      errorCode: isUnstable ? ErrorCode.UNSTABLE_OFFSET_COMMIT : errorCode,
    };
  }
  const { offset, leaderEpoch, metadata } = committed;
  return {
    partitionIndex,
    committedOffset: offset,
    committedLeaderEpoch: leaderEpoch,
    metadata,
    errorCode: ErrorCode.NONE,
  };
}
