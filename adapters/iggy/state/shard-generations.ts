import type { StateEntry } from './state-entry.js';
import type { StateTopic } from './state-topic.js';
import type { StateTopicName, StateTopics } from './state-topics.js';

/** Where release 0.1 kept the node ids of gateways, which the kit keeps now, and where that does. */
const EARLIER_NODE = 'iggy/node/';
const NODE = 'cluster/node/';

/**
 * The topics of a shard, one for each generation; the highest one is written to. State of release 0.1 is in topics
 * `<prefix>.<number>`, which count as generations before those of shard 0.
 */
export class ShardGenerations {
  readonly #topics: StateTopics;
  readonly #shard: number;
  /** The highest generation that there was. */
  last = 0;
  /** Topics with the layout, which have no state. */
  layouts: ReadonlySet<string> = new Set();

  constructor(topics: StateTopics, shard: number) {
    this.#topics = topics;
    this.#shard = shard;
  }

  /** Returns the topics there are, the oldest first. @throws StoreError */
  async list(): Promise<StateTopicName[]> {
    const listed = await this.#topics.list();
    const earlier =
      this.#shard === 0 ? listed.filter(({ shard, name }) => shard === null && !this.layouts.has(name)) : [];
    return [...earlier, ...listed.filter(({ shard }) => shard === this.#shard)];
  }

  topic({ name }: Pick<StateTopicName, 'name'>): StateTopic {
    return this.#topics.topic(name);
  }

  /** Creates the topic of the next generation. Skips generations whose topic exists: one that was begun is not continued. */
  async create(): Promise<StateTopic> {
    let topic: StateTopic;
    do topic = this.#topics.topic(this.#topics.nameOf(this.#shard, ++this.last));
    while (!(await topic.create()));
    return topic;
  }
}

/** An entry as this release has it, of a topic that release 0.1 may have written. */
export function currentEntry({ shard }: StateTopicName, entry: StateEntry): StateEntry {
  if (shard !== null || !entry.key.startsWith(EARLIER_NODE)) return entry;
  return { ...entry, key: NODE + entry.key.slice(EARLIER_NODE.length) };
}
