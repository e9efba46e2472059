import { StoreError } from '../../broker/index.js';
import { CONSUMER, type IggyPollingStrategy, type IggyTopic, PollingStrategy } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { CommandKey } from '../sdk/command-key.js';
import { IggyCommandError, readError } from '../sdk/failures.js';
import type { PartitionState } from './partition-state.js';
import type { IggyTopics } from './topics.js';

/** Where the logs of partitions begin and end, as the server says; one question for all partitions of a topic. */
export class PartitionEnds {
  readonly #pool: ClientPool;
  readonly #topics: IggyTopics;
  readonly #stream: string;
  /** Partitions that someone has asked for, by topic id. */
  readonly #states = new Map<string, Map<number, PartitionState>>();
  /** What questions for a topic share their fate by, by topic id. */
  readonly #keys = new Map<string, CommandKey>();
  readonly #asking = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();

  constructor(pool: ClientPool, topics: IggyTopics, stream: string) {
    this.#pool = pool;
    this.#topics = topics;
    this.#stream = stream;
  }

  /** From now on, what is learned of the topic is told to this partition as well. */
  add(state: PartitionState): void {
    const { topicId, partition } = state.id;
    const states = this.#states.get(topicId);
    if (states === undefined) this.#states.set(topicId, new Map([[partition, state]]));
    else states.set(partition, state);
  }

  /** Only these topics are left. */
  retain(topicIds: ReadonlySet<string>): void {
    for (const id of this.#states.keys()) if (!topicIds.has(id)) this.#states.delete(id);
    for (const id of this.#keys.keys()) if (!topicIds.has(id)) this.#keys.delete(id);
  }

  clear(): void {
    this.#states.clear();
    this.#keys.clear();
  }

  /**
   * Asks the server where the partitions of a topic end.
   *
   * @returns Whether one of them has grown from elsewhere.
   * @throws StoreError `NOT_FOUND`, `UNAVAILABLE`.
   */
  refresh(topicId: string): Promise<boolean> {
    const asking = this.#asking.get(topicId);
    if (asking !== undefined) return asking.answer;
    const at = performance.now();
    const answer = this.#ask(topicId, at).finally(() => this.#asking.delete(topicId));
    this.#asking.set(topicId, { at, answer });
    return answer;
  }

  /** Makes sure that a question that was asked from now on has been answered for this partition. */
  async refreshOne(state: PartitionState): Promise<void> {
    const since = performance.now();
    const asking = this.#asking.get(state.id.topicId);
    if (asking !== undefined && asking.at < since) await asking.answer.catch(() => undefined);
    await this.refresh(state.id.topicId);
  }

  /** Makes sure that both ends are known. */
  async load(state: PartitionState): Promise<void> {
    if (state.end < 0) await this.refreshOne(state);
    if (state.end < 0) throw missing(state);
    if (state.start < 0) await this.findStart(state);
  }

  /** Asks the server where the log begins: Iggy drops old segments by itself. */
  async findStart(state: PartitionState): Promise<void> {
    if (state.end === 0) {
      state.start = 0;
      return;
    }
    const first = await this.firstOffset(state, PollingStrategy.first);
    if (first === 'unreadable') {
      await this.refreshOne(state);
      state.start = state.countedStart;
      return;
    }
    // With nothing left, the log begins where it ends; but an answer may be empty as well because a read failed.
    if (first === null && state.count > 0) {
      throw this.failed(new IggyCommandError('BROKEN', 'the server gives no message'), state);
    }
    state.start = first ?? state.end;
  }

  /**
   * Offset of the first message that a poll would give: null when it gives none, `unreadable` when the SDK cannot read it.
   *
   * @throws StoreError
   */
  async firstOffset(
    state: PartitionState,
    pollingStrategy: IggyPollingStrategy,
  ): Promise<number | 'unreadable' | null> {
    const partitionId = state.id.partition;
    const which = { ...this.ref(state), partitionId, pollingStrategy };
    const poll = { ...which, consumer: CONSUMER, count: 1, autocommit: false } as const;
    try {
      const { messages } = await this.#pool.query((client) => client.message.poll(poll), state.reads);
      const first = messages[0];
      return first === undefined ? null : Number(first.headers.offset);
    } catch (error) {
      if (error instanceof IggyCommandError && error.code === 'GARBLED') return 'unreadable';
      throw this.failed(error, state);
    }
  }

  /** How the server is told of the topic: by names, for a number may be another one's the moment after. */
  ref({ id }: PartitionState): { streamId: string; topicId: string } {
    return { streamId: this.#stream, topicId: this.#topics.nameOf(id.topicId) };
  }

  /** What failed for a partition; a topic that is not there any more is looked for. */
  failed(error: unknown, { name }: PartitionState): StoreError {
    const failure = readError(error, `${name} cannot be read`);
    if (failure.code === 'NOT_FOUND') this.#topics.suspect();
    return failure;
  }

  async #ask(topicId: string, askedAt: number): Promise<boolean> {
    const ref = { streamId: this.#stream, topicId: this.#topics.nameOf(topicId) };
    const key = this.#keys.get(topicId) ?? new CommandKey(`topic '${ref.topicId}'`);
    this.#keys.set(topicId, key);
    let topic: IggyTopic | null;
    try {
      topic = await this.#pool.query((client) => client.topic.get(ref), key);
    } catch (error) {
      throw readError(error, `topic ${topicId} cannot be read`);
    }
    if (topic === null) {
      this.#topics.suspect();
      throw new StoreError('NOT_FOUND', `Iggy: topic ${topicId} is not there any more`);
    }
    const now = performance.now();
    let grown = false;
    const states = this.#states.get(topicId);
    for (const { id, currentOffset, messagesCount, sizeBytes } of topic.partitions) {
      const state = states?.get(id);
      if (state === undefined) continue;
      state.bytes = Number(sizeBytes);
      state.count = Number(messagesCount);
      const end = currentOffset === 0n && messagesCount === 0n ? 0 : Number(currentOffset) + 1;
      state.countedStart = end - state.count;
      if (!state.learnEnd(end, askedAt, now)) continue;
      grown = true;
      state.wake();
    }
    return grown;
  }
}

function missing({ name }: PartitionState): StoreError {
  return new StoreError('NOT_FOUND', `Iggy: there is no partition ${name}`);
}
