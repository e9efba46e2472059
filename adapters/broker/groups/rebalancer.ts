import { ErrorCode } from '../../../src/contract/index.js';
import type { JoinGroupResponseInit } from '../../../src/protocol/index.js';
import type { BrokerConfig } from '../broker-config.js';
import type { Group } from './group.js';
import type { GroupRegistry } from './group-registry.js';
import { type Member, NO_ASSIGNMENT } from './member.js';
import type { Reply } from './reply.js';

/** How long the JoinGroup of a new member waits at most: it knows no member id, and so sends no heartbeats. */
export const NEW_MEMBER_JOIN_TIMEOUT_MS: number = 5 * 60 * 1000;

/** Leads groups from one generation to the next: who is waited for, for how long, and who is taken out. */
export class Rebalancer {
  readonly #config: BrokerConfig;
  readonly #registry: GroupRegistry;

  constructor(registry: GroupRegistry, config: BrokerConfig) {
    this.#config = config;
    this.#registry = registry;
    registry.onExpired = {
      join: (group) => {
        this.#joinExpired(group);
      },
      sync: (group) => {
        this.#syncExpired(group);
      },
    };
  }

  addMember(group: Group, member: Member, reply: Reply<JoinGroupResponseInit>): void {
    member.isNew = true;
    if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') group.newMemberAdded = true;
    group.add(member, reply);
    member.session.set(NEW_MEMBER_JOIN_TIMEOUT_MS);
    this.prepareOrComplete(group);
  }

  updateMember(
    group: Group,
    member: Member,
    changes: Pick<Member, 'protocols' | 'rebalanceTimeoutMs' | 'sessionTimeoutMs'>,
    reply: Reply<JoinGroupResponseInit>,
  ): void {
    group.update(member, changes);
    group.setAwaitingJoin(member, reply);
    this.prepareOrComplete(group);
  }

  /** A rebalance begins, or goes on with one more step. */
  prepareOrComplete(group: Group): void {
    if (group.state === 'PreparingRebalance') this.completeIfJoined(group);
    else this.prepare(group);
  }

  prepare(group: Group): void {
    if (group.state === 'CompletingRebalance') this.#failAssignment(group, ErrorCode.REBALANCE_IN_PROGRESS);
    this.#endSync(group);
    const isInitial = group.state === 'Empty';
    group.transition('PreparingRebalance');
    if (isInitial) {
      // More members are likely to come at once: each rebalance less is one pause less for all.
      const delayMs = this.#config.get('group.initial.rebalance.delay.ms');
      const remainingMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0);
      group.newMemberAdded = false;
      group.initialDelay = { delayMs, remainingMs };
      if (delayMs === 0) this.#joinExpired(group);
      else group.joinDeadline.set(delayMs);
    } else if (group.hasAllMembersJoined) {
      this.#complete(group);
    } else {
      group.joinDeadline.set(group.rebalanceTimeoutMs);
    }
  }

  /** Nobody is waited for any more: on with the next generation. An initial rebalance keeps to its delay. */
  completeIfJoined(group: Group): void {
    if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return;
    if (group.hasAllMembersJoined) this.#complete(group);
  }

  /** A member or an id that has not joined is gone, by its session's end. */
  sessionExpired(group: Group, memberId: string): void {
    if (group.state === 'Dead') return;
    const member = group.members.get(memberId);
    if (member?.hasSatisfiedHeartbeat === true) return;
    group.remove(memberId);
    if (member !== undefined && (group.state === 'Stable' || group.state === 'CompletingRebalance')) {
      this.prepare(group);
    } else if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined) {
      this.#complete(group);
    }
  }

  /** The member has asked for its assignment. */
  synced(group: Group, memberId: string): void {
    group.pendingSync.delete(memberId);
    if (group.pendingSync.size === 0) this.#endSync(group);
  }

  /** The leader's assignment is stored, and goes to everyone who waits for it; then it holds. */
  assign(group: Group, assignment: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members.values()) group.assign(member, assignment.get(member.id) ?? NO_ASSIGNMENT);
    this.#propagate(group, ErrorCode.NONE);
    group.transition('Stable');
  }

  /** The leader's assignment could not be stored. */
  assignmentFailed(group: Group, errorCode: number): void {
    this.#failAssignment(group, errorCode);
    this.prepare(group);
  }

  #joinExpired(group: Group): void {
    if (group.state !== 'PreparingRebalance') return;
    const delay = group.initialDelay;
    if (delay !== null && group.newMemberAdded && delay.remainingMs > 0) {
      group.newMemberAdded = false;
      const delayMs = Math.min(this.#config.get('group.initial.rebalance.delay.ms'), delay.remainingMs);
      group.initialDelay = { delayMs, remainingMs: Math.max(delay.remainingMs - delay.delayMs, 0) };
      group.joinDeadline.set(delayMs);
      return;
    }
    this.#complete(group);
  }

  #complete(group: Group): void {
    group.joinDeadline.cancel();
    group.initialDelay = null;
    for (const member of [...group.members.values()]) {
      // A static member may be away for a moment: only its session's end takes it out.
      if (member.awaitingJoin === null && member.instanceId === null) group.remove(member.id);
    }
    if (group.members.size > 0 && !group.electJoinedLeader()) {
      // Static members all of them, and none has joined: wait until their sessions end.
      group.joinDeadline.set(group.rebalanceTimeoutMs);
      return;
    }
    group.nextGeneration();
    if (group.state === 'Empty') {
      this.#registry.storeQuietly(group);
      return;
    }
    for (const member of group.members.values()) {
      group.answerJoin(member, group.joined(member.id));
      member.session.set(member.sessionTimeoutMs);
      member.isNew = false;
      group.pendingSync.add(member.id);
    }
    group.syncDeadline.set(group.rebalanceTimeoutMs);
  }

  #syncExpired(group: Group): void {
    if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
    if (group.pendingSync.size === 0) return;
    for (const memberId of [...group.pendingSync]) group.remove(memberId);
    this.prepare(group);
  }

  #endSync(group: Group): void {
    group.pendingSync.clear();
    group.syncDeadline.cancel();
  }

  #failAssignment(group: Group, errorCode: number): void {
    for (const member of group.members.values()) group.assign(member, NO_ASSIGNMENT);
    this.#propagate(group, errorCode);
  }

  #propagate(group: Group, errorCode: number): void {
    const isError = errorCode !== ErrorCode.NONE;
    const protocolType = isError ? null : group.protocolType;
    const protocolName = isError ? null : group.protocol;
    for (const member of group.members.values()) {
      const answered = member.answerSync({ errorCode, protocolType, protocolName, assignment: member.assignment });
      // Its session's end was put off while it waited.
      if (answered) member.session.set(member.sessionTimeoutMs);
    }
  }
}
