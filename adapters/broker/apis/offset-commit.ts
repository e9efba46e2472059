// Versions 2 to 10. Versions 10 and later name topics by id.
// Supported: commits of members, and of clients that only store offsets; retentionTimeMs (until version 4).
// Ignored: nothing.
import { all, type Awaitable, ErrorCode, isPromise } from '../../../src/contract/index.js';
import type { OffsetCommitRequest, OffsetCommitResponseInit } from '../../../src/protocol/index.js';
import { andThen } from '../awaitable.js';
import type { Group } from '../groups/group.js';
import { findTopic, unknownTopicCode } from '../topic-registry.js';
import type { Handler } from './handler.js';

/** From this version of OffsetCommit on topics go by their ids. */
const TOPIC_IDS_FROM = 10;

export const offsetCommit: Handler<OffsetCommitRequest, OffsetCommitResponseInit> = (
  { kit, groups },
  request,
  { apiVersion },
) => {
  const byId = apiVersion >= TOPIC_IDS_FROM;
  const refusal = groups.refusal(request.groupId);
  let group: Group | number | null = refusal === ErrorCode.NONE ? null : refusal;
  const stored: Awaitable<void>[] = [];
  const committedAt = kit.clock.now();
  const { retentionTimeMs } = request;
  const expiresAt = retentionTimeMs === -1n ? -1 : committedAt + Number(retentionTimeMs);
  const topics = request.topics.map(({ name, topicId, partitions }) => {
    const topic = findTopic(kit.topics, byId, topicId, name);
    const outcomes = partitions.map((partition) => {
      const { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch } = partition;
      const outcome = { partitionIndex, errorCode: ErrorCode.NONE as number };
      if (topic === undefined) {
        outcome.errorCode = unknownTopicCode(byId);
      } else if (topic.partitions[partitionIndex] === undefined) {
        outcome.errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      } else {
        // Looked up for existing partitions only: as in Kafka, the others say nothing of the group.
        group ??= groups.commits.groupFor(request, apiVersion);
        if (typeof group === 'number') {
          outcome.errorCode = group;
        } else {
          const metadata = partition.committedMetadata ?? '';
          const committed = { offset, leaderEpoch, metadata, committedAt, expiresAt };
          const errorCode = groups.commits.commit(group, topic.id, partitionIndex, committed);
          if (isPromise(errorCode)) {
            stored.push(errorCode.then((settled) => void (outcome.errorCode = settled)));
          } else {
            outcome.errorCode = errorCode;
          }
        }
      }
      return outcome;
    });
    return { name, topicId, partitions: outcomes };
  });
  return andThen(all(stored), () => ({ topics }));
};
