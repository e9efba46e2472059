import { setTimeout as delay } from 'node:timers/promises';
import { StoreError } from '../broker/log-store.js';
import { type IggyClient, type IggyMessageInit, PollingStrategy } from './client.js';
import type { ClientPool } from './client-pool.js';
import { type CommandFailure, storeError } from './failures.js';
import { decodeEntry, encodeEntry, EntryKind, type StateEntry } from './state-entry.js';
import { DURABLE } from './topic-configs.js';

/** Keys that are the adapter's, and none of the kit's. */
const OWN = 'iggy/';

/** Entries that one send carries at most, and their bytes. */
const MOST_ENTRIES = 1000;
const MOST_BYTES = 4 * 1024 * 1024;

/** Entries that one poll asks for: at the longest, one is as long as a send. */
const REPLAY_COUNT = 200;
/** Sums of a poll stay below what an answer may have. */
const REPLAY_BYTES = 16 * 1024 * 1024;

/** The log is written anew when it has this many bytes, and so many times more than what is left of it. */
const LEAST_REWRITE_BYTES = 16 * 1024 * 1024;
const REWRITE_FACTOR = 4;

/** How long a send is repeated, in ms, and how long we wait between. */
const GIVE_UP_MS = 10_000;
const PAUSE_MS = 100;

/** Consumer that polls are made as; nothing is stored for it. */
const CONSUMER = { kind: 1, id: 1 } as const;

interface Queued {
  readonly kind: EntryKind;
  readonly key: string;
  readonly value: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * Keys and values in a topic of Iggy: what was put last under a key is its value. Puts that wait are sent together, and
 * a topic that has grown is written anew into another one, whose name has the next number.
 */
export class StateLog {
  readonly #pool: ClientPool;
  readonly #prefix: string;
  #streamId = -1;
  /** The topic that is written to. */
  #topic = '';
  #generation = 0;
  #sequence = 0;
  readonly #values = new Map<string, Uint8Array>();
  /** Bytes of the values and keys. */
  #liveBytes = 0;
  /** Bytes in the topic. */
  #logBytes = 0;
  readonly #queue: Queued[] = [];
  #flushing: Promise<void> | null = null;

  constructor(pool: ClientPool, prefix: string) {
    this.#pool = pool;
    this.#prefix = prefix;
  }

  /** Whether a topic is part of the state, and none of a user's. */
  isOwnTopic(name: string): boolean {
    return name === this.#prefix || name.startsWith(`${this.#prefix}.`);
  }

  /**
   * Replays what was put before.
   *
   * @throws StoreError when the server does not say where a message was stored, or something in the log is not readable.
   */
  async open(streamId: number): Promise<void> {
    this.#streamId = streamId;
    this.#values.clear();
    this.#liveBytes = 0;
    this.#sequence = 0;
    const generations = await this.#generations();
    let found = false;
    for (const generation of generations) {
      found = await this.#replay(generation);
      if (found) break;
    }
    if (!found) await this.#begin((generations[0] ?? 0) + 1);
    for (const generation of generations) {
      if (generation !== this.#generation) await this.#drop(generation);
    }
    await this.#opened();
  }

  /** Waits for what was put. */
  async close(): Promise<void> {
    await this.#flushing;
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
    return new Promise((resolve, reject) => {
      const kind = value === null ? EntryKind.FORGET : EntryKind.PUT;
      this.#queue.push({ kind, key, value: value ?? new Uint8Array(0), resolve, reject });
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
        await this.#append(batch.map(({ kind, key, value }) => this.#entry(kind, key, value)));
        for (const { kind, key, value } of batch) this.#apply(kind, key, value);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const failure = storeError(error, 'state cannot be kept');
        for (const { reject } of batch) reject(failure);
        continue;
      }
      await this.#rewriteIfDue();
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

  #entry(kind: EntryKind, key: string, value: Uint8Array): StateEntry {
    return { kind, key, value, sequence: ++this.#sequence };
  }

  /** Sends until it is confirmed: an entry that is there twice says the same. */
  async #append(entries: readonly StateEntry[], topic = this.#topic): Promise<void> {
    const messages = entries.map((entry): IggyMessageInit => ({ payload: encodeEntry(entry) }));
    for (const { payload } of messages) this.#logBytes += payload.length;
    const deadline = performance.now() + GIVE_UP_MS;
    for (;;) {
      try {
        await this.#send(messages, topic);
        return;
      } catch (error) {
        if (error instanceof StoreError) throw error;
        const { kind } = error as CommandFailure;
        if (kind === 'refused' || performance.now() > deadline) throw error;
        await delay(PAUSE_MS);
      }
    }
  }

  async #send(messages: IggyMessageInit[], topicId: string): Promise<void> {
    const send = { streamId: this.#streamId, topicId, messages, partition: { kind: 2, value: 0 } } as const;
    const { confirmations } = await this.#pool.run((client) => client.message.send(send));
    if (confirmations.length > 0) return;
    const why = 'the server does not confirm the offsets of messages, so that producers cannot be told them';
    throw new StoreError('invalid', `Iggy: ${why}: version 0.9 or later of Iggy's server is needed`);
  }

  #apply(kind: EntryKind, key: string, value: Uint8Array): void {
    const before = this.#values.get(key);
    if (before !== undefined) this.#liveBytes -= key.length + before.length;
    if (kind === EntryKind.PUT) {
      this.#values.set(key, value);
      this.#liveBytes += key.length + value.length;
    } else {
      this.#values.delete(key);
    }
  }

  /** The numbers of the topics there are, the newest first. */
  async #generations(): Promise<number[]> {
    const streamId = this.#streamId;
    const topics = await this.#query('the topics of the state', (client) => client.topic.list({ streamId }));
    const start = `${this.#prefix}.`;
    return topics
      .filter(({ name }) => name.startsWith(start) && /^[1-9]\d*$/.test(name.slice(start.length)))
      .map(({ name }) => Number(name.slice(start.length)))
      .sort((a, b) => b - a);
  }

  /** Reads a topic from its beginning; false when its writer did not come to the end of what it had to copy. */
  async #replay(generation: number): Promise<boolean> {
    const topic = this.#name(generation);
    const ref = { streamId: this.#streamId, topicId: topic };
    const info = await this.#query(`topic '${topic}'`, (client) => client.topic.get(ref));
    const partition = info?.partitions[0];
    this.#values.clear();
    this.#liveBytes = 0;
    this.#logBytes = 0;
    if (partition === undefined || partition.messagesCount === 0n) return false;
    const end = partition.currentOffset;
    const sequences = new Map<string, number>();
    let complete = false;
    let count = REPLAY_COUNT;
    for (let next = 0n; next <= end;) {
      const pollingStrategy = PollingStrategy.offset(next);
      const poll = { ...ref, consumer: CONSUMER, partitionId: 0, pollingStrategy, count, autocommit: false } as const;
      const { messages } = await this.#query(`topic '${topic}'`, (client) => client.message.poll(poll));
      const last = messages.at(-1);
      if (last === undefined) {
        throw new StoreError(
          'unavailable',
          `Iggy: topic '${topic}' ends at ${String(next)}, and not after ${String(end)}`,
        );
      }
      let longest = 1;
      for (const { payload } of messages) {
        const entry = this.#decode(payload, topic);
        this.#logBytes += payload.length;
        longest = Math.max(longest, payload.length);
        this.#sequence = Math.max(this.#sequence, entry.sequence);
        if (entry.kind === EntryKind.COMPLETE) complete = true;
        if (entry.kind !== EntryKind.PUT && entry.kind !== EntryKind.FORGET) continue;
        // A send that was given up may have come late: what was put after it, holds.
        if ((sequences.get(entry.key) ?? 0) > entry.sequence) continue;
        sequences.set(entry.key, entry.sequence);
        this.#apply(entry.kind, entry.key, entry.value);
      }
      next = last.headers.offset + 1n;
      count = Math.max(1, Math.min(2 * count, 5000, Math.floor(REPLAY_BYTES / longest)));
    }
    if (!complete) return false;
    this.#generation = generation;
    this.#topic = topic;
    return true;
  }

  #decode(payload: Buffer, topic: string): StateEntry {
    try {
      return decodeEntry(payload);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreError('invalid', `Iggy: topic '${topic}' has ${why}`, { cause: error });
    }
  }

  /** Makes the next topic, with all that is known. */
  async #begin(generation: number): Promise<void> {
    const topic = this.#name(generation);
    const streamId = this.#streamId;
    // Nothing of it goes by itself, and nothing that was confirmed goes with a crash.
    const forever = { messageExpiry: 2n ** 64n - 1n, maxTopicSize: 2n ** 64n - 1n, ...DURABLE } as const;
    const init = { partitionCount: 1, compressionAlgorithm: 1, ...forever } as const;
    await this.#query(`topic '${topic}'`, async (client) => {
      const found = await client.topic.get({ streamId, topicId: topic });
      return found ?? (await client.topic.create({ streamId, name: topic, ...init }));
    });
    this.#logBytes = 0;
    let entries: StateEntry[] = [];
    let bytes = 0;
    for (const [key, value] of this.#values) {
      entries.push(this.#entry(EntryKind.PUT, key, value));
      bytes += value.length;
      if (bytes < MOST_BYTES && entries.length < MOST_ENTRIES) continue;
      await this.#append(entries, topic);
      entries = [];
      bytes = 0;
    }
    entries.push(this.#entry(EntryKind.COMPLETE, '', new Uint8Array(0)));
    await this.#append(entries, topic);
    this.#generation = generation;
    this.#topic = topic;
  }

  async #rewriteIfDue(): Promise<void> {
    if (this.#logBytes < Math.max(LEAST_REWRITE_BYTES, REWRITE_FACTOR * this.#liveBytes)) return;
    const before = this.#generation;
    try {
      await this.#begin(before + 1);
      await this.#drop(before);
    } catch {
      // What is there stays in use; the next flush tries again once it has grown further.
      this.#logBytes = 0;
    }
  }

  async #drop(generation: number): Promise<void> {
    const ref = { streamId: this.#streamId, topicId: this.#name(generation), partitionsCount: 1 };
    // Left behind, it is dropped when the log is opened next.
    await this.#pool.run((client) => client.topic.delete(ref)).catch(() => undefined);
  }

  /** Says that a gateway has begun, and learns whether the server confirms what it is sent. */
  async #opened(): Promise<void> {
    try {
      await this.#append([this.#entry(EntryKind.OPENED, '', new Uint8Array(0))]);
    } catch (error) {
      throw storeError(error, 'state cannot be kept');
    }
  }

  async #query<T>(what: string, command: (client: IggyClient) => Promise<T>): Promise<T> {
    try {
      return await this.#pool.query(command);
    } catch (error) {
      throw storeError(error, `${what} cannot be read`);
    }
  }

  #name(generation: number): string {
    return `${this.#prefix}.${String(generation)}`;
  }
}
