import { randomUUID } from 'node:crypto';
import { type Awaitable, ErrorCode, type RequestContext } from '../../../src/contract/index.js';
import type {
  HeartbeatRequest,
  JoinGroupRequest,
  JoinGroupResponseInit,
  LeaveGroupRequestMemberIdentity,
  LeaveGroupResponseMemberResponseInit,
  SyncGroupRequest,
  SyncGroupResponseInit,
} from '../../../src/protocol/index.js';
import type { Clock } from '../clock.js';
import type { BrokerConfig } from '../broker-config.js';
import { Deadline } from './deadline.js';
import type { Group } from './group.js';
import type { GroupRegistry } from './group-registry.js';
import { joinError, Member, NO_ASSIGNMENT, type Protocol } from './member.js';
import { Rebalancer } from './rebalancer.js';
import { Reply } from './reply.js';
import type { StoredGroup } from './stored-values.js';

/** Who asks. */
export interface Caller extends Pick<RequestContext, 'apiVersion' | 'clientId' | 'signal'> {
  /** Address that the client connects from, as Kafka writes it: `/127.0.0.1`. */
  readonly clientHost: string;
}

/** From this version of JoinGroup on a new member is given its id first, and joins with it (KIP-394). */
const MEMBER_ID_REQUIRED_FROM = 4;
/** From this version of JoinGroup on a leader can be told to leave the assignment as it is (KIP-814). */
const SKIP_ASSIGNMENT_FROM = 9;

/**
 * Coordinates groups of the classic protocol: who is a member, which generation holds, what was assigned. Knows no
 * sockets; what has to wait, waits in a reply.
 */
export class GroupCoordinator {
  readonly #clock: Clock;
  readonly #config: BrokerConfig;
  readonly #registry: GroupRegistry;
  readonly #rebalancer: Rebalancer;

  constructor(clock: Clock, config: BrokerConfig, registry: GroupRegistry) {
    this.#clock = clock;
    this.#config = config;
    this.#registry = registry;
    this.#rebalancer = new Rebalancer(registry, config);
  }

  /** A group as it was stored goes on where it was: its members have a whole session to be heard of again. */
  restore(group: Group, stored: StoredGroup): void {
    group.generation = stored.generation;
    for (const { id, instanceId, clientId, clientHost, assignment, ...changes } of stored.members) {
      const member = this.#newMember(group, id, { instanceId, clientId, clientHost });
      Object.assign(member, changes);
      member.assignment = assignment;
      group.members.add(member, null);
      member.session.set(member.sessionTimeoutMs);
    }
    group.protocolType = stored.protocolType;
    group.protocol = stored.protocol;
    group.members.leader = stored.leader;
    group.restore(group.members.size === 0 ? 'Empty' : 'Stable', stored.since);
  }

  join(request: JoinGroupRequest, caller: Caller): Awaitable<JoinGroupResponseInit> {
    const { groupId, memberId, sessionTimeoutMs } = request;
    if (groupId === '') return joinError(ErrorCode.INVALID_GROUP_ID, memberId);
    if (
      sessionTimeoutMs < this.#config.get('group.min.session.timeout.ms') ||
      sessionTimeoutMs > this.#config.get('group.max.session.timeout.ms')
    ) {
      return joinError(ErrorCode.INVALID_SESSION_TIMEOUT, memberId);
    }
    const isUnknown = memberId === '';
    const known = this.#registry.get(groupId);
    if (known === undefined && !isUnknown) return joinError(ErrorCode.UNKNOWN_MEMBER_ID, memberId);
    const protocols = protocolsOf(request);
    const bytes = protocols.reduce((sum, { metadata }) => sum + metadata.length, 0);
    if (bytes > this.#registry.limits.memberBytes) return joinError(ErrorCode.POLICY_VIOLATION, memberId);
    const member = known?.members.get(memberId);
    const isCounted = member !== undefined || known?.members.isPending(memberId) === true;
    const noRoom = this.#registry.checkRoom(isCounted ? 0 : 1, bytes - (member?.bytes ?? 0));
    if (noRoom !== ErrorCode.NONE) return joinError(noRoom, memberId);
    const group = known ?? this.#registry.getOrCreate(groupId);
    if (group === null) return joinError(ErrorCode.POLICY_VIOLATION, memberId);
    // Members that are overdue take no place and have no say. Only a refusal looks for them: there may be thousands.
    if (!this.#hasRoom(group, memberId) || !group.supports(request.protocolType, protocols)) group.settleDeadlines();
    if (!this.#hasRoom(group, memberId)) {
      group.remove(memberId);
      return joinError(ErrorCode.GROUP_MAX_SIZE_REACHED, '');
    }
    if (!group.supports(request.protocolType, protocols)) {
      return joinError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId);
    }
    return isUnknown
      ? this.#joinNew(group, request, protocols, caller)
      : this.#joinKnown(group, request, protocols, caller);
  }

  #joinNew(
    group: Group,
    request: JoinGroupRequest,
    protocols: readonly Protocol[],
    caller: Caller,
  ): Awaitable<JoinGroupResponseInit> {
    const { groupInstanceId: instanceId, sessionTimeoutMs } = request;
    const memberId = `${instanceId ?? caller.clientId ?? ''}-${randomUUID()}`;
    const old = instanceId === null ? undefined : group.members.get(group.members.staticId(instanceId) ?? '');
    if (old !== undefined) return this.#replaceStatic(group, old, memberId, request, protocols, caller);
    if (instanceId === null && caller.apiVersion >= MEMBER_ID_REQUIRED_FROM) {
      const session = this.#session(group, memberId);
      session.set(sessionTimeoutMs);
      group.members.addPending(memberId, session);
      return joinError(ErrorCode.MEMBER_ID_REQUIRED, memberId);
    }
    return this.#add(group, memberId, request, protocols, caller);
  }

  #joinKnown(
    group: Group,
    request: JoinGroupRequest,
    protocols: readonly Protocol[],
    caller: Caller,
  ): Awaitable<JoinGroupResponseInit> {
    const { memberId, groupInstanceId: instanceId } = request;
    if (group.members.isPending(memberId)) {
      // Ids are given out to dynamic members only.
      if (instanceId !== null) return joinError(ErrorCode.UNKNOWN_SERVER_ERROR, '');
      return this.#add(group, memberId, request, protocols, caller);
    }
    const errorCode = group.members.validate(memberId, instanceId);
    const member = group.members.get(memberId);
    if (errorCode !== ErrorCode.NONE || member === undefined) return joinError(errorCode, memberId);
    // What the member says again was said before: perhaps it did not get the answer. A stable group's leader may have
    // seen what no metadata shows, such as more partitions.
    const isRepeated =
      member.matches(protocols) &&
      (group.state === 'CompletingRebalance' || (group.state === 'Stable' && !group.members.isLeader(memberId)));
    if (isRepeated) return group.joined(memberId);
    const reply = new Reply<JoinGroupResponseInit>();
    this.#rebalancer.updateMember(group, member, { protocols, ...timeoutsOf(request) }, reply);
    return reply.take(caller);
  }

  #add(
    group: Group,
    memberId: string,
    request: JoinGroupRequest,
    protocols: readonly Protocol[],
    caller: Caller,
  ): Awaitable<JoinGroupResponseInit> {
    const { groupInstanceId: instanceId, protocolType } = request;
    const who = { instanceId, clientId: caller.clientId ?? '', clientHost: caller.clientHost };
    const member = Object.assign(this.#newMember(group, memberId, who), timeoutsOf(request), { protocols });
    // Only the first member's can be another one: the group supports those of the others.
    group.protocolType = protocolType;
    const reply = new Reply<JoinGroupResponseInit>();
    this.#rebalancer.addMember(group, member, reply);
    return reply.take(caller);
  }

  /** A static member comes back without its id: it takes the place it had, where it can without a rebalance (KIP-345). */
  #replaceStatic(
    group: Group,
    old: Member,
    memberId: string,
    request: JoinGroupRequest,
    protocols: readonly Protocol[],
    caller: Caller,
  ): Awaitable<JoinGroupResponseInit> {
    const oldLeader = group.members.leader ?? '';
    const { instanceId, clientId, clientHost } = old;
    const member = this.#newMember(group, memberId, { instanceId, clientId, clientHost });
    const { rebalanceTimeoutMs, sessionTimeoutMs, assignment } = old;
    Object.assign(member, { protocols: old.protocols, rebalanceTimeoutMs, sessionTimeoutMs, assignment });
    group.replace(old, member);
    group.members.update(member, { protocols, ...timeoutsOf(request) });
    member.session.set(member.sessionTimeoutMs);
    const reply = new Reply<JoinGroupResponseInit>();
    group.members.awaitJoin(member, reply);
    if (group.state === 'Stable' && group.members.selectProtocol() === group.protocol) {
      void this.#registry.settle(
        () => this.#registry.store(group, null),
        (errorCode) => {
          // A rebalance that has begun meanwhile answers it, or has done so.
          if (group.state !== 'Stable' || member.awaitingJoin !== reply) return;
          if (errorCode === ErrorCode.NONE) {
            group.members.answerJoin(member, this.#rejoined(group, memberId, oldLeader, caller.apiVersion));
          } else {
            // Nothing has changed: who was refused has no place, and who had it is a member as before.
            group.members.answerJoin(member, joinError(errorCode, ''));
            group.replace(member, old);
            old.session.set(old.sessionTimeoutMs);
          }
        },
      );
    } else if (group.state === 'PreparingRebalance') {
      this.#rebalancer.completeIfJoined(group);
    } else {
      // The leader may have been told of the old id already, and would assign to that.
      this.#rebalancer.prepare(group);
    }
    return reply.take(caller);
  }

  #rejoined(group: Group, memberId: string, oldLeader: string, apiVersion: number): JoinGroupResponseInit {
    const joined = group.joined(memberId);
    if (apiVersion >= SKIP_ASSIGNMENT_FROM) return { ...joined, skipAssignment: group.members.isLeader(memberId) };
    // A leader that is called by its old id does not take itself for one, and leaves the assignment as it is.
    return { ...joined, leader: oldLeader, members: [] };
  }

  sync(request: SyncGroupRequest, caller: Caller): Awaitable<SyncGroupResponseInit> {
    const { groupId, memberId, generationId, protocolType, protocolName } = request;
    if (caller.apiVersion >= 5 && (protocolType === null || protocolName === null)) {
      return syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    }
    if (groupId === '') return syncError(ErrorCode.INVALID_GROUP_ID);
    const group = this.#registry.get(groupId);
    if (group === undefined || group.state === 'Empty') return syncError(ErrorCode.UNKNOWN_MEMBER_ID);
    const errorCode = group.members.validate(memberId, request.groupInstanceId);
    const member = group.members.get(memberId);
    if (errorCode !== ErrorCode.NONE || member === undefined) return syncError(errorCode);
    if (generationId !== group.generation) return syncError(ErrorCode.ILLEGAL_GENERATION);
    if (differ(protocolType, group.protocolType) || differ(protocolName, group.protocol)) {
      return syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    }
    if (group.state === 'PreparingRebalance') return syncError(ErrorCode.REBALANCE_IN_PROGRESS);
    if (group.state === 'Stable') {
      group.syncWait.synced(memberId);
      const { assignment } = member;
      return { errorCode, protocolType: group.protocolType, protocolName: group.protocol, assignment };
    }
    member.answerSync(syncError(ErrorCode.REBALANCE_IN_PROGRESS));
    const reply = (member.awaitingSync = new Reply<SyncGroupResponseInit>());
    group.syncWait.synced(memberId);
    if (group.members.isLeader(memberId) && group.syncWait.storingGeneration !== generationId)
      this.#storeAssignment(group, request);
    return reply.take(caller);
  }

  #storeAssignment(group: Group, { generationId, assignments }: SyncGroupRequest): void {
    const bytes = assignments.reduce((sum, { assignment }) => sum + assignment.length, 0);
    const noRoom = this.#registry.checkRoom(0, bytes);
    if (noRoom !== ErrorCode.NONE) {
      this.#rebalancer.assignmentFailed(group, noRoom);
      return;
    }
    // Copies: what is kept for long keeps no frame.
    const assignment = new Map(assignments.map((one) => [one.memberId, Buffer.from(one.assignment)]));
    group.syncWait.storingGeneration = generationId;
    void this.#registry.settle(
      () => this.#registry.store(group, assignment),
      (errorCode) => {
        group.syncWait.storingGeneration = -1;
        if (group.state !== 'CompletingRebalance' || group.generation !== generationId) return;
        if (errorCode === ErrorCode.NONE) this.#rebalancer.assign(group, assignment);
        else this.#rebalancer.assignmentFailed(group, errorCode);
      },
    );
  }

  /** The error code of a heartbeat. */
  heartbeat({ groupId, memberId, generationId, groupInstanceId }: HeartbeatRequest): number {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID;
    const group = this.#registry.get(groupId);
    if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    const errorCode = group.members.validate(memberId, groupInstanceId);
    if (errorCode !== ErrorCode.NONE) return errorCode;
    if (generationId !== group.generation) return ErrorCode.ILLEGAL_GENERATION;
    this.heardOf(group, memberId);
    return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /** A member shows that it is alive. */
  heardOf(group: Group, memberId: string): void {
    const member = group.members.get(memberId);
    member?.session.set(member.sessionTimeoutMs);
  }

  /** Takes members out, each on its own. */
  leave(
    groupId: string,
    members: readonly LeaveGroupRequestMemberIdentity[],
  ): readonly LeaveGroupResponseMemberResponseInit[] {
    const group = this.#registry.get(groupId);
    const responses = members.map(({ memberId, groupInstanceId }) => {
      const errorCode =
        group === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : this.#leaveOne(group, memberId, groupInstanceId);
      return { memberId, groupInstanceId, errorCode };
    });
    if (group !== undefined && responses.some(({ errorCode }) => errorCode === ErrorCode.NONE)) {
      if (group.state === 'Stable' || group.state === 'CompletingRebalance') this.#rebalancer.prepare(group);
      else this.#rebalancer.completeIfJoined(group);
    }
    return responses;
  }

  #leaveOne(group: Group, memberId: string, instanceId: string | null): number {
    // An administrator names a static member by its group instance id alone.
    const id = memberId === '' && instanceId !== null ? group.members.staticId(instanceId) : memberId;
    if (id === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    const errorCode = group.members.isPending(id) ? ErrorCode.NONE : group.members.validate(id, instanceId);
    if (errorCode === ErrorCode.NONE) group.remove(id);
    return errorCode;
  }

  /** Whether the group may have this member, under `group.max.size`. */
  #hasRoom(group: Group, memberId: string): boolean {
    const most = this.#config.get('group.max.size');
    if (group.state === 'Empty' || group.state === 'Dead') return true;
    const member = group.members.get(memberId);
    // During a rebalance those who have joined again count: so the last ones go, when the size was made smaller.
    if (group.state === 'PreparingRebalance')
      return (member?.awaitingJoin ?? null) !== null || group.members.awaitingJoin < most;
    return member !== undefined || group.members.size < most;
  }

  #newMember(
    group: Group,
    memberId: string,
    { instanceId, clientId, clientHost }: Pick<Member, 'instanceId' | 'clientId' | 'clientHost'>,
  ): Member {
    return new Member(memberId, instanceId, clientId, clientHost, this.#session(group, memberId));
  }

  #session(group: Group, memberId: string): Deadline {
    return new Deadline(this.#clock, () => {
      this.#rebalancer.sessionExpired(group, memberId);
    });
  }
}

/** Copies: what is kept for long keeps no frame. Of two protocols with one name the first counts. */
function protocolsOf({ protocols }: JoinGroupRequest): Protocol[] {
  const names = new Set<string>();
  const kept: Protocol[] = [];
  for (const { name, metadata } of protocols) {
    if (names.has(name)) continue;
    names.add(name);
    kept.push({ name, metadata: Buffer.from(metadata) });
  }
  return kept;
}

function timeoutsOf({ sessionTimeoutMs, rebalanceTimeoutMs }: JoinGroupRequest): {
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
} {
  return { sessionTimeoutMs, rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? sessionTimeoutMs : rebalanceTimeoutMs };
}

/** The answer to a SyncGroup that did not succeed. */
function syncError(errorCode: number): SyncGroupResponseInit {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_ASSIGNMENT };
}

function differ(asked: string | null, held: string | null): boolean {
  return asked !== null && held !== null && asked !== held;
}
