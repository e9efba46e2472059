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
    if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') group.joinWait.memberJoined();
    group.members.add(member, reply);
    member.session.set(NEW_MEMBER_JOIN_TIMEOUT_MS);
    this.prepareOrComplete(group);
  }

  updateMember(
    group: Group,
    member: Member,
    changes: Pick<Member, 'protocols' | 'rebalanceTimeoutMs' | 'sessionTimeoutMs'>,
    reply: Reply<JoinGroupResponseInit>,
  ): void {
    group.members.update(member, changes);
    group.members.awaitJoin(member, reply);
    this.prepareOrComplete(group);
  }

  /** A rebalance begins, or goes on with one more step. */
  prepareOrComplete(group: Group): void {
    if (group.state === 'PreparingRebalance') this.completeIfJoined(group);
    else this.prepare(group);
  }

  prepare(group: Group): void {
    if (group.state === 'CompletingRebalance') this.#failAssignment(group, ErrorCode.REBALANCE_IN_PROGRESS);
    group.syncWait.end();
    const isInitial = group.state === 'Empty';
    group.transition('PreparingRebalance');
    if (isInitial) {
      const delayMs = this.#config.get('group.initial.rebalance.delay.ms');
      group.joinWait.beginTurns(delayMs, group.members.rebalanceTimeoutMs);
      if (delayMs === 0) this.#joinExpired(group);
    } else if (group.members.haveAllJoined) {
      this.#complete(group);
    } else {
      group.joinWait.begin(group.members.rebalanceTimeoutMs);
    }
  }

  /** Nobody is waited for any more: on with the next generation. An initial rebalance keeps to its delay. */
  completeIfJoined(group: Group): void {
    if (group.state !== 'PreparingRebalance' || group.previousState === 'Empty') return;
    if (group.members.haveAllJoined) this.#complete(group);
  }

  /** A member or an id that has not joined is gone, by its session's end. */
  sessionExpired(group: Group, memberId: string): void {
    if (group.state === 'Dead') return;
    const member = group.members.get(memberId);
    if (member?.hasSatisfiedHeartbeat === true) return;
    group.remove(memberId);
    if (member !== undefined && (group.state === 'Stable' || group.state === 'CompletingRebalance')) {
      this.prepare(group);
    } else if (group.state === 'PreparingRebalance' && group.members.haveAllJoined) {
      this.#complete(group);
    }
  }

  /** The leader's assignment is stored, and goes to everyone who waits for it; then it holds. */
  assign(group: Group, assignment: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members) group.members.assign(member, assignment.get(member.id) ?? NO_ASSIGNMENT);
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
    if (!group.joinWait.nextTurn(this.#config.get('group.initial.rebalance.delay.ms'))) this.#complete(group);
  }

  #complete(group: Group): void {
    group.joinWait.end();
    for (const member of [...group.members]) {
      // A static member may be away for a moment: only its session's end takes it out.
      if (member.awaitingJoin === null && member.instanceId === null) group.remove(member.id);
    }
    if (group.members.size > 0 && !group.members.electJoinedLeader()) {
      // Static members all of them, and none has joined: wait until their sessions end.
      group.joinWait.begin(group.members.rebalanceTimeoutMs);
      return;
    }
    group.nextGeneration();
    if (group.state === 'Empty') {
      this.#registry.storeQuietly(group);
      return;
    }
    for (const member of group.members) {
      group.members.answerJoin(member, group.joined(member.id));
      member.session.set(member.sessionTimeoutMs);
      member.isNew = false;
    }
    group.syncWait.begin(group.members.ids(), group.members.rebalanceTimeoutMs);
  }

  #syncExpired(group: Group): void {
    if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
    const { missing } = group.syncWait;
    if (missing.length === 0) return;
    for (const memberId of missing) group.remove(memberId);
    this.prepare(group);
  }

  #failAssignment(group: Group, errorCode: number): void {
    for (const member of group.members) group.members.assign(member, NO_ASSIGNMENT);
    this.#propagate(group, errorCode);
  }

  #propagate(group: Group, errorCode: number): void {
    const isError = errorCode !== ErrorCode.NONE;
    const protocolType = isError ? null : group.protocolType;
    const protocolName = isError ? null : group.protocol;
    for (const member of group.members) {
      const answered = member.answerSync({ errorCode, protocolType, protocolName, assignment: member.assignment });
      // Its session's end was put off while it waited.
      if (answered) member.session.set(member.sessionTimeoutMs);
    }
  }
}
