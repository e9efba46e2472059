import { all, type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import { andThen, attempt, rejected } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { storeErrorCode } from '../store/kafka-errors.js';
import { StoreError } from '../store/store-error.js';
import { Group, type GroupDeadlines } from './group.js';
import type { GroupTotals } from './group-members.js';
import type { GroupLimits } from './limits.js';
import { type CommittedOffset, GroupOffsets, type OffsetEntry } from './offsets.js';
import {
  decodeGroup,
  decodeOffset,
  encodeGroup,
  encodeOffset,
  OFFSET_PREFIX,
  offsetKey,
  type StoredGroup,
} from './stored-values.js';

/** Keys of groups: this and the group id. */
const GROUP_PREFIX = 'group/';

/** What the registry needs of the kit. */
export type RegistryKit = Pick<Kit, 'clock' | 'state' | 'warn' | 'topics' | 'store'>;

/** All groups of this coordinator and what they committed, in memory and in the durable state. */
export class GroupRegistry {
  readonly limits: GroupLimits;
  readonly totals: GroupTotals = { members: 0, bytes: 0 };
  readonly #kit: RegistryKit;
  readonly #groups = new Map<string, Group>();
  #offsets = 0;
  /** What happens when a group's deadline passes; set by who decides it. */
  onExpired: GroupDeadlines | null = null;
  readonly #deadlines: GroupDeadlines = {
    join: (group) => {
      this.onExpired?.join(group);
    },
    sync: (group) => {
      this.onExpired?.sync(group);
    },
  };

  constructor(kit: RegistryKit, limits: GroupLimits) {
    this.#kit = kit;
    this.limits = limits;
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId);
  }

  /** The group once its overdue deadlines are applied: for requests whose answer depends on who is still a member. */
  getSettled(groupId: string): Group | undefined {
    const group = this.#groups.get(groupId);
    group?.settleDeadlines();
    return group;
  }

  all(): readonly Group[] {
    return [...this.#groups.values()];
  }

  /** The group, made when there is none; null when there are too many. */
  getOrCreate(groupId: string): Group | null {
    const known = this.#groups.get(groupId);
    if (known !== undefined) return known;
    if (this.#groups.size >= this.limits.groups) {
      this.#kit.warn(`there are ${this.limits.groups} groups, the most that the limit 'groups' allows`);
      return null;
    }
    return this.#create(groupId);
  }

  #create(groupId: string): Group {
    const offsets = new GroupOffsets((topicId, partition) => offsetKey(topicId, partition, groupId));
    const group = new Group(groupId, offsets, this.#kit.clock, this.totals, this.#deadlines);
    this.#groups.set(groupId, group);
    return group;
  }

  /** Why so many more members, or bytes of them, are refused; NONE when there is room. */
  checkRoom(members: number, bytes: number): number {
    const { limits, totals } = this;
    const limit =
      totals.members + members > limits.members ? 'members' : totals.bytes + bytes > limits.bytes ? 'bytes' : null;
    if (limit === null) return ErrorCode.NONE;
    this.#kit.warn(`groups have reached the limit '${limit}', ${limits[limit]}`);
    return ErrorCode.POLICY_VIOLATION;
  }

  /**
   * Stores, and passes the outcome to `done`: NONE, or the error code for the client with the message of a
   * {@link StoreError}. Synchronous if the store is.
   */
  settle<R>(
    store: () => Awaitable<unknown>,
    done: (errorCode: number, errorMessage: string | null) => R,
  ): Awaitable<R> {
    return attempt(
      store,
      () => done(ErrorCode.NONE, null),
      (error) => done(this.#codeOf(error), error instanceof StoreError ? error.message : null),
    );
  }

  /** Maps a store failure to a retriable or fatal error code. */
  #codeOf(error: unknown): number {
    if (!(error instanceof StoreError)) {
      this.#kit.warn(`${this.#kit.store.name}: ${String(error)}`);
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    }
    return storeErrorCode(error, 'coordinator');
  }

  /** Stores the group as it is, with its members when it is stable. */
  store(group: Group, assignment: ReadonlyMap<string, Buffer> | null): Awaitable<void> {
    const members = Array.from(group.members, (member) => ({
      id: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
      protocols: member.protocols,
      assignment: assignment?.get(member.id) ?? member.assignment,
    }));
    const { generation, protocolType, protocol, stateSince: since } = group;
    const { leader } = group.members;
    const stored: StoredGroup = { generation, protocolType, protocol, leader, since, members };
    return this.#kit.state.put(GROUP_PREFIX + group.id, encodeGroup(stored));
  }

  /** Stores, where nobody waits for it: a failure is only told. */
  storeQuietly(group: Group): void {
    void this.settle(
      () => this.store(group, null),
      (errorCode) => {
        if (errorCode !== ErrorCode.NONE) this.#kit.warn(`could not store the group '${group.id}'`);
      },
    );
  }

  /** The place of a committed offset; null when there are too many. */
  offsetEntry(group: Group, topicId: string, partition: number): OffsetEntry | null {
    const known = group.offsets.get(topicId, partition);
    if (known !== undefined) return known;
    if (this.#offsets >= this.limits.offsets) {
      this.#kit.warn(`there are ${this.limits.offsets} committed offsets, the most that the limit 'offsets' allows`);
      return null;
    }
    this.#offsets++;
    return group.offsets.getOrAdd(topicId, partition);
  }

  /** Gives back a place that holds nothing. */
  dropEntry(group: Group, entry: OffsetEntry): void {
    if (entry.exists) this.#offsets--;
    group.offsets.delete(entry);
  }

  storeOffset(entry: OffsetEntry, committed: CommittedOffset): Awaitable<void> {
    return this.#kit.state.put(entry.key, encodeOffset(committed));
  }

  /** Forgets committed offsets, each once the store has forgotten it. */
  deleteOffsets(group: Group, entries: readonly OffsetEntry[]): Awaitable<unknown> {
    return all(entries.map((entry) => this.#deleteOffset(group, entry)));
  }

  #deleteOffset(group: Group, entry: OffsetEntry): Awaitable<unknown> {
    const number = entry.begin();
    return attempt(
      () => this.#kit.state.put(entry.key, null),
      (): Awaitable<unknown> => {
        entry.endDeleted(number);
        if (entry.isVacant) this.dropEntry(group, entry);
        return undefined;
      },
      (error) => {
        entry.end(number, null);
        return rejected(error);
      },
    );
  }

  /** Forgets an empty group and its offsets, once the store has; one that is used again meanwhile stays. */
  delete(group: Group): Awaitable<unknown> {
    const offsets = this.deleteOffsets(group, group.offsets.all());
    const itself = attempt(
      () => this.#kit.state.put(GROUP_PREFIX + group.id, null),
      (): Awaitable<unknown> => undefined,
      rejected,
    );
    return andThen(all([offsets, itself]), () => {
      if (group.state !== 'Empty' || group.offsets.size > 0) return;
      group.bury(ErrorCode.COORDINATOR_NOT_AVAILABLE);
      this.#groups.delete(group.id);
    });
  }

  /** Forgets all groups; requests that wait for one are answered with this code. */
  close(errorCode: number): void {
    for (const group of this.#groups.values()) {
      group.bury(errorCode);
      // A commit that is still being stored finds no place, and gives none back.
      for (const entry of group.offsets.all()) this.dropEntry(group, entry);
    }
    this.#groups.clear();
  }

  /** Takes in what is stored; `restore` gives a group its members back. */
  load(restore: (group: Group, stored: StoredGroup) => void): void {
    const { state, topics } = this.#kit;
    for (const [groupId, bytes] of state.load(GROUP_PREFIX)) {
      const stored = decodeGroup(bytes);
      if (stored === null) this.#kit.warn(`the stored group '${groupId}' cannot be read, and is left alone`);
      else restore(this.#create(groupId), stored);
    }
    for (const [key, bytes] of state.load(OFFSET_PREFIX)) {
      const [topicId = '', index = ''] = key.split('/', 2);
      const groupId = key.slice(topicId.length + index.length + 2);
      const committed = decodeOffset(bytes);
      if (committed === null) {
        this.#kit.warn(`a stored offset of the group '${groupId}' cannot be read, and is left alone`);
        continue;
      }
      if (topics.byId(topicId) === undefined) {
        void this.settle(
          () => state.put(OFFSET_PREFIX + key, null),
          () => undefined,
        );
        continue;
      }
      const group = this.#groups.get(groupId) ?? this.#create(groupId);
      group.offsets.getOrAdd(topicId, Number(index)).committed = committed;
      this.#offsets++;
    }
  }
}
