import { randomInt } from 'node:crypto';
import { ErrorCode } from '../../../src/contract/index.js';
import type { FetchRequest, FetchRequestFetchPartition } from '../../../src/protocol/index.js';
import type { Clock } from '../clock.js';
import type { Partition } from '../topic-registry.js';

/** One partition that a client wants to read, and what it was last told of it. */
export class FetchTarget {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  fetchOffset: number;
  maxBytes: number;
  leaderEpoch: number;
  /** The partition, once it was found. */
  partition: Partition | null = null;
  highWatermark = -1;
  logStartOffset = -1;

  constructor(topic: string, topicId: string, wanted: FetchRequestFetchPartition) {
    this.topic = topic;
    this.topicId = topicId;
    this.index = wanted.partition;
    this.fetchOffset = Number(wanted.fetchOffset);
    this.maxBytes = wanted.partitionMaxBytes;
    this.leaderEpoch = epochOf(wanted);
  }

  update(wanted: FetchRequestFetchPartition): void {
    this.fetchOffset = Number(wanted.fetchOffset);
    this.maxBytes = wanted.partitionMaxBytes;
    this.leaderEpoch = epochOf(wanted);
  }
}

/** -1 for none: Fetch, unlike other APIs, takes any negative epoch for none. */
function epochOf({ currentLeaderEpoch }: FetchRequestFetchPartition): number {
  return Math.max(-1, currentLeaderEpoch);
}

/** What a client reads again and again, so that it needs not repeat it (KIP-227). */
export interface FetchSession {
  readonly id: number;
  /** The epoch that the next fetch must have. */
  epoch: number;
  readonly usesTopicIds: boolean;
  /** By topic and partition; the next to be read first. */
  readonly targets: Map<string, FetchTarget>;
  readonly createdAt: number;
  usedAt: number;
}

/** What one request reads. */
export interface FetchScope {
  readonly targets: readonly FetchTarget[];
  readonly session: FetchSession | null;
  /** Whether only what is new is answered. */
  readonly incremental: boolean;
  /** Why the session cannot go on. */
  readonly errorCode: number;
}

/** The first fetch of a session. */
const INITIAL_EPOCH = 0;
/** The last one, or one without a session. */
const FINAL_EPOCH = -1;
const MAX_EPOCH = 0x7fff_ffff;
const MAX_ID = 0x7fff_ffff;

/** A session that was not used for so long makes room for a new one; so does a smaller one of that age. */
const EVICTION_MS = 120_000;

/** Versions from this one on name topics by id (KIP-516). */
const TOPIC_IDS_SINCE = 13;

/** The sessions there are, the one used longest ago first. */
export class FetchSessions {
  readonly #clock: Clock;
  readonly #slots: () => number;
  readonly #sessions = new Map<number, FetchSession>();

  /** @param slots - How many there may be. */
  constructor(clock: Clock, slots: () => number) {
    this.#clock = clock;
    this.#slots = slots;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** What a request reads: what it names, or what its session knows. */
  scope(request: FetchRequest, version: number): FetchScope {
    const { sessionId, sessionEpoch } = request;
    const byId = version >= TOPIC_IDS_SINCE;
    if (sessionEpoch !== INITIAL_EPOCH && sessionEpoch !== FINAL_EPOCH) return this.#goOn(request, byId);
    if (sessionId !== 0) this.#sessions.delete(sessionId);
    const targets: FetchTarget[] = [];
    for (const { topic, topicId, partitions } of request.topics) {
      for (const wanted of partitions) targets.push(new FetchTarget(topic, topicId, wanted));
    }
    const session = sessionEpoch === INITIAL_EPOCH ? this.#create(targets, byId) : null;
    return { targets, session, incremental: false, errorCode: 0 };
  }

  #goOn(request: FetchRequest, byId: boolean): FetchScope {
    const session = this.#sessions.get(request.sessionId);
    if (session === undefined) return broken(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    if (session.epoch !== request.sessionEpoch) return broken(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
    if (session.usesTopicIds !== byId) return broken(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    const { targets } = session;
    for (const { topic, topicId, partitions } of request.topics) {
      for (const wanted of partitions) {
        const key = keyOf(byId ? topicId : topic, wanted.partition);
        const known = targets.get(key);
        if (known === undefined) targets.set(key, new FetchTarget(topic, topicId, wanted));
        else known.update(wanted);
      }
    }
    for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
      for (const partition of partitions) targets.delete(keyOf(byId ? topicId : topic, partition));
    }
    this.#sessions.delete(session.id);
    if (targets.size === 0) return { targets: [], session: null, incremental: false, errorCode: 0 };
    this.#sessions.set(session.id, session);
    session.usedAt = this.#clock.monotonic();
    session.epoch = session.epoch === MAX_EPOCH ? 1 : session.epoch + 1;
    return { targets: [...targets.values()], session, incremental: true, errorCode: 0 };
  }

  /** A new session, if there is room for one. */
  #create(targets: readonly FetchTarget[], usesTopicIds: boolean): FetchSession | null {
    const now = this.#clock.monotonic();
    if (!this.#makeRoom(targets.length, now)) return null;
    let id: number;
    do id = randomInt(1, MAX_ID);
    while (this.#sessions.has(id));
    const entries = targets.map((target) => [
      keyOf(usesTopicIds ? target.topicId : target.topic, target.index),
      target,
    ]);
    const session: FetchSession = {
      id,
      epoch: 1,
      usesTopicIds,
      targets: new Map(entries as [string, FetchTarget][]),
      createdAt: now,
      usedAt: now,
    };
    this.#sessions.set(id, session);
    return session;
  }

  #makeRoom(size: number, now: number): boolean {
    const slots = this.#slots();
    if (this.#sessions.size < slots) return true;
    if (slots <= 0) return false;
    let smallest: FetchSession | undefined;
    for (const session of this.#sessions.values()) {
      if (now - session.usedAt > EVICTION_MS) {
        this.#sessions.delete(session.id);
        return true;
      }
      if (now - session.createdAt <= EVICTION_MS) continue;
      if (smallest === undefined || session.targets.size < smallest.targets.size) smallest = session;
    }
    if (smallest === undefined || smallest.targets.size >= size) return false;
    this.#sessions.delete(smallest.id);
    return true;
  }
}

/** The target was answered with records: the others of its session go first next time. */
export function moveToEnd({ targets, usesTopicIds }: FetchSession, target: FetchTarget): void {
  const key = keyOf(usesTopicIds ? target.topicId : target.topic, target.index);
  if (targets.delete(key)) targets.set(key, target);
}

function keyOf(topic: string, partition: number): string {
  return `${topic}:${String(partition)}`;
}

function broken(errorCode: number): FetchScope {
  return { targets: [], session: null, incremental: false, errorCode };
}
