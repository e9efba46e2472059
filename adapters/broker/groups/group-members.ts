import { ErrorCode } from '../../../src/contract/index.js';
import type { JoinGroupResponseInit } from '../../../src/protocol/index.js';
import type { Deadline } from './deadline.js';
import { joinError, type Member, NO_ASSIGNMENT } from './member.js';
import type { Reply } from './reply.js';

/** What all groups hold together, for the limits. */
export interface GroupTotals {
  /** Members, with the ids that were given out and have not joined yet. */
  members: number;
  /** Bytes that members take. */
  bytes: number;
}

/** The members of a group, who leads them, and the protocols that they have in common. */
export class GroupMembers {
  /** Member id of the leader. */
  leader: string | null = null;
  readonly #totals: GroupTotals;
  readonly #byId = new Map<string, Member>();
  /** Member ids of static members, by group instance id. */
  readonly #staticIds = new Map<string, string>();
  /** Ids that were given out (KIP-394) and have not joined yet, with the end of their session. */
  readonly #pending = new Map<string, Deadline>();
  /** How many members can work with a protocol, by its name. */
  readonly #supporters = new Map<string, number>();
  #awaitingJoin = 0;

  /** @param totals - Counts the members of all groups. */
  constructor(totals: GroupTotals) {
    this.#totals = totals;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** How many ids were given out and have not joined yet. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** How many members wait for the answer to a JoinGroup. */
  get awaitingJoin(): number {
    return this.#awaitingJoin;
  }

  /** Whether everyone who is expected waits for the rebalance to complete. */
  get haveAllJoined(): boolean {
    return this.#byId.size === this.#awaitingJoin && this.#pending.size === 0;
  }

  /** The longest of all members. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const { rebalanceTimeoutMs } of this) longest = Math.max(longest, rebalanceTimeoutMs);
    return longest;
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#byId.values();
  }

  get(memberId: string): Member | undefined {
    return this.#byId.get(memberId);
  }

  /** Ids of all members. */
  ids(): Iterable<string> {
    return this.#byId.keys();
  }

  /** The member id of a static member, by its group instance id. */
  staticId(instanceId: string): string | undefined {
    return this.#staticIds.get(instanceId);
  }

  isLeader(memberId: string): boolean {
    return this.leader === memberId;
  }

  /** Whether the id was given out and has not joined yet. */
  isPending(memberId: string): boolean {
    return this.#pending.has(memberId);
  }

  /** The error of a request that names itself a member; NONE when it is one (KIP-345). */
  validate(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const known = this.#staticIds.get(instanceId);
      if (known === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (known !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.#byId.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
  }

  /** @param reply - The member's JoinGroup, if it waits for an answer. */
  add(member: Member, reply: Reply<JoinGroupResponseInit> | null): void {
    if (member.instanceId !== null) this.#staticIds.set(member.instanceId, member.id);
    this.leader ??= member.id;
    this.#byId.set(member.id, member);
    this.#count(member, 1);
    this.awaitJoin(member, reply);
    this.dropPending(member.id);
  }

  /** Takes a member out, or an id that has not joined. What it waits for is answered by the caller, or here in short. */
  remove(memberId: string): void {
    const member = this.#byId.get(memberId);
    if (member !== undefined) {
      this.#byId.delete(memberId);
      this.#count(member, -1);
      this.#dismiss(member, ErrorCode.UNKNOWN_MEMBER_ID, '');
      if (member.instanceId !== null) this.#staticIds.delete(member.instanceId);
    }
    if (this.isLeader(memberId)) this.leader = this.#byId.keys().next().value ?? null;
    this.dropPending(memberId);
  }

  /** A static member comes back under another id: takes the place of who had it, who is fenced (KIP-345). */
  replace(old: Member, member: Member): void {
    this.#byId.delete(old.id);
    this.#count(old, -1);
    this.#dismiss(old, ErrorCode.FENCED_INSTANCE_ID, old.id);
    this.#byId.set(member.id, member);
    this.#count(member, 1);
    if (this.isLeader(old.id)) this.leader = member.id;
    if (member.instanceId !== null) this.#staticIds.set(member.instanceId, member.id);
  }

  update(member: Member, changes: Pick<Member, 'protocols' | 'rebalanceTimeoutMs' | 'sessionTimeoutMs'>): void {
    this.#count(member, -1);
    member.protocols = changes.protocols;
    member.rebalanceTimeoutMs = changes.rebalanceTimeoutMs;
    member.sessionTimeoutMs = changes.sessionTimeoutMs;
    this.#count(member, 1);
  }

  assign(member: Member, assignment: Buffer): void {
    this.#totals.bytes += assignment.length - member.assignment.length;
    member.assignment = assignment;
  }

  /** Takes all of them out; what they wait for is answered with this code. */
  clear(errorCode: number): void {
    for (const memberId of [...this.#pending.keys()]) this.dropPending(memberId);
    for (const member of [...this]) {
      this.#dismiss(member, errorCode, member.id);
      this.remove(member.id);
    }
  }

  /** The reply waits from now on; one that waited for the same member before is answered: the client asked anew. */
  awaitJoin(member: Member, reply: Reply<JoinGroupResponseInit> | null): void {
    this.answerJoin(member, joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.id));
    member.awaitingJoin = reply;
    if (reply !== null) this.#awaitingJoin++;
  }

  answerJoin(member: Member, response: JoinGroupResponseInit): void {
    if (member.awaitingJoin === null) return;
    member.awaitingJoin.answer(response);
    member.awaitingJoin = null;
    this.#awaitingJoin--;
  }

  addPending(memberId: string, session: Deadline): void {
    this.#pending.set(memberId, session);
    this.#totals.members++;
  }

  dropPending(memberId: string): void {
    const session = this.#pending.get(memberId);
    if (session === undefined) return;
    session.cancel();
    this.#pending.delete(memberId);
    this.#totals.members--;
  }

  /** Ends the sessions whose time is over. */
  settleSessions(): void {
    for (const session of [...this.#pending.values()]) session.settle();
    for (const { session } of [...this]) session.settle();
  }

  /** Replaces a leader that has not rejoined by a member that has. Returns false if no member has rejoined. */
  electJoinedLeader(): boolean {
    if (this.leader === null) return false;
    if ((this.#byId.get(this.leader)?.awaitingJoin ?? null) !== null) return true;
    for (const member of this) {
      if (member.awaitingJoin !== null) {
        this.leader = member.id;
        return true;
      }
    }
    return false;
  }

  /** Whether all members can work with a protocol. */
  isSupportedByAll(protocol: string): boolean {
    return this.#supporters.get(protocol) === this.#byId.size;
  }

  /** The protocol with the most votes: each member has one, for the first in its list that all have. */
  selectProtocol(): string | null {
    const votes = new Map<string, number>();
    for (const { protocols } of this) {
      const vote = protocols.find(({ name }) => this.isSupportedByAll(name));
      if (vote !== undefined) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
    }
    let selected: string | null = null;
    let most = 0;
    for (const [name, count] of votes) {
      if (count > most) [selected, most] = [name, count];
    }
    return selected;
  }

  /** A member is gone: its session ends, and what it waits for is answered. */
  #dismiss(member: Member, errorCode: number, memberId: string): void {
    member.session.cancel();
    this.answerJoin(member, joinError(errorCode, memberId));
    member.answerSync({ errorCode, assignment: NO_ASSIGNMENT });
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
}
