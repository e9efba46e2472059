import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreError } from '../../broker/index.js';
import type { IggyMessage, IggyMessageInit } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { DURABLE } from '../sdk/durability.js';
import { IggyCommandError, storeError } from '../sdk/failures.js';
import { confirmedOffset } from '../sdk/features.js';
import { judge, OvertakenError } from './overtaken.js';
import { idOf } from '../records/message-ids.js';
import { encodeEntry, readEntry, type StateEntry } from './state-entry.js';
import { epochOf } from './state-replay.js';
import { TopicReader } from './topic-reader.js';

/** Prefix of the names of the internal topics, unless the option `stateTopic` names another. */
export const DEFAULT_STATE_TOPIC = '__kafka_gateway_state';

/** Time for which a send is retried, and pause between retries, in ms. */
const GIVE_UP_MS = 10_000;
const PAUSE_MS = 100;

/** Settings of a topic whose entries never expire and survive a crash once confirmed. */
const FOREVER = { messageExpiry: 2n ** 64n - 1n, maxTopicSize: 2n ** 64n - 1n, ...DURABLE } as const;

/** One topic of the state. One gateway at a time writes to it. */
export class StateTopic {
  readonly name: string;
  /** Size of the entries in bytes. */
  bytes = 0;
  readonly #pool: ClientPool;
  readonly #streamId: string;
  readonly #reader: TopicReader;
  /** Upper half of the message ids, which identifies the writer. */
  readonly #writer: bigint = BigInt(`0x${randomBytes(8).toString('hex')}`);
  /** Offset of the next entry if no other gateway writes. */
  #next = 0;
  #isCut = false;
  #hasConfirmed = false;

  constructor(pool: ClientPool, streamId: string, name: string) {
    this.#pool = pool;
    this.#streamId = streamId;
    this.#reader = new TopicReader(pool, streamId, name);
    this.name = name;
  }

  /** Offset after the last entry that was read or written here. */
  get next(): number {
    return this.#next;
  }

  /** Whether confirmed entries are lost: the topic was purged, or the server has lost its tail. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Whether the server has confirmed the offset of any send. */
  get hasConfirmed(): boolean {
    return this.#hasConfirmed;
  }

  /** Creates the topic. Returns false if a topic with this name exists. @throws StoreError */
  async create(): Promise<boolean> {
    const { name } = this;
    const init = { streamId: this.#streamId, name, partitionCount: 1, compressionAlgorithm: 1, ...FOREVER } as const;
    try {
      await this.#pool.query((client) => client.topic.create(init));
      return true;
    } catch (error) {
      const failure = storeError(error, `topic '${name}' cannot be made`);
      if (failure.code === 'EXISTS') return false;
      throw failure;
    }
  }

  /** Deletes the topic. If that fails, the next opening of the shard deletes it. */
  async drop(): Promise<void> {
    await this.#pool.run((client) => client.topic.delete({ ...this.#ref, partitionsCount: 1 })).catch(() => undefined);
  }

  /** Visits all entries. Returns false if the topic no longer exists. @throws StoreError */
  async replay(visit: (entry: StateEntry) => void): Promise<boolean> {
    const end = await this.#reader.end();
    if (end === null) return false;
    await this.#reader.read(0, end, ({ payload }) => {
      this.bytes += payload.length;
      visit(this.#reader.decode(payload));
    });
    this.#next = end;
    return true;
  }

  /**
   * Writes the entry that this gateway has opened the shard. Later entries of the previous owner are void.
   *
   * @returns The entries of other gateways between the replay and this entry. If the topic was cut in the meantime, all
   * remaining entries.
   */
  async open(entry: StateEntry): Promise<StateEntry[]> {
    const from = this.#next;
    const id = this.#idOf(entry);
    const offset = await this.send([entry]);
    const between: StateEntry[] = [];
    let first = offset;
    if (offset < from) this.#isCut = true;
    // If a retry stored the entry twice, the first one counts. Later entries of the previous owner were rejected.
    await this.#reader.read(offset < from ? 0 : from, offset, ({ headers, payload }) => {
      if (first < offset) return;
      if (idOf(headers.id) === id) first = Number(headers.offset);
      else between.push(this.#reader.decode(payload));
    });
    // Entries after the first one are checked with the next append.
    this.#next = first + 1;
    return between;
  }

  /**
   * Sends entries until they are confirmed. A duplicate entry has no effect. If the topic is cut, earlier confirmed entries
   * may be lost, and the caller rewrites them.
   *
   * @throws OvertakenError if another gateway opened the shard before the entries.
   * @throws StoreError, IggyCommandError if the entries may not be stored.
   */
  async append(entries: readonly StateEntry[]): Promise<void> {
    const offset = await this.send(entries);
    if (offset < this.#next) this.#isCut = true;
    // There are entries between the last append and this one, or the entries before this one are unknown.
    const from = offset < this.#next ? 0 : this.#next;
    if (offset > from) await this.#checkOwner(from, offset, epochOf(entries[0]!.sequence));
    this.#next = offset + entries.length;
  }

  /**
   * Checks whether another gateway has opened the shard since. Entries with an earlier epoch are from previous owners.
   *
   * @throws OvertakenError
   */
  async #checkOwner(from: number, to: number, epoch: number): Promise<void> {
    const others: Buffer[] = [];
    await this.#reader.read(from, to, (message) => {
      if (!this.#isOwn(message)) others.push(message.payload);
    });
    const claims = new Set(others.map((payload) => judge(payload, epoch)));
    if (claims.has('overtakes') || (claims.has('rivals') && !(await this.#isFirst(to, epoch)))) {
      throw new OvertakenError(this.name);
    }
  }

  /** Whether the first entry of an epoch is this gateway's. */
  async #isFirst(to: number, epoch: number): Promise<boolean> {
    const isOwn: boolean[] = [];
    await this.#reader.read(0, to, (message) => {
      const entry = readEntry(message.payload);
      if (entry !== null && epochOf(entry.sequence) === epoch) isOwn.push(this.#isOwn(message));
    });
    return isOwn[0] === true;
  }

  #idOf({ sequence }: StateEntry): bigint {
    return (this.#writer << 64n) + BigInt(sequence);
  }

  #isOwn({ headers }: IggyMessage): boolean {
    return idOf(headers.id) >> 64n === this.#writer;
  }

  /**
   * Sends entries until they are confirmed.
   *
   * @returns The offset of the first entry.
   * @throws StoreError, IggyCommandError if the entries may not be stored.
   */
  async send(entries: readonly StateEntry[]): Promise<number> {
    const firstId = this.#idOf(entries[0]!);
    const messages = entries.map((entry): IggyMessageInit => ({ id: this.#idOf(entry), payload: encodeEntry(entry) }));
    for (const { payload } of messages) this.bytes += payload.length;
    const send = { ...this.#ref, messages, partition: { kind: 2, value: 0 } } as const;
    const deadline = performance.now() + GIVE_UP_MS;
    for (;;) {
      try {
        const offset = confirmedOffset(await this.#pool.run((client) => client.message.send(send)));
        if (offset === undefined) return await this.#find(firstId);
        this.#hasConfirmed = true;
        return offset;
      } catch (error) {
        const code = error instanceof IggyCommandError ? error.code : null;
        if (code === null || code === 'REFUSED' || this.#pool.isClosed || performance.now() > deadline) throw error;
        await delay(PAUSE_MS);
      }
    }
  }

  /** Finds a message whose send was confirmed without an offset, such as one that the server recognised as a duplicate. */
  async #find(id: bigint): Promise<number> {
    const end = await this.#reader.end();
    if (end === null) throw new StoreError('NOT_FOUND', `Iggy: topic '${this.name}' is not there any more`);
    let found = -1;
    const look = ({ headers }: IggyMessage): void => {
      if (idOf(headers.id) === id) found = Number(headers.offset);
    };
    await this.#reader.read(Math.min(this.#next, end), end, look);
    // If the topic was cut, the message may be at a lower offset.
    if (found < 0) await this.#reader.read(0, Math.min(this.#next, end), look);
    if (found >= 0) return found;
    throw new IggyCommandError('GARBLED', 'the server has not confirmed the offset, and the message is not there');
  }

  get #ref(): { streamId: string; topicId: string } {
    return { streamId: this.#streamId, topicId: this.name };
  }
}
