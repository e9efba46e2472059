import { StoreError } from '../../broker/index.js';
import { EntryKind, type StateEntry } from './state-entry.js';
import type { StateTopicName, StateTopics } from './state-topics.js';

// The state is in a topic for each shard and generation, `<prefix>.shard-<shard>.<generation>`. How many shards there are is in
// the first entry of a topic `<prefix>.<number>`. Release 0.1 kept its state in topics with such names: it lists them, finds
// an entry of a version that it does not know, and refuses to start.

/** Format of the layout, and the first release that reads it. Format 1 is that of release 0.1, which has no layout entry. */
const FORMAT = { version: 2, release: '0.2.0' } as const;

/** How often it is tried to write the layout while others do, or topics vanish. */
const MAX_ROUNDS = 10;

/** What the first entry of a topic `<prefix>.<number>` shows. */
interface Survey {
  /** Topics with a layout, which is that of the first one. */
  readonly layouts: ReadonlyMap<string, Layout>;
  /** Topics with state of release 0.1. */
  readonly earlier: readonly string[];
  /** Topics that were made, and not written to yet. */
  readonly empty: readonly string[];
  /** The highest number there is; 0 for none. */
  readonly last: number;
  /** Topics of shards. */
  readonly shards: readonly StateTopicName[];
}

interface Layout {
  /** Version of the format. */
  readonly version: number;
  /** The first release that reads it. */
  readonly release: string;
  readonly shardCount: number;
}

/** How the state is divided into topics. It is written once, before anything else, and holds for as long as the state does. */
export class StateLayout {
  readonly #topics: StateTopics;
  readonly #stream: string;
  readonly #shardCount: number;

  constructor(topics: StateTopics, stream: string, shardCount: number) {
    this.#topics = topics;
    this.#stream = stream;
    this.#shardCount = shardCount;
  }

  /**
   * Reads the layout; none is there at the first start.
   *
   * @returns Names of the topics that hold it.
   * @throws StoreError `INVALID` for one that is not ours, or state that this number of shards cannot take over.
   */
  async read(): Promise<ReadonlySet<string>> {
    return new Set((await this.#survey()).layouts.keys());
  }

  /**
   * The same, and writes the layout where there is none. Of two gateways that do so at once, the one whose entry is stored
   * first decides: it is the first entry of the one topic that both write to, since a topic is created only once.
   */
  async establish(): Promise<ReadonlySet<string>> {
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const { layouts, empty, last } = await this.#survey();
      if (layouts.size > 0) return new Set(layouts.keys());
      const topic = this.#topics.topic(empty[0] ?? this.#topics.nameOf(null, last + 1));
      if (empty.length === 0 && !(await topic.create())) continue;
      const value = Buffer.from(JSON.stringify({ ...FORMAT, shardCount: this.#shardCount } satisfies Layout));
      await topic.send([{ kind: EntryKind.LAYOUT, sequence: 0, key: '', value }]);
    }
    throw new StoreError(
      'UNAVAILABLE',
      'Iggy: the layout of the state cannot be written: others write it all the time',
    );
  }

  async #survey(): Promise<Survey> {
    const layouts = new Map<string, Layout>();
    const earlier: string[] = [];
    const empty: string[] = [];
    let last = 0;
    const shards: StateTopicName[] = [];
    for (const topic of await this.#topics.list()) {
      const { name, shard, number } = topic;
      if (shard !== null) {
        shards.push(topic);
        continue;
      }
      last = number;
      const first = await this.#topics.reader(name).first();
      if (first === null) empty.push(name);
      else if (first.kind === EntryKind.LAYOUT) layouts.set(name, layoutOf(first));
      else earlier.push(name);
    }
    const survey: Survey = { layouts, earlier, empty, last, shards };
    this.#check(survey);
    return survey;
  }

  #check({ layouts, earlier, shards }: Survey): void {
    const wanted = String(this.#shardCount);
    for (const [name, { version, release, shardCount }] of layouts) {
      const where = `topic '${name}' of stream '${this.#stream}'`;
      if (version > FORMAT.version) {
        const expected = `expected format ${String(FORMAT.version)}; use release ${release} or later`;
        throw new StoreError('INVALID', `Iggy: the state in ${where} has format ${String(version)}; ${expected}`);
      }
      if (shardCount === this.#shardCount) return;
      const expected = `expected ${String(shardCount)}, with which ${where} was created`;
      throw new StoreError('INVALID', `Iggy: number of shards: "${wanted}"; ${expected}`);
    }
    const [name] = earlier;
    const beyond = shards.find(({ shard }) => shard !== null && shard >= this.#shardCount);
    if (beyond !== undefined) {
      const expected = `expected at least ${String(Number(beyond.shard) + 1)} for topic '${beyond.name}'`;
      throw new StoreError('INVALID', `Iggy: number of shards: "${wanted}"; ${expected} of stream '${this.#stream}'`);
    }
    if (name === undefined || this.#shardCount === 1) return;
    const expected = `expected 1 for the state of release 0.1 in topic '${name}' of stream '${this.#stream}'`;
    throw new StoreError('INVALID', `Iggy: number of shards: "${wanted}"; ${expected}: open it once with one shard`);
  }
}

function layoutOf({ value }: StateEntry): Layout {
  return JSON.parse(Buffer.from(value).toString()) as Layout;
}
