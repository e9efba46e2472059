import { ErrorCode } from '../../../src/contract/index.js';
import type { JoinGroupResponseInit, JoinGroupResponseMemberInit } from '../../../src/protocol/index.js';
import type { Clock } from '../clock.js';
import { GroupLifecycle, type GroupState } from './group-lifecycle.js';
import { GroupMembers, type GroupTotals } from './group-members.js';
import { JoinWait } from './join-wait.js';
import type { Member, Protocol } from './member.js';
import type { GroupOffsets } from './offsets.js';
import { CONSUMER_PROTOCOL_TYPE, subscribedTopics } from './subscription.js';
import { SyncWait } from './sync-wait.js';

/** What happens when a deadline of a group passes. */
export interface GroupDeadlines {
  join(group: Group): void;
  sync(group: Group): void;
}

/** A group of the classic protocol: its members and what they agreed on. Bookkeeping only; nothing here decides. */
export class Group {
  readonly members: GroupMembers;
  generation = 0;
  protocolType: string | null = null;
  /** The protocol that was chosen for all members. */
  protocol: string | null = null;
  /** Topics that its members subscribe to; null where that cannot be said. */
  #subscribed: ReadonlySet<string> | null = null;
  readonly #lifecycle: GroupLifecycle;
  readonly joinWait: JoinWait;
  readonly syncWait: SyncWait;

  constructor(
    readonly id: string,
    readonly offsets: GroupOffsets,
    clock: Clock,
    totals: GroupTotals,
    expired: GroupDeadlines,
  ) {
    this.members = new GroupMembers(totals);
    this.#lifecycle = new GroupLifecycle(clock);
    this.joinWait = new JoinWait(clock, () => {
      expired.join(this);
    });
    this.syncWait = new SyncWait(clock, () => {
      expired.sync(this);
    });
  }

  get state(): GroupState {
    return this.#lifecycle.state;
  }

  get previousState(): GroupState {
    return this.#lifecycle.previous;
  }

  /** When it came into its state, in ms since the epoch. */
  get stateSince(): number {
    return this.#lifecycle.since;
  }

  transition(state: GroupState): void {
    this.#lifecycle.transition(state);
  }

  /** As it was stored. */
  restore(state: 'Empty' | 'Stable', since: number): void {
    this.#lifecycle.restore(state, since);
    this.#computeSubscribed();
  }

  /** Applies every deadline that has passed, so that a decision does not depend on when timers run. */
  settleDeadlines(): void {
    this.members.settleSessions();
    this.syncWait.settle();
    this.joinWait.settle();
  }

  get isConsumerGroup(): boolean {
    return this.protocolType === CONSUMER_PROTOCOL_TYPE;
  }

  /** Whether the topics are known that its members subscribe to. */
  get hasSubscription(): boolean {
    return this.#subscribed !== null;
  }

  isSubscribedTo(topic: string): boolean {
    return this.#subscribed?.has(topic) ?? this.isConsumerGroup;
  }

  /** Takes a member out, or an id that has not joined. */
  remove(memberId: string): void {
    this.members.remove(memberId);
    this.syncWait.remove(memberId);
  }

  /** A static member comes back under another id, and takes the place of who had it. */
  replace(old: Member, member: Member): void {
    this.members.replace(old, member);
    this.syncWait.rename(old.id, member.id);
  }

  /** It is no more: no timer goes on, and nobody waits for it. */
  bury(errorCode: number): void {
    this.transition('Dead');
    this.joinWait.end();
    this.syncWait.end();
    this.members.clear(errorCode);
  }

  /** Whether who speaks this can be a member: there must be a protocol that all have. */
  supports(protocolType: string, protocols: readonly Protocol[]): boolean {
    if (this.state === 'Empty') return protocolType !== '' && protocols.length > 0;
    if (this.protocolType !== protocolType) return false;
    return protocols.some(({ name }) => this.members.isSupportedByAll(name));
  }

  nextGeneration(): void {
    const isEmpty = this.members.size === 0;
    this.generation = this.generation === 0x7fff_ffff ? 0 : this.generation + 1;
    this.protocol = isEmpty ? null : this.members.selectProtocol();
    this.#computeSubscribed();
    this.transition(isEmpty ? 'Empty' : 'CompletingRebalance');
  }

  #computeSubscribed(): void {
    this.#subscribed = null;
    if (!this.isConsumerGroup) return;
    const topics = new Set<string>();
    for (const member of this.members) {
      const own = subscribedTopics(member.metadata(this.protocol));
      if (own === null) return;
      for (const topic of own) topics.add(topic);
    }
    this.#subscribed = topics;
  }

  /** What a member is told when its JoinGroup succeeds; the leader is told of all members. */
  joined(memberId: string): JoinGroupResponseInit {
    return {
      errorCode: ErrorCode.NONE,
      generationId: this.generation,
      protocolType: this.protocolType,
      protocolName: this.protocol,
      leader: this.members.leader ?? '',
      skipAssignment: false,
      memberId,
      members: this.members.isLeader(memberId) ? this.#memberList() : [],
    };
  }

  #memberList(): JoinGroupResponseMemberInit[] {
    return Array.from(this.members, (member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      metadata: member.metadata(this.protocol),
    }));
  }
}
