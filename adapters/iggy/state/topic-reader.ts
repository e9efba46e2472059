import { StoreError } from '../../broker/index.js';
import { CONSUMER, type IggyMessage, type IggyPolled, PollingStrategy } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { type IggyCommandError, readError } from '../sdk/failures.js';
import { PollSize } from '../sdk/poll-size.js';
import { decodeEntry, type StateEntry } from './state-entry.js';

/** Maximum number of polls of a single entry. */
const MAX_TRIES = 3;

/** Reads one topic of the state. */
export class TopicReader {
  readonly name: string;
  readonly #pool: ClientPool;
  readonly #streamId: string;

  constructor(pool: ClientPool, streamId: string, name: string) {
    this.#pool = pool;
    this.#streamId = streamId;
    this.name = name;
  }

  /** Returns the offset after the last entry; null if the topic no longer exists. @throws StoreError */
  async end(): Promise<number | null> {
    const ref = { streamId: this.#streamId, topicId: this.name };
    const topic = await this.#pool
      .query((client) => client.topic.get(ref))
      .catch((error: unknown) => {
        throw readError(error, `topic '${this.name}' cannot be read`);
      });
    const partition = topic?.partitions[0];
    if (partition === undefined) return null;
    return partition.messagesCount === 0n ? 0 : Number(partition.currentOffset) + 1;
  }

  /** Returns the first entry; null if the topic is empty or no longer exists. @throws StoreError */
  async first(): Promise<StateEntry | null> {
    let first: StateEntry | null = null;
    try {
      if (((await this.end()) ?? 0) > 0) await this.read(0, 1, ({ payload }) => (first ??= this.decode(payload)));
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'NOT_FOUND') throw error;
    }
    return first;
  }

  /** Visits the messages from offset `from` to offset `to`, exclusive. @throws StoreError */
  async read(from: number, to: number, visit: (message: IggyMessage) => void): Promise<void> {
    const size = new PollSize();
    let tries = 1;
    for (let next = from; next < to;) {
      const count = Math.min(size.count(Infinity), to - next);
      let polled: IggyPolled;
      try {
        polled = await this.#poll(next, count);
      } catch (error) {
        const { code } = error as IggyCommandError;
        if ((code !== 'BROKEN' && code !== 'GARBLED') || (count === 1 && tries++ === MAX_TRIES)) {
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

  /** Decodes an entry. @throws StoreError `INVALID` if this release cannot read it. */
  decode(payload: Buffer): StateEntry {
    try {
      return decodeEntry(payload);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreError('INVALID', `Iggy: topic '${this.name}' has ${why}`, { cause: error });
    }
  }

  #poll(from: number, count: number): Promise<IggyPolled> {
    const poll = {
      streamId: this.#streamId,
      topicId: this.name,
      consumer: CONSUMER,
      partitionId: 0,
      pollingStrategy: PollingStrategy.offset(BigInt(from)),
      count,
      autocommit: false,
    } as const;
    return this.#pool.run((client) => client.message.poll(poll));
  }
}
