import type { ClientPool } from '../sdk/client-pool.js';
import { readError } from '../sdk/failures.js';
import { DEFAULT_STATE_TOPIC, StateTopic } from './state-topic.js';
import { TopicReader } from './topic-reader.js';

/**
 * Parsed name of a topic of the state: `<prefix>.shard-<shard>.<generation>` or `<prefix>.<number>`. Release 0.1 created only
 * topics with numbers, and allowed prefixes that end in a number: `<prefix>.0.1` may be the state of another gateway.
 */
export interface StateTopicName {
  readonly name: string;
  /** Null for `<prefix>.<number>`: the layout, or state of release 0.1. */
  readonly shard: number | null;
  /** The generation or number, from 1. */
  readonly number: number;
}

/** The topics of one state in a stream. */
export class StateTopics {
  readonly #pool: ClientPool;
  readonly #stream: string;
  readonly #prefix: string;

  constructor(pool: ClientPool, stream: string, prefix: string) {
    this.#pool = pool;
    this.#stream = stream;
    this.#prefix = prefix;
  }

  /** Whether a topic belongs to the state of this or another gateway. */
  isOwnTopic(name: string): boolean {
    return name === this.#prefix || name.startsWith(`${this.#prefix}.`) || name.startsWith(DEFAULT_STATE_TOPIC);
  }

  /** Returns the existing topics, lowest numbers first. @throws StoreError */
  async list(): Promise<StateTopicName[]> {
    const topics = await this.#pool
      .query((client) => client.topic.list({ streamId: this.#stream }))
      .catch((error: unknown) => {
        throw readError(error, 'the topics of the state cannot be listed');
      });
    return topics
      .map(({ name }) => this.#parse(name))
      .filter((parsed) => parsed !== null)
      .sort((a, b) => a.number - b.number);
  }

  /** Returns the topic name of a shard and generation, or of a number alone. The topic need not exist. */
  nameOf(shard: number | null, number: number): string {
    return [this.#prefix, ...(shard === null ? [] : [`shard-${String(shard)}`]), number].join('.');
  }

  topic(name: string): StateTopic {
    return new StateTopic(this.#pool, this.#stream, name);
  }

  reader(name: string): TopicReader {
    return new TopicReader(this.#pool, this.#stream, name);
  }

  #parse(name: string): StateTopicName | null {
    if (!name.startsWith(`${this.#prefix}.`)) return null;
    const [, shard, number] = /^(?:shard-(0|[1-9]\d*)\.)?([1-9]\d*)$/.exec(name.slice(this.#prefix.length + 1)) ?? [];
    if (number === undefined) return null;
    return { name, shard: shard === undefined ? null : Number(shard), number: Number(number) };
  }
}
