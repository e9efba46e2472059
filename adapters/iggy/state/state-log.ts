import { setTimeout as delay } from 'node:timers/promises';
import { type BrokerNode, type StateChange, StoreError } from '../../broker/index.js';
import type { IggyTopic } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { storeError } from '../sdk/failures.js';
import { Heartbeats } from './heartbeats.js';
import { EntryKind, NO_VALUE, type StateEntryInit } from './state-entry.js';
import { StateGenerations } from './state-generations.js';
import { openState } from './state-opener.js';
import { EntrySequence, epochOf } from './state-replay.js';
import { MAX_BYTES, MAX_ENTRIES, StateRewriter } from './state-rewriter.js';
import { Overtaken } from './overtaken.js';
import type { StateTopic } from './state-topic.js';
import { StateValues } from './state-values.js';
import { TakeBack } from './take-back.js';

/** Keys that are the adapter's, and none of the kit's. */
const OWN = 'iggy/';

/** How often the log is read again while others open it, or write it anew, and what is waited at most before it, in ms each. */
const MAX_ROUNDS = 10;
const PAUSE_MS = 20;

interface Queued extends StateEntryInit {
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
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
  readonly #generations: StateGenerations;
  readonly #sequence = new EntrySequence();
  readonly #values = new StateValues();
  readonly #heartbeats: Heartbeats;
  readonly #rewriter: StateRewriter;
  readonly #takeBack: TakeBack;
  readonly #queue: Queued[] = [];
  #flushing: Promise<void> | null = null;
  /** The topic that is written to; null while the log is not open. */
  #topic: StateTopic | null = null;
  /** Why nothing can be kept any more. */
  #lost: StoreError | null = null;
  #isClosing = false;

  constructor(options: StateLogOptions) {
    const { pool, stream, prefix, sessionTimeoutMs, refreshMs } = options;
    const generations = new StateGenerations(pool, stream, prefix);
    this.#options = options;
    this.#generations = generations;
    this.#heartbeats = new Heartbeats(sessionTimeoutMs, refreshMs, (identity) =>
      this.#put(EntryKind.HEARTBEAT, '', identity),
    );
    this.#rewriter = new StateRewriter({
      generations,
      sequence: this.#sequence,
      values: this.#values,
      identity: () => this.#heartbeats.identity,
    });
    this.#takeBack = new TakeBack({
      ...options,
      topic: (name) => generations.named(name),
      open: () => this.open(),
      isClosing: () => this.#isClosing,
    });
  }

  /** Why nothing can be kept: another gateway has the log, or it is gone. Null while this gateway has it. */
  get lost(): StoreError | null {
    return this.#lost;
  }

  /** The gateway that has the log, as far as it is known. */
  get owner(): BrokerNode | null {
    return this.#takeBack.owner;
  }

  /** Whether a topic is part of the state of this gateway, or of another one, and none of a user's. */
  isOwnTopic(name: string): boolean {
    return this.#generations.isOwnTopic(name);
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
        if (await this.#begin()) return;
      } catch (error) {
        const failure = storeError(error, 'state cannot be kept');
        // One has opened the log after us, or has dropped a topic that it has written anew.
        if (!(failure instanceof Overtaken) && failure.code !== 'NOT_FOUND') throw failure;
        why = failure.message;
      }
      if (round >= MAX_ROUNDS) throw new StoreError('UNAVAILABLE', `Iggy: the state cannot be opened: ${why}`);
      // So that two that disturb each other do not go on in step.
      await delay(Math.random() * PAUSE_MS * round);
    }
  }

  /** False when it is to be done again. */
  async #begin(): Promise<boolean> {
    const topic = await openState({
      generations: this.#generations,
      sequence: this.#sequence,
      values: this.#values,
      rewriter: this.#rewriter,
    });
    if (topic === null) return false;
    this.#topic = topic;
    this.#lost = null;
    this.#takeBack.opened();
    this.#rewriter.reset();
    this.#heartbeats.start();
    return true;
  }

  /** Waits for what was put, and says that this gateway has ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#heartbeats.stop();
    await this.#takeBack.settle();
    await this.#flushing;
    // Without it, others wait until this gateway has been silent for long enough.
    await this.#put(EntryKind.CLOSED, '', NO_VALUE).catch(() => undefined);
    this.#heartbeats.stop();
    this.#takeBack.stop();
    this.#topic = null;
    this.#lost = null;
  }

  /** Sets what this gateway advertises, and writes it into the log for those that it has overtaken. */
  present(node: BrokerNode): Promise<void> {
    return this.#heartbeats.present(node);
  }

  /**
   * Resolves once it is certain that the log was this gateway's at a moment after the call. Concurrent calls share one
   * heartbeat.
   *
   * @throws StoreError when another gateway has it, or that cannot be told.
   */
  check(): Promise<void> {
    return this.#heartbeats.check();
  }

  /** Another gateway seems to have the log: looks that up, at most once in `refreshMs`. `changed` reports what it finds. */
  suspect(): void {
    this.#heartbeats.suspect();
  }

  /**
   * Looks at the topics of the stream, which are listed anyway. Nothing is asked as long as this gateway alone writes to
   * the log.
   */
  look(topics: readonly IggyTopic[]): void {
    if (this.#takeBack.isFollowing) {
      this.#takeBack.look(topics);
      return;
    }
    // While something is on its way, that finds out what there is.
    if (this.#topic === null || this.#flushing !== null) return;
    const { name, next } = this.#topic;
    const topic = topics.find((each) => each.name === name);
    if (topic === undefined || topic.messagesCount > next) void this.check().catch(() => undefined);
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
    return value === null ? this.#put(EntryKind.FORGET, key, NO_VALUE) : this.#put(EntryKind.PUT, key, value);
  }

  putOwn(key: string, value: Uint8Array | null): Promise<void> {
    return this.put(OWN + key, value);
  }

  #put(kind: EntryKind, key: string, value: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ kind, key, value, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    // What is put in the same turn goes with it.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#next();
      try {
        await this.#append(batch);
        for (const queued of batch) this.#values.apply(queued);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const failure = this.#failure(error);
        for (const { reject } of batch) reject(failure);
        continue;
      }
      if (this.#topic !== null && this.#rewriter.isDue(this.#topic)) await this.#rewrite(this.#topic);
    }
    // In the turn in which the queue was empty: what is put from now on begins anew.
    this.#flushing = null;
  }

  #next(): Queued[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && count < MAX_ENTRIES && (count === 0 || bytes < MAX_BYTES)) {
      bytes += this.#queue[count++]!.value.length;
    }
    return this.#queue.splice(0, count);
  }

  async #append(batch: readonly Queued[]): Promise<void> {
    if (this.#lost !== null) throw this.#lost;
    const topic = this.#topic;
    if (topic === null) throw new StoreError('UNAVAILABLE', 'Iggy: the store is not open');
    if (!topic.isCut) await topic.append(batch.map(({ kind, key, value }) => this.#sequence.entry(kind, key, value)));
    // What was confirmed before is not there any more: nothing is, before all of it is written anew.
    if (topic.isCut) await this.#replaceCut(topic, batch);
  }

  async #replaceCut(before: StateTopic, batch: readonly Queued[]): Promise<void> {
    const { stream, warn } = this.#options;
    const topic = await this.#rewriter.replaceCut(before, batch);
    warn(
      `Iggy: topic '${before.name}' of stream '${stream}' had lost entries: the state was written anew into '${topic.name}'`,
    );
    this.#topic = topic;
    await before.drop();
  }

  async #rewrite(before: StateTopic): Promise<void> {
    try {
      const topic = await this.#rewriter.rewrite(before);
      if (topic === null) return;
      this.#topic = topic;
      await before.drop();
    } catch (error) {
      this.#failure(error);
    }
  }

  /** What a put failed with; from some failures on, all fail, and the operator is told why. */
  #failure(error: unknown): StoreError {
    if (this.#lost !== null) return this.#lost;
    const failure = storeError(error, 'state cannot be kept');
    if (!(failure instanceof Overtaken) && failure.code !== 'NOT_FOUND') return failure;
    const { stream, prefix, warn } = this.#options;
    if (this.#isClosing) return failure;
    const topic = this.#topic?.name ?? prefix;
    const why =
      failure instanceof Overtaken
        ? `another gateway has opened stream '${stream}' with stateTopic '${prefix}', which has groups and committed offsets from now on`
        : `topic '${topic}' of stream '${stream}', which holds groups and committed offsets, is not there any more: it was removed, or another gateway has taken over`;
    const then = 'this gateway refuses what depends on them until it has them again';
    warn(`Iggy: ${why}; ${then}`);
    this.#lost = new StoreError('UNAVAILABLE', `Iggy: ${why}`, { cause: error });
    this.#heartbeats.stop();
    this.#takeBack.follow(this.#topic, epochOf(this.#sequence.last));
    return this.#lost;
  }
}
