import { setTimeout as delay } from 'node:timers/promises';
import { type BrokerNode, type StateChange, StoreError } from '../../broker/index.js';
import type { IggyTopic } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { readError, storeError } from '../sdk/failures.js';
import { EntryKind, type StateEntry } from './state-entry.js';
import { epochOf, StateReplay } from './state-replay.js';
import { encodeOwner, StateFollower } from './state-follower.js';
import { DEFAULT_STATE_TOPIC, Overtaken, StateTopic } from './state-topic.js';
import { TakeBackBackoff } from './take-back-backoff.js';

/** Keys that are the adapter's, and none of the kit's. */
const OWN = 'iggy/';

/** Entries that one send carries at most, and their bytes. */
const MOST_ENTRIES = 1000;
const MOST_BYTES = 4 * 1024 * 1024;

/** The log is written anew when it has this many bytes, and so many times more than what is left of it. */
const LEAST_REWRITE_BYTES = 16 * 1024 * 1024;
const REWRITE_FACTOR = 4;

/** A gateway that has the log shows so many times in a session timeout that it is alive. */
const HEARTBEATS_PER_SESSION = 3;

/** How often the log is read again while others open it, or write it anew, and what is waited at most before it, in ms each. */
const MOST_ROUNDS = 10;
const PAUSE_MS = 20;

const NOTHING: Uint8Array = new Uint8Array(0);

interface Queued {
  readonly kind: EntryKind;
  readonly key: string;
  readonly value: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

function unconfirmed(): StoreError {
  const why = 'the server does not confirm the offsets of messages, so that producers cannot be told them';
  return new StoreError('invalid', `Iggy: ${why}: version 0.9 or later of Iggy's server is needed`);
}

/** A topic that was there when the log was opened, and what it says. */
interface Opened {
  readonly topic: StateTopic;
  readonly replay: StateReplay;
}

/** Where the state is. */
export interface StateLogOptions {
  readonly pool: ClientPool;
  /** Name of the stream. */
  readonly stream: string;
  /** Name of the topics, with a number behind it. */
  readonly prefix: string;
  /** Milliseconds without an entry of another gateway after which the log is taken back from it. */
  readonly sessionTimeoutMs: number;
  /** How often `look` is called, in ms. */
  readonly refreshMs: number;
  readonly warn: (message: string) => void;
  /** Called when another gateway has the log, when its address becomes known, and when the log was taken back. */
  readonly changed: (change: StateChange) => void;
}

/**
 * Keys and values in a topic of Iggy: what was put last under a key is its value. Puts that wait are sent together, and
 * a topic that has grown is written anew into another one, whose name has a higher number.
 *
 * Of several gateways the one that opened the log last has it: the others learn it at their next put, which is refused, or
 * when they `look`. Then they follow the log, and take it back once that gateway has closed it, or has fallen silent.
 */
export class StateLog {
  readonly #options: StateLogOptions;
  /** The topic that is written to; null while the log is not open. */
  #topic: StateTopic | null = null;
  /** The highest number of a topic that there was. */
  #generation = 0;
  #sequence = 0;
  readonly #values = new Map<string, Uint8Array>();
  /** Bytes of the values and keys. */
  #liveBytes = 0;
  /** Bytes that the topic may grow by before it is written anew, after that has failed. */
  #patience = 0;
  /** Why nothing can be kept any more. */
  #lost: StoreError | null = null;
  readonly #queue: Queued[] = [];
  #flushing: Promise<void> | null = null;
  /** What is written to show that this gateway is alive. */
  #identity = NOTHING;
  #heartbeatTimer: NodeJS.Timeout | null = null;
  /** A heartbeat that is on its way, and the one that is to follow it. */
  #heartbeat: Promise<void> | null = null;
  #nextHeartbeat: Promise<void> | null = null;
  /** Reads on while another gateway has the log. */
  #follower: StateFollower | null = null;
  #following: Promise<void> | null = null;
  #isClosing = false;
  /** Why the log could not be read when it was to be taken back; empty while it could. */
  #unreadable = '';
  readonly #backoff: TakeBackBackoff;

  constructor(options: StateLogOptions) {
    this.#options = options;
    this.#backoff = new TakeBackBackoff(options.sessionTimeoutMs);
  }

  /** Why nothing can be kept: another gateway has the log, or it is gone. Null while this gateway has it. */
  get lost(): StoreError | null {
    return this.#lost;
  }

  /** The gateway that has the log, as far as it is known. */
  get owner(): BrokerNode | null {
    return this.#follower?.owner ?? null;
  }

  /** Whether a topic is part of the state of this gateway, or of another one, and none of a user's. */
  isOwnTopic(name: string): boolean {
    const { prefix } = this.#options;
    return name === prefix || name.startsWith(`${prefix}.`) || name.startsWith(DEFAULT_STATE_TOPIC);
  }

  /**
   * Replays what was put before, and has the log from now on.
   *
   * @throws StoreError when the server does not say where a message was stored, or something in the log is not readable.
   */
  async open(): Promise<void> {
    // Of a life before this one, which did not wait for it.
    await this.#flushing;
    this.#isClosing = false;
    for (let round = 1; ; round++) {
      let why = 'others open it, or write it anew, all the time';
      try {
        if (await this.#begin()) {
          this.#begun();
          return;
        }
      } catch (error) {
        const failure = storeError(error, 'state cannot be kept');
        // One has opened the log after us, or has dropped a topic that it has written anew.
        if (!(failure instanceof Overtaken) && failure.kind !== 'notFound') throw failure;
        why = failure.message;
      }
      if (round >= MOST_ROUNDS) throw new StoreError('unavailable', `Iggy: the state cannot be opened: ${why}`);
      // So that two that disturb each other do not go on in step.
      await delay(Math.random() * PAUSE_MS * round);
    }
  }

  /** Waits for what was put, and says that this gateway has ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopHeartbeats();
    await this.#following;
    await this.#flushing;
    // Without it, others wait until this gateway has been silent for long enough.
    await this.#put(EntryKind.CLOSED, '', NOTHING).catch(() => undefined);
    this.#stopHeartbeats();
    this.#follower = null;
    this.#topic = null;
    this.#lost = null;
  }

  /** The log is this gateway's. */
  #begun(): void {
    this.#lost = null;
    this.#follower = null;
    this.#patience = 0;
    this.#unreadable = '';
    this.#stopHeartbeats();
    this.#heartbeatTimer = setInterval(() => {
      if (this.#heartbeat === null) void this.check().catch(() => undefined);
    }, this.#options.sessionTimeoutMs / HEARTBEATS_PER_SESSION);
    this.#heartbeatTimer.unref();
  }

  #stopHeartbeats(): void {
    if (this.#heartbeatTimer !== null) clearInterval(this.#heartbeatTimer);
    this.#heartbeatTimer = null;
  }

  /** Sets what this gateway advertises, and writes it into the log for those that it has overtaken. */
  present(node: BrokerNode): Promise<void> {
    this.#identity = encodeOwner(node);
    return this.check();
  }

  /**
   * Writes a heartbeat: resolves once it is certain that the log was this gateway's at a moment after the call. Concurrent
   * calls share one.
   *
   * @throws StoreError when another gateway has it, or that cannot be told.
   */
  check(): Promise<void> {
    if (this.#heartbeat === null) return this.#beat();
    // The one on its way may have been written before whatever the caller has seen.
    const next = (): Promise<void> => {
      this.#nextHeartbeat = null;
      return this.#beat();
    };
    this.#nextHeartbeat ??= this.#heartbeat.then(next, next);
    return this.#nextHeartbeat;
  }

  #beat(): Promise<void> {
    const heartbeat = this.#put(EntryKind.HEARTBEAT, '', this.#identity).finally(() => {
      this.#heartbeat = null;
    });
    this.#heartbeat = heartbeat;
    return heartbeat;
  }

  /**
   * Looks at the topics of the stream, which are listed anyway. Nothing is asked as long as this gateway alone writes to
   * the log.
   */
  look(topics: readonly IggyTopic[]): void {
    if (this.#follower !== null) {
      this.#following ??= this.#follow(this.#follower, topics).finally(() => {
        this.#following = null;
      });
      return;
    }
    // While something is on its way, that finds out what there is.
    if (this.#topic === null || this.#flushing !== null) return;
    const { name, next } = this.#topic;
    const topic = topics.find((each) => each.name === name);
    if (topic === undefined || topic.messagesCount > next) void this.check().catch(() => undefined);
  }

  async #follow(follower: StateFollower, topics: readonly IggyTopic[]): Promise<void> {
    const { changed, warn, stream } = this.#options;
    try {
      const { owner } = follower;
      const isDue = await follower.look(topics, performance.now());
      if (this.#isClosing) return;
      if (follower.owner !== owner) changed({ kind: 'lost', owner: follower.owner });
      if (!isDue) return;
      await this.open();
      this.#backoff.takenBack(performance.now());
      const why = follower.isClosed ? 'has closed it' : 'was silent';
      warn(`Iggy: this gateway has the state of stream '${stream}' again: the gateway that had it ${why}`);
      changed({ kind: 'regained' });
    } catch (error) {
      // The server is away, or others open the log: it is tried again at the next look.
      this.#warnOnceIfUnreadable(error);
    }
  }

  /** A later release has written it, as a rule, and nothing but such a release can go on with it. */
  #warnOnceIfUnreadable(error: unknown): void {
    const { kind, message } = storeError(error, 'state cannot be read');
    if (kind !== 'invalid' || message === this.#unreadable) return;
    this.#unreadable = message;
    const { stream, warn } = this.#options;
    warn(`Iggy: the state of stream '${stream}' cannot be taken back: ${message}`);
  }

  /** False when there is more than was read, or what was read is not there any more: then it is to be done again. */
  async #begin(): Promise<boolean> {
    const generations = await this.#generations();
    const opened: Opened[] = generations.map((number) => ({ topic: this.#topicOf(number), replay: new StateReplay() }));
    for (const { topic, replay } of opened) if (!(await topic.replay((entry) => replay.add(entry)))) return false;
    let state = this.#take(opened);
    // From now on nobody else puts anything into them, so that they can be dropped.
    for (const { topic, replay } of opened) {
      for (;;) {
        const own = this.#entry(EntryKind.OPENED);
        const between = await topic.open(own);
        if (between.length === 0) break;
        for (const entry of [...between, own]) replay.add(entry);
        state = this.#take(opened);
        // Another one may have opened it with the same right: then the later one says it again.
        if (between.some(({ sequence }) => epochOf(sequence) >= epochOf(own.sequence))) continue;
        this.#sequence = own.sequence;
        break;
      }
    }
    this.#generation = generations.at(-1) ?? 0;
    const [only, ...more] = opened;
    const isWhole = only !== undefined && more.length === 0 && state.complete > 0 && !only.topic.isCut;
    // The first start, or writing it anew was broken off: entries that count may be in each of them.
    const topic = isWhole ? only.topic : await this.#copy();
    // Where another gateway has written the log anew meanwhile, it goes on there.
    const known = new Set([...generations, this.#generation]);
    if (!(await this.#generations()).every((number) => known.has(number))) {
      if (!isWhole) await topic.drop();
      return false;
    }
    // An old server confirms no offset. One that knows a message already may leave it out as well, but not of a new one.
    if (!topic.hasConfirmed) await topic.append([this.#entry(EntryKind.OPENED)]);
    if (!topic.hasConfirmed) throw unconfirmed();
    for (const before of opened) if (before.topic !== topic) await before.topic.drop();
    this.#topic = topic;
    return true;
  }

  /** What the kit has put. */
  *load(): Generator<readonly [key: string, value: Uint8Array]> {
    for (const entry of this.#values) if (!entry[0].startsWith(OWN)) yield entry;
  }

  /** What the adapter has put under keys with this prefix, without it. */
  *own(prefix: string): Generator<readonly [key: string, value: Uint8Array]> {
    const whole = OWN + prefix;
    for (const [key, value] of this.#values) if (key.startsWith(whole)) yield [key.slice(whole.length), value];
  }

  /** Keeps a value, or forgets it with null; settles once the server has confirmed it. */
  put(key: string, value: Uint8Array | null): Promise<void> {
    return value === null ? this.#put(EntryKind.FORGET, key, NOTHING) : this.#put(EntryKind.PUT, key, value);
  }

  #put(kind: EntryKind, key: string, value: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ kind, key, value, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  putOwn(key: string, value: Uint8Array | null): Promise<void> {
    return this.put(OWN + key, value);
  }

  async #flush(): Promise<void> {
    // What is put in the same turn goes with it.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#next();
      try {
        await this.#append(batch);
        for (const { kind, key, value } of batch) this.#apply(kind, key, value);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const failure = this.#failure(error);
        for (const { reject } of batch) reject(failure);
        continue;
      }
      if (this.#topic !== null) await this.#rewriteIfDue(this.#topic);
    }
    // In the turn in which the queue was empty: what is put from now on begins anew.
    this.#flushing = null;
  }

  #next(): Queued[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && count < MOST_ENTRIES && (count === 0 || bytes < MOST_BYTES)) {
      bytes += this.#queue[count++]!.value.length;
    }
    return this.#queue.splice(0, count);
  }

  #entry(kind: EntryKind, key = '', value = NOTHING): StateEntry {
    return { kind, key, value, sequence: ++this.#sequence };
  }

  async #append(batch: readonly Queued[]): Promise<void> {
    if (this.#lost !== null) throw this.#lost;
    const topic = this.#topic;
    if (topic === null) throw new StoreError('unavailable', 'Iggy: the store is not open');
    if (!topic.isCut) await topic.append(batch.map(({ kind, key, value }) => this.#entry(kind, key, value)));
    // What was confirmed before is not there any more: nothing is, before all of it is written anew.
    if (topic.isCut) await this.#replaceCut(topic, batch);
  }

  /** Writes all that is known, and a batch, into the next topic in place of one that has lost entries. */
  async #replaceCut(before: StateTopic, batch: readonly Queued[]): Promise<void> {
    const { stream, warn } = this.#options;
    const generations = await this.#generations();
    if (generations.some((number) => number > this.#generation)) throw new Overtaken(before.name);
    const topic = await this.#copy(batch);
    try {
      await before.append([this.#entry(EntryKind.OPENED)]);
    } catch (error) {
      await topic.drop();
      throw error;
    }
    warn(
      `Iggy: topic '${before.name}' of stream '${stream}' had lost entries: the state was written anew into '${topic.name}'`,
    );
    this.#topic = topic;
    await before.drop();
  }

  /** What a put failed with; from some failures on, all fail, and the operator is told why. */
  #failure(error: unknown): StoreError {
    if (this.#lost !== null) return this.#lost;
    const failure = storeError(error, 'state cannot be kept');
    if (!(failure instanceof Overtaken) && failure.kind !== 'notFound') return failure;
    const { stream, prefix, warn } = this.#options;
    if (this.#isClosing) return failure;
    const topic = this.#topic?.name ?? prefix;
    const why =
      failure instanceof Overtaken
        ? `another gateway has opened stream '${stream}' with stateTopic '${prefix}', which has groups and committed offsets from now on`
        : `topic '${topic}' of stream '${stream}', which holds groups and committed offsets, is not there any more: it was removed, or another gateway has taken over`;
    const then = 'this gateway refuses what depends on them until it has them again';
    warn(`Iggy: ${why}; ${then}`);
    this.#lost = new StoreError('unavailable', `Iggy: ${why}`, { cause: error });
    this.#stopHeartbeats();
    this.#startFollowing();
    return this.#lost;
  }

  #startFollowing(): void {
    const { prefix, sessionTimeoutMs, refreshMs, changed } = this.#options;
    const topic = this.#topic;
    const lostAt = performance.now();
    const waits = this.#backoff.lost(lostAt);
    const open = (name: string): StateTopic => this.#topicNamed(name);
    const epoch = epochOf(this.#sequence);
    const options = { ...waits, prefix, sessionTimeoutMs, refreshMs, epoch, topic, open, lostAt };
    this.#follower = new StateFollower(options);
    changed({ kind: 'lost', owner: null });
  }

  /** What the topics say together, the oldest first. */
  #take(opened: readonly Opened[]): StateReplay {
    const state = new StateReplay();
    for (const { replay } of opened) state.followedBy(replay);
    this.#values.clear();
    this.#liveBytes = 0;
    this.#sequence = state.nextEpoch;
    for (const [key, value] of state.values()) this.#apply(EntryKind.PUT, key, value);
    return state;
  }

  #apply(kind: EntryKind, key: string, value: Uint8Array): void {
    const before = this.#values.get(key);
    if (before !== undefined) this.#liveBytes -= key.length + before.length;
    if (kind === EntryKind.PUT) {
      this.#values.set(key, value);
      this.#liveBytes += key.length + value.length;
    } else if (kind === EntryKind.FORGET) {
      this.#values.delete(key);
    }
  }

  /** The numbers of the topics there are, the oldest first. */
  async #generations(): Promise<number[]> {
    const { pool, stream: streamId, prefix } = this.#options;
    const topics = await pool
      .query((client) => client.topic.list({ streamId }))
      .catch((error: unknown) => {
        throw readError(error, 'the topics of the state cannot be listed');
      });
    const start = `${prefix}.`;
    return topics
      .filter(({ name }) => name.startsWith(start) && /^[1-9]\d*$/.test(name.slice(start.length)))
      .map(({ name }) => Number(name.slice(start.length)))
      .sort((a, b) => a - b);
  }

  /**
   * Makes the next topic, with all that is known and a batch that is put. One that was begun before is never gone on with.
   */
  async #copy(batch: readonly Queued[] = []): Promise<StateTopic> {
    const values = new Map(this.#values);
    for (const { kind, key, value } of batch) {
      if (kind === EntryKind.PUT) values.set(key, value);
      else if (kind === EntryKind.FORGET) values.delete(key);
    }
    let topic: StateTopic;
    do topic = this.#topicOf(++this.#generation);
    while (!(await topic.create()));
    let entries: StateEntry[] = [];
    let bytes = 0;
    for (const [key, value] of values) {
      entries.push(this.#entry(EntryKind.PUT, key, value));
      bytes += value.length;
      if (bytes < MOST_BYTES && entries.length < MOST_ENTRIES) continue;
      await topic.append(entries);
      entries = [];
      bytes = 0;
    }
    entries.push(this.#entry(EntryKind.COMPLETE), this.#entry(EntryKind.HEARTBEAT, '', this.#identity));
    await topic.append(entries);
    return topic;
  }

  async #rewriteIfDue(before: StateTopic): Promise<void> {
    const most = Math.max(LEAST_REWRITE_BYTES, REWRITE_FACTOR * this.#liveBytes);
    if (before.bytes < most + this.#patience) return;
    try {
      const topic = await this.#copy();
      // It counts once nobody has opened the one before meanwhile: whoever opens it from now on, finds both.
      await before.append([this.#entry(EntryKind.OPENED)]);
      this.#topic = topic;
      this.#patience = 0;
      await before.drop();
    } catch (error) {
      if (error instanceof Overtaken) this.#failure(error);
      // What is there stays in use, and what was begun is dropped when the log is opened next.
      else this.#patience = before.bytes;
    }
  }

  #topicOf(generation: number): StateTopic {
    return this.#topicNamed(`${this.#options.prefix}.${String(generation)}`);
  }

  #topicNamed(name: string): StateTopic {
    const { pool, stream } = this.#options;
    return new StateTopic(pool, stream, name);
  }
}
