import { type Awaitable, ErrorCode, type RequestContext } from '../../../src/contract/index.js';
import type {
  OffsetCommitRequest,
  OffsetCommitRequestPartition,
  OffsetCommitResponseInit,
} from '../../../src/protocol/index.js';
import { all, andThen } from '../awaitable.js';
import type { Kit } from '../kit.js';
import type { Topic } from '../topics/topic-registry.js';
import type { Group } from './group.js';
import type { GroupCoordinator } from './group-coordinator.js';
import type { GroupRegistry } from './group-registry.js';

/** From this version of OffsetCommit on topics go by their ids. */
const TOPIC_IDS_FROM = 10;
/** From this version of OffsetCommit on clients know GROUP_ID_NOT_FOUND. */
const GROUP_ID_NOT_FOUND_FROM = 9;

/** Commits offsets: of members, and of clients that only keep their offsets here. */
export class OffsetCommits {
  readonly #kit: Pick<Kit, 'clock' | 'config' | 'topics'>;
  readonly #registry: GroupRegistry;
  readonly #coordinator: GroupCoordinator;

  constructor(kit: Pick<Kit, 'clock' | 'config' | 'topics'>, registry: GroupRegistry, coordinator: GroupCoordinator) {
    this.#kit = kit;
    this.#registry = registry;
    this.#coordinator = coordinator;
  }

  /** `refusal`: why this broker answers for no group of this id; NONE when it does. */
  commit(
    request: OffsetCommitRequest,
    { apiVersion }: Pick<RequestContext, 'apiVersion'>,
    refusal: number,
  ): Awaitable<OffsetCommitResponseInit> {
    const byId = apiVersion >= TOPIC_IDS_FROM;
    let group: Group | number | null = refusal === ErrorCode.NONE ? null : refusal;
    const stored: Awaitable<void>[] = [];
    const now = this.#kit.clock.now();
    const { retentionTimeMs } = request;
    const expiresAt = retentionTimeMs === -1n ? -1 : now + Number(retentionTimeMs);
    const topics = request.topics.map(({ name, topicId, partitions }) => {
      const topic = byId ? this.#kit.topics.byId(topicId) : this.#kit.topics.byName(name);
      const outcomes = partitions.map((partition) => {
        const outcome = { partitionIndex: partition.partitionIndex, errorCode: ErrorCode.NONE as number };
        if (topic === undefined) {
          outcome.errorCode = byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        } else if (topic.partitions[partition.partitionIndex] === undefined) {
          outcome.errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        } else {
          // Looked up for partitions that exist only: as in Kafka, the others say nothing of the group.
          group ??= this.#validate(request, apiVersion);
          if (typeof group === 'number') outcome.errorCode = group;
          else stored.push(this.#store(group, topic, partition, now, expiresAt, outcome));
        }
        return outcome;
      });
      return { name, topicId, partitions: outcomes };
    });
    return andThen(all(stored), () => ({ topics }));
  }

  #store(
    group: Group,
    topic: Topic,
    { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }: OffsetCommitRequestPartition,
    committedAt: number,
    expiresAt: number,
    outcome: { errorCode: number },
  ): Awaitable<void> {
    const metadata = committedMetadata ?? '';
    if (metadata.length > this.#kit.config.get('offset.metadata.max.bytes')) {
      outcome.errorCode = ErrorCode.OFFSET_METADATA_TOO_LARGE;
      return;
    }
    const entry = this.#registry.offsetEntry(group, topic.id, partitionIndex);
    if (entry === null) {
      outcome.errorCode = ErrorCode.INVALID_COMMIT_OFFSET_SIZE;
      return;
    }
    const committed = { offset: committedOffset, leaderEpoch: committedLeaderEpoch, metadata, committedAt, expiresAt };
    const number = entry.begin();
    return this.#registry.settle(
      () => this.#registry.storeOffset(entry, committed),
      (errorCode) => {
        entry.end(number, errorCode === ErrorCode.NONE ? committed : null);
        if (entry.isVacant) this.#registry.dropEntry(group, entry);
        outcome.errorCode = errorCode;
      },
    );
  }

  /** The group, or the error of all its partitions. */
  #validate(request: OffsetCommitRequest, apiVersion: number): Group | number {
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generation } = request;
    const known = this.#registry.get(groupId);
    if (known === undefined) {
      // A client that is no member: an administrator, or a consumer that only keeps its offsets here.
      if (generation < 0) return this.#registry.getOrCreate(groupId) ?? ErrorCode.POLICY_VIOLATION;
      return apiVersion >= GROUP_ID_NOT_FOUND_FROM ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION;
    }
    if (generation < 0) known.settleDeadlines();
    if (generation < 0 && known.state === 'Empty') return known;
    if (generation < 0 && memberId === '' && groupInstanceId === null) return ErrorCode.UNKNOWN_MEMBER_ID;
    const errorCode = known.validateMember(memberId, groupInstanceId);
    if (errorCode !== ErrorCode.NONE) return errorCode;
    if (generation !== known.generation) return ErrorCode.ILLEGAL_GENERATION;
    // Whoever knows the generation has still to ask for its assignment.
    if (known.state === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS;
    this.#coordinator.heardOf(known, memberId);
    return known;
  }
}
