import { ErrorCode } from '../../../src/contract/index.js';
import type { JoinGroupResponseInit, JoinGroupResponseMemberInit } from '../../../src/protocol/index.js';
import type { Clock } from '../clock.js';
import { Deadline } from './deadline.js';
import { type Member, NO_ASSIGNMENT, type Protocol } from './member.js';
import type { GroupOffsets } from './offsets.js';
import type { Reply } from './reply.js';
import { CONSUMER_PROTOCOL_TYPE, subscribedTopics } from './subscription.js';

/** States of a group of the classic protocol, as ListGroups names them. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** What all groups hold together, for the limits. */
export interface GroupTotals {
  /** Members, with the ids that were given out and have not joined yet. */
  members: number;
  /** Bytes that members take. */
  bytes: number;
}

/** What happens when a deadline of a group passes. */
export interface GroupDeadlines {
  join(group: Group): void;
  sync(group: Group): void;
}

/** A group of the classic protocol: its members and what they agreed on. Bookkeeping only; nothing here decides. */
export class Group {
  #state: GroupState = 'Empty';
  previousState: GroupState = 'Dead';
  /** When it came into its state, in ms since the epoch. */
  stateSince: number;
  protocolType: string | null = null;
  /** The protocol that was chosen for all members. */
  protocol: string | null = null;
  generation = 0;
  /** Member id of the leader. */
  leader: string | null = null;
  readonly members: Map<string, Member> = new Map<string, Member>();
  /** Member ids of static members, by group instance id. */
  readonly staticMembers: Map<string, string> = new Map<string, string>();
  /** Ids that were given out (KIP-394) and have not joined yet, with the end of their session. */
  readonly pendingMembers: Map<string, Deadline> = new Map<string, Deadline>();
  /** Members that know of the generation and have not asked for their assignment. */
  readonly pendingSync: Set<string> = new Set<string>();
  /** Members whose JoinGroup waits. */
  awaitingJoin = 0;
  /** The first rebalance of an empty group waits for more members: how long a turn is, and what is left after it. */
  initialDelay: { readonly delayMs: number; readonly remainingMs: number } | null = null;
  /** Whether someone joined in the current turn. */
  newMemberAdded = false;
  /** Topics that its members subscribe to; null where that cannot be said. */
  subscribed: ReadonlySet<string> | null = null;
  /** The generation whose assignment is being stored; -1 for none. */
  storingGeneration = -1;
  /** Ends the wait for members that have not joined again. */
  readonly joinDeadline: Deadline;
  /** Ends the wait for members that have not asked for their assignment. */
  readonly syncDeadline: Deadline;
  readonly #clock: Clock;
  readonly #totals: GroupTotals;
  /** How many members can work with a protocol, by its name. */
  readonly #supporters = new Map<string, number>();

  constructor(
    readonly id: string,
    readonly offsets: GroupOffsets,
    clock: Clock,
    totals: GroupTotals,
    expired: GroupDeadlines,
  ) {
    this.#clock = clock;
    this.#totals = totals;
    this.stateSince = clock.now();
    this.joinDeadline = new Deadline(clock, () => {
      expired.join(this);
    });
    this.syncDeadline = new Deadline(clock, () => {
      expired.sync(this);
    });
  }

  get state(): GroupState {
    return this.#state;
  }

  transition(state: GroupState): void {
    this.previousState = this.#state;
    this.#state = state;
    this.stateSince = this.#clock.now();
  }

  /** As it was stored. */
  restore(state: 'Empty' | 'Stable', since: number): void {
    this.#state = state;
    this.stateSince = since;
    this.computeSubscribed();
  }

  /** Applies every deadline that has passed, so that a decision does not depend on when timers run. */
  settleDeadlines(): void {
    for (const session of [...this.pendingMembers.values()]) session.settle();
    for (const { session } of [...this.members.values()]) session.settle();
    this.syncDeadline.settle();
    this.joinDeadline.settle();
  }

  isLeader(memberId: string): boolean {
    return this.leader === memberId;
  }

  get isConsumerGroup(): boolean {
    return this.protocolType === CONSUMER_PROTOCOL_TYPE;
  }

  /** Whether everyone who is expected waits for the rebalance to complete. */
  get hasAllMembersJoined(): boolean {
    return this.members.size === this.awaitingJoin && this.pendingMembers.size === 0;
  }

  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const { rebalanceTimeoutMs } of this.members.values()) longest = Math.max(longest, rebalanceTimeoutMs);
    return longest;
  }

  add(member: Member, reply: Reply<JoinGroupResponseInit> | null): void {
    if (this.members.size === 0) this.protocolType = member.protocolType;
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.id);
    this.leader ??= member.id;
    this.members.set(member.id, member);
    this.#count(member, 1);
    this.setAwaitingJoin(member, reply);
    this.dropPending(member.id);
  }

  /** Takes a member out, or an id that has not joined. What it waits for is answered by the caller, or here in short. */
  remove(memberId: string): void {
    const member = this.members.get(memberId);
    if (member !== undefined) {
      this.members.delete(memberId);
      this.#count(member, -1);
      member.session.cancel();
      this.answerJoin(member, joinError(ErrorCode.UNKNOWN_MEMBER_ID, ''));
      member.answerSync({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, assignment: NO_ASSIGNMENT });
      if (member.instanceId !== null) this.staticMembers.delete(member.instanceId);
    }
    if (this.isLeader(memberId)) this.leader = this.members.keys().next().value ?? null;
    this.dropPending(memberId);
    this.pendingSync.delete(memberId);
  }

  /** A static member comes back under another id: takes the place of who had it, who is fenced (KIP-345). */
  replace(old: Member, member: Member): void {
    this.members.delete(old.id);
    this.#count(old, -1);
    old.session.cancel();
    this.answerJoin(old, joinError(ErrorCode.FENCED_INSTANCE_ID, old.id));
    old.answerSync({ errorCode: ErrorCode.FENCED_INSTANCE_ID, assignment: NO_ASSIGNMENT });
    this.members.set(member.id, member);
    this.#count(member, 1);
    if (this.isLeader(old.id)) this.leader = member.id;
    if (this.pendingSync.delete(old.id)) this.pendingSync.add(member.id);
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.id);
  }

  update(member: Member, changes: Pick<Member, 'protocols' | 'rebalanceTimeoutMs' | 'sessionTimeoutMs'>): void {
    this.#count(member, -1);
    member.protocols = changes.protocols;
    member.rebalanceTimeoutMs = changes.rebalanceTimeoutMs;
    member.sessionTimeoutMs = changes.sessionTimeoutMs;
    this.#count(member, 1);
  }

  /** Counts what a member brings, or takes it off again. */
  #count(member: Member, sign: 1 | -1): void {
    this.#totals.members += sign;
    this.#totals.bytes += sign * member.bytes;
    for (const { name } of member.protocols) {
      const supporters = (this.#supporters.get(name) ?? 0) + sign;
      if (supporters === 0) this.#supporters.delete(name);
      else this.#supporters.set(name, supporters);
    }
  }

  assign(member: Member, assignment: Buffer): void {
    this.#totals.bytes += assignment.length - member.assignment.length;
    member.assignment = assignment;
  }

  /** The reply waits from now on; one that waited for the same member before is answered: the client asked anew. */
  setAwaitingJoin(member: Member, reply: Reply<JoinGroupResponseInit> | null): void {
    if (member.awaitingJoin !== null) {
      this.awaitingJoin--;
      member.awaitingJoin.answer(joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.id));
    }
    member.awaitingJoin = reply;
    if (reply !== null) this.awaitingJoin++;
  }

  answerJoin(member: Member, response: JoinGroupResponseInit): boolean {
    if (member.awaitingJoin === null) return false;
    member.awaitingJoin.answer(response);
    member.awaitingJoin = null;
    this.awaitingJoin--;
    return true;
  }

  addPending(memberId: string, session: Deadline): void {
    this.pendingMembers.set(memberId, session);
    this.#totals.members++;
  }

  dropPending(memberId: string): void {
    const session = this.pendingMembers.get(memberId);
    if (session === undefined) return;
    session.cancel();
    this.pendingMembers.delete(memberId);
    this.#totals.members--;
  }

  /** It is no more: no timer goes on, and nobody waits for it. */
  bury(errorCode: number): void {
    this.transition('Dead');
    this.joinDeadline.cancel();
    this.syncDeadline.cancel();
    for (const memberId of [...this.pendingMembers.keys()]) this.dropPending(memberId);
    for (const member of [...this.members.values()]) {
      this.answerJoin(member, joinError(errorCode, member.id));
      member.answerSync({ errorCode, assignment: NO_ASSIGNMENT });
      this.remove(member.id);
    }
  }

  /** The error of a request that names itself a member; NONE when it is one (KIP-345). */
  validateMember(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const known = this.staticMembers.get(instanceId);
      if (known === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (known !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  /** Whether who speaks this can be a member: there must be a protocol that all have. */
  supports(protocolType: string, protocols: readonly Protocol[]): boolean {
    if (this.#state === 'Empty') return protocolType !== '' && protocols.length > 0;
    if (this.protocolType !== protocolType) return false;
    return protocols.some(({ name }) => this.#isSupportedByAll(name));
  }

  /** The protocol with the most votes: each member has one, for the first in its list that all have. */
  selectProtocol(): string | null {
    const votes = new Map<string, number>();
    for (const { protocols } of this.members.values()) {
      const vote = protocols.find(({ name }) => this.#isSupportedByAll(name));
      if (vote !== undefined) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
    }
    let selected: string | null = null;
    let most = 0;
    for (const [name, count] of votes) {
      if (count > most) [selected, most] = [name, count];
    }
    return selected;
  }

  #isSupportedByAll(protocol: string): boolean {
    return this.#supporters.get(protocol) === this.members.size;
  }

  /** A leader that has not joined again gives way to one that has. False when nobody has. */
  electJoinedLeader(): boolean {
    if (this.leader === null) return false;
    if ((this.members.get(this.leader)?.awaitingJoin ?? null) !== null) return true;
    for (const member of this.members.values()) {
      if (member.awaitingJoin !== null) {
        this.leader = member.id;
        return true;
      }
    }
    return false;
  }

  nextGeneration(): void {
    this.generation = this.generation === 0x7fff_ffff ? 0 : this.generation + 1;
    this.protocol = this.members.size === 0 ? null : this.selectProtocol();
    this.computeSubscribed();
    this.transition(this.members.size === 0 ? 'Empty' : 'CompletingRebalance');
    this.pendingSync.clear();
  }

  computeSubscribed(): void {
    this.subscribed = null;
    if (!this.isConsumerGroup) return;
    const topics = new Set<string>();
    for (const member of this.members.values()) {
      const own = subscribedTopics(member.metadata(this.protocol));
      if (own === null) return;
      for (const topic of own) topics.add(topic);
    }
    this.subscribed = topics;
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscribed?.has(topic) ?? this.isConsumerGroup;
  }

  /** What a member is told when its JoinGroup succeeds; the leader is told of all members. */
  joined(memberId: string): JoinGroupResponseInit {
    return {
      errorCode: ErrorCode.NONE,
      generationId: this.generation,
      protocolType: this.protocolType,
      protocolName: this.protocol,
      leader: this.leader ?? '',
      skipAssignment: false,
      memberId,
      members: this.isLeader(memberId) ? this.memberList() : [],
    };
  }

  memberList(): JoinGroupResponseMemberInit[] {
    return Array.from(this.members.values(), (member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      metadata: member.metadata(this.protocol),
    }));
  }
}

/** The answer to a JoinGroup that did not succeed. */
export function joinError(errorCode: number, memberId: string): JoinGroupResponseInit {
  return { errorCode, generationId: -1, protocolType: null, protocolName: null, leader: '', memberId, members: [] };
}
