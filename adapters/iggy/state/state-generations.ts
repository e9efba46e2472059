import type { ClientPool } from '../sdk/client-pool.js';
import { readError } from '../sdk/failures.js';
import { DEFAULT_STATE_TOPIC, StateTopic } from './state-topic.js';

/** The topics of a state log, whose names are a prefix and a number, the generation. The highest one is written to. */
export class StateGenerations {
  readonly #pool: ClientPool;
  readonly #stream: string;
  readonly #prefix: string;
  /** The highest generation that there was. */
  last = 0;

  constructor(pool: ClientPool, stream: string, prefix: string) {
    this.#pool = pool;
    this.#stream = stream;
    this.#prefix = prefix;
  }

  /** Whether a topic is part of the state of this gateway, or of another one, and none of a user's. */
  isOwnTopic(name: string): boolean {
    return name === this.#prefix || name.startsWith(`${this.#prefix}.`) || name.startsWith(DEFAULT_STATE_TOPIC);
  }

  /** The generations there are, the oldest first. @throws StoreError */
  async list(): Promise<number[]> {
    const topics = await this.#pool
      .query((client) => client.topic.list({ streamId: this.#stream }))
      .catch((error: unknown) => {
        throw readError(error, 'the topics of the state cannot be listed');
      });
    const start = `${this.#prefix}.`;
    return topics
      .filter(({ name }) => name.startsWith(start) && /^[1-9]\d*$/.test(name.slice(start.length)))
      .map(({ name }) => Number(name.slice(start.length)))
      .sort((a, b) => a - b);
  }

  /** The topic of a generation, whether it is there or not. */
  topic(generation: number): StateTopic {
    return this.named(`${this.#prefix}.${String(generation)}`);
  }

  named(name: string): StateTopic {
    return new StateTopic(this.#pool, this.#stream, name);
  }

  /** Creates the topic of the next generation. Skips generations whose topic exists: one that was begun is not continued. */
  async create(): Promise<StateTopic> {
    let topic: StateTopic;
    do topic = this.topic(++this.last);
    while (!(await topic.create()));
    return topic;
  }
}
