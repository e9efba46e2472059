import { ErrorCode, KafkaError } from '../../../src/contract/index.js';
import {
  NIL_UUID,
  type OffsetFetchRequest,
  type OffsetFetchRequestGroup,
  type OffsetFetchResponseGroupInit,
  type OffsetFetchResponseInit,
  type OffsetFetchResponsePartitionsInit,
  type OffsetFetchResponseTopicsInit,
} from '../../../src/protocol/index.js';
import type { TopicRegistry } from '../topics/topic-registry.js';
import type { Group } from './group.js';
import type { GroupRegistry } from './group-registry.js';
import type { OffsetEntry } from './offsets.js';

/** From this version of OffsetFetch on several groups are asked for at a time. */
const GROUPS_FROM = 8;
/** From this version of OffsetFetch on topics go by their ids. */
const TOPIC_IDS_FROM = 10;

/** Why this broker answers for no group of this id; NONE when it does. */
export type Refuse = (groupId: string) => number;

/** Reads committed offsets. */
export class OffsetFetches {
  readonly #topics: TopicRegistry;
  readonly #registry: GroupRegistry;

  constructor(topics: TopicRegistry, registry: GroupRegistry) {
    this.#topics = topics;
    this.#registry = registry;
  }

  /** @throws KafkaError when the one group that was asked for belongs to another broker, before v8. */
  fetch(request: OffsetFetchRequest, apiVersion: number, refuse: Refuse): OffsetFetchResponseInit {
    const { groupId, requireStable } = request;
    if (apiVersion >= GROUPS_FROM) {
      const byId = apiVersion >= TOPIC_IDS_FROM;
      const groups = request.groups.map((group) => this.#fetchGroup(group, requireStable, byId, refuse));
      return { errorCode: ErrorCode.NONE, groups };
    }
    const topics = request.topics?.map((topic) => ({ ...topic, topicId: NIL_UUID })) ?? null;
    const group = this.#fetchGroup({ groupId, topics }, requireStable, false, refuse);
    if (group.errorCode !== ErrorCode.NONE) throw new KafkaError(group.errorCode);
    return {
      errorCode: ErrorCode.NONE,
      topics: group.topics.map(({ name, partitions }) => ({ name: name ?? '', partitions })),
    };
  }

  #fetchGroup(
    { groupId, topics }: Pick<OffsetFetchRequestGroup, 'groupId' | 'topics'>,
    requireStable: boolean,
    byId: boolean,
    refuse: Refuse,
  ): OffsetFetchResponseGroupInit {
    const errorCode = refuse(groupId);
    if (errorCode !== ErrorCode.NONE) return { groupId, errorCode, topics: [] };
    const group = this.#registry.get(groupId);
    if (topics === null) {
      return { groupId, errorCode, topics: group === undefined ? [] : this.#everything(group, requireStable) };
    }
    return {
      groupId,
      errorCode,
      topics: topics.map(({ name, topicId, partitionIndexes }) => {
        const topic = byId ? this.#topics.byId(topicId) : this.#topics.byName(name);
        const isUnknown = byId && topic === undefined;
        return {
          name,
          topicId,
          partitions: partitionIndexes.map((partitionIndex) => {
            const entry = topic && group?.offsets.get(topic.id, partitionIndex);
            return found(partitionIndex, entry, requireStable, isUnknown ? ErrorCode.UNKNOWN_TOPIC_ID : 0);
          }),
        };
      }),
    };
  }

  #everything(group: Group, requireStable: boolean): OffsetFetchResponseTopicsInit[] {
    const topics: OffsetFetchResponseTopicsInit[] = [];
    for (const [topicId, entries] of group.offsets.topics()) {
      const topic = this.#topics.byId(topicId);
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
