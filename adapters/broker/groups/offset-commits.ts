import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type { OffsetCommitRequest } from '../../../src/protocol/index.js';
import type { BrokerConfig } from '../broker-config.js';
import type { Group } from './group.js';
import type { GroupCoordinator } from './group-coordinator.js';
import type { GroupRegistry } from './group-registry.js';
import type { CommittedOffset } from './offsets.js';

/** From this version of OffsetCommit on clients know GROUP_ID_NOT_FOUND. */
const GROUP_ID_NOT_FOUND_FROM = 9;

/** Commits offsets: of members, and of clients that only store their offsets here. */
export class OffsetCommits {
  readonly #config: BrokerConfig;
  readonly #registry: GroupRegistry;
  readonly #coordinator: GroupCoordinator;

  constructor(config: BrokerConfig, registry: GroupRegistry, coordinator: GroupCoordinator) {
    this.#config = config;
    this.#registry = registry;
    this.#coordinator = coordinator;
  }

  /** Returns the group to which a client may commit, or the error code of all its partitions. */
  groupFor(request: OffsetCommitRequest, apiVersion: number): Group | number {
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
    const errorCode = known.members.validate(memberId, groupInstanceId);
    if (errorCode !== ErrorCode.NONE) return errorCode;
    if (generation !== known.generation) return ErrorCode.ILLEGAL_GENERATION;
    // Whoever knows the generation has still to ask for its assignment.
    if (known.state === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS;
    this.#coordinator.heardOf(known, memberId);
    return known;
  }

  /** Stores the committed offset of one partition. Returns NONE, or why it was not stored. */
  commit(group: Group, topicId: string, partition: number, committed: CommittedOffset): Awaitable<number> {
    if (committed.metadata.length > this.#config.get('offset.metadata.max.bytes')) {
      return ErrorCode.OFFSET_METADATA_TOO_LARGE;
    }
    const entry = this.#registry.offsetEntry(group, topicId, partition);
    if (entry === null) return ErrorCode.INVALID_COMMIT_OFFSET_SIZE;
    const number = entry.begin();
    return this.#registry.settle(
      () => this.#registry.storeOffset(entry, committed),
      (errorCode) => {
        entry.end(number, errorCode === ErrorCode.NONE ? committed : null);
        if (entry.isVacant) this.#registry.dropEntry(group, entry);
        return errorCode;
      },
    );
  }
}
