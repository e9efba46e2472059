import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreError } from '../../broker/index.js';
import { CONSUMER, type IggyMessage, type IggyMessageInit, type IggyPolled, PollingStrategy } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { DURABLE } from '../sdk/durability.js';
import { CommandFailure, readError, storeError } from '../sdk/failures.js';
import { confirmedOffset } from '../sdk/features.js';
import { isOvertaking, Overtaken, readEntry } from './overtaken.js';
import { PollSize } from '../sdk/poll-size.js';
import { idOf } from '../records/message-ids.js';
import { decodeEntry, encodeEntry, type StateEntry } from './state-entry.js';
import { epochOf } from './state-replay.js';

/** Prefix of the names of the internal topics, unless the option `stateTopic` names another. */
export const DEFAULT_STATE_TOPIC = '__kafka_gateway_state';

/** How often one entry alone is polled. */
const MOST_TRIES = 3;

/** How long a send is repeated, in ms, and how long we wait between. */
const GIVE_UP_MS = 10_000;
const PAUSE_MS = 100;

/** Nothing of it goes by itself, and nothing that was confirmed goes with a crash. */
const FOREVER = { messageExpiry: 2n ** 64n - 1n, maxTopicSize: 2n ** 64n - 1n, ...DURABLE } as const;

/** One topic of the state log, which one gateway at a time writes to. */
export class StateTopic {
  readonly name: string;
  /** Bytes of its entries. */
  bytes = 0;
  readonly #pool: ClientPool;
  readonly #streamId: string;
  /** The half of the ids of messages that says who wrote them. */
  readonly #writer: bigint = BigInt(`0x${randomBytes(8).toString('hex')}`);
  /** Where the next entry goes, as long as nobody else writes. */
  #next = 0;
  #isCut = false;
  #hasConfirmed = false;

  constructor(pool: ClientPool, streamId: string, name: string) {
    this.#pool = pool;
    this.#streamId = streamId;
    this.name = name;
  }

  /** Offset after the last entry that was read or written here. */
  get next(): number {
    return this.#next;
  }

  /** Whether entries that were confirmed are gone: the topic was purged, or the server has lost its tail. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Whether the server has said of any send where it went. */
  get hasConfirmed(): boolean {
    return this.#hasConfirmed;
  }

  /** Makes it; false when there is one of this name already. @throws StoreError */
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

  /** Left behind, it is dropped when the log is opened next. */
  async drop(): Promise<void> {
    await this.#pool.run((client) => client.topic.delete({ ...this.#ref, partitionsCount: 1 })).catch(() => undefined);
  }

  /** Gives all entries there are; false when the topic is not there any more. @throws StoreError */
  async replay(visit: (entry: StateEntry) => void): Promise<boolean> {
    const topic = await this.#pool
      .query((client) => client.topic.get(this.#ref))
      .catch((error: unknown) => {
        throw readError(error, `topic '${this.name}' cannot be read`);
      });
    const partition = topic?.partitions[0];
    if (partition === undefined) return false;
    if (partition.messagesCount === 0n) return true;
    const end = Number(partition.currentOffset) + 1;
    await this.#read(0, end, ({ payload }) => {
      this.bytes += payload.length;
      visit(this.#decode(payload));
    });
    this.#next = end;
    return true;
  }

  /**
   * Says that this gateway has opened the log: the one before it keeps nothing any more.
   *
   * @returns The entries that came between the replay and this one.
   */
  async open(entry: StateEntry): Promise<StateEntry[]> {
    const from = this.#next;
    const offset = await this.#send([entry]);
    const between: StateEntry[] = [];
    await this.#read(from, offset, ({ payload }) => between.push(this.#decode(payload)));
    if (offset < from) this.#isCut = true;
    this.#next = offset + 1;
    return between;
  }

  /**
   * Reads on, up to an offset, what others have written; an entry that this release cannot read is left out.
   *
   * @throws StoreError
   */
  async follow(to: number, visit: (entry: StateEntry) => void): Promise<void> {
    await this.#read(this.#next, to, ({ headers, payload }) => {
      this.#next = Number(headers.offset) + 1;
      const entry = readEntry(payload);
      if (entry !== null) visit(entry);
    });
  }

  /**
   * Sends entries until they are confirmed: one that is there twice says the same. Where the topic is cut, what was
   * confirmed before may be gone, and the caller writes it anew.
   *
   * @throws Overtaken when another gateway has opened the log before.
   * @throws StoreError, CommandFailure when they may not be there.
   */
  async append(entries: readonly StateEntry[]): Promise<void> {
    const offset = await this.#send(entries);
    if (offset < this.#next) this.#isCut = true;
    // Something is between what was appended last and this; or it is unknown what is before it.
    const from = offset < this.#next ? 0 : this.#next;
    if (offset > from) await this.#checkOwner(from, offset, epochOf(entries[0]!.sequence));
    this.#next = offset + entries.length;
  }

  /**
   * Looks for entries of another gateway that has opened the log since: those of an earlier epoch had the log before.
   *
   * @throws Overtaken
   */
  async #checkOwner(from: number, to: number, epoch: number): Promise<void> {
    const others: Buffer[] = [];
    await this.#read(from, to, ({ headers, payload }) => {
      if (idOf(headers.id) >> 64n !== this.#writer) others.push(payload);
    });
    if (others.some((payload) => isOvertaking(payload, epoch))) throw new Overtaken(this.name);
  }

  async #send(entries: readonly StateEntry[]): Promise<number> {
    const writer = this.#writer << 64n;
    const firstId = writer + BigInt(entries[0]!.sequence);
    const messages = entries.map((entry): IggyMessageInit => ({
      id: writer + BigInt(entry.sequence),
      payload: encodeEntry(entry),
    }));
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
        const kind = error instanceof CommandFailure ? error.kind : null;
        if (kind === null || kind === 'refused' || this.#pool.isClosed || performance.now() > deadline) throw error;
        await delay(PAUSE_MS);
      }
    }
  }

  /** Looks for a message whose send was answered without its offset, such as one that the server knows already. */
  async #find(id: bigint): Promise<number> {
    const end = await this.#end();
    let found = -1;
    await this.#read(Math.min(this.#next, end), end, ({ headers }) => {
      if (idOf(headers.id) === id) found = Number(headers.offset);
    });
    // Where the topic was cut, it may stand before that.
    if (found < 0) {
      await this.#read(0, Math.min(this.#next, end), ({ headers }) => {
        if (idOf(headers.id) === id) found = Number(headers.offset);
      });
    }
    if (found >= 0) return found;
    throw new CommandFailure('garbled', 'the server has not confirmed the offset, and the message is not there');
  }

  /** Offset after the last entry. */
  async #end(): Promise<number> {
    const topic = await this.#pool
      .query((client) => client.topic.get(this.#ref))
      .catch((error: unknown) => {
        throw readError(error, `topic '${this.name}' cannot be read`);
      });
    const partition = topic?.partitions[0];
    if (partition === undefined) throw new StoreError('NOT_FOUND', `Iggy: topic '${this.name}' is not there any more`);
    return partition.messagesCount === 0n ? 0 : Number(partition.currentOffset) + 1;
  }

  async #read(from: number, to: number, visit: (message: IggyMessage) => void): Promise<void> {
    const size = new PollSize();
    let tries = 1;
    for (let next = from; next < to;) {
      const count = Math.min(size.count(Infinity), to - next);
      let polled: IggyPolled;
      try {
        polled = await this.#poll(next, count);
      } catch (error) {
        const { kind } = error as CommandFailure;
        if ((kind !== 'broken' && kind !== 'garbled') || (count === 1 && tries++ === MOST_TRIES)) {
          throw readError(error, `topic '${this.name}' cannot be read`);
        }
        size.failed(count);
        continue;
      }
      const { messages } = polled;
      const last = messages.at(-1);
      if (last === undefined) {
        const what = `topic '${this.name}' ends at ${String(next)}, and not at ${String(to)}`;
        throw new StoreError('UNAVAILABLE', `Iggy: ${what}`);
      }
      for (const message of messages) visit(message);
      size.polled(messages);
      next = Number(last.headers.offset) + 1;
    }
  }

  #poll(from: number, count: number): Promise<IggyPolled> {
    const pollingStrategy = PollingStrategy.offset(BigInt(from));
    const poll = {
      ...this.#ref,
      consumer: CONSUMER,
      partitionId: 0,
      pollingStrategy,
      count,
      autocommit: false,
    } as const;
    return this.#pool.run((client) => client.message.poll(poll));
  }

  #decode(payload: Buffer): StateEntry {
    try {
      return decodeEntry(payload);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreError('INVALID', `Iggy: topic '${this.name}' has ${why}`, { cause: error });
    }
  }

  get #ref(): { streamId: string; topicId: string } {
    return { streamId: this.#streamId, topicId: this.name };
  }
}
