import { type ShardEntry, StoreError } from '../../broker/index.js';
import { EntryKind, readEntry } from './state-entry.js';
import { epochOf, newest, TopicSummary } from './state-replay.js';
import type { StateTopicName, StateTopics } from './state-topics.js';
import { OWN } from './state-values.js';
import type { TopicReader } from './topic-reader.js';

/** A position is the generation of a topic times this number, plus an offset in the topic. */
const GENERATION = 2 ** 32;

/** Maximum number of new listings when topics are deleted while they are read. */
const MAX_ROUNDS = 5;

/** A topic that was looked through, and how far. */
interface Looked {
  readonly summary: TopicSummary;
  readonly generation: number;
  readonly reader: TopicReader;
  /** Offset after the last entry. */
  readonly end: number;
}

/** Reads shards that other gateways own. */
export class ForeignShardReader {
  readonly #topics: StateTopics;
  /** Of a shard that has several topics, what was looked through already. Positions do not depend on it. */
  readonly #looked = new Map<number, readonly Looked[]>();

  constructor(topics: StateTopics) {
    this.#topics = topics;
  }

  /**
   * Visits the entries from a position on. If the shard has continued in another topic, or the topic ends before the
   * position, visits a reset and then all entries.
   *
   * @returns The next position; 0 if the shard has no entries.
   * @throws StoreError
   */
  async follow(shard: number, from: number, visit: (entry: ShardEntry) => void): Promise<number> {
    const offset = from % GENERATION;
    const generation = (from - offset) / GENERATION;
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const listed = (await this.#topics.list()).filter((topic) => topic.shard === shard);
      const found = (await this.#goOn(listed, generation, offset)) ?? (await this.#lookThrough(shard, listed));
      // The topic was deleted after the listing.
      if (found === undefined) continue;
      const isSame = found?.generation === generation && found.end >= offset;
      if (!isSame && from > 0) visit({ kind: 'reset' });
      if (found === null) return 0;
      await found.reader.read(isSame ? offset : 0, found.end, ({ payload }) => {
        const entry = shardEntry(payload);
        if (entry !== null) visit(entry);
      });
      return found.generation * GENERATION + found.end;
    }
    throw new StoreError('UNAVAILABLE', `Iggy: shard ${String(shard)} of the state is written anew all the time`);
  }

  /** The topic of the position, where there is no other one; null where it is not that simple. */
  async #goOn(listed: readonly StateTopicName[], generation: number, offset: number): Promise<Position | null> {
    const [only, ...more] = listed;
    if (only?.number !== generation || more.length > 0) return null;
    const reader = this.#topics.reader(only.name);
    const end = await reader.end();
    return end === null || end < offset ? null : { generation, reader, end };
  }

  /** The topic that the owner writes to; null where none is complete, undefined where one is gone meanwhile. */
  async #lookThrough(shard: number, listed: readonly StateTopicName[]): Promise<Looked | null | undefined> {
    const before = this.#looked.get(shard) ?? [];
    const looked: Looked[] = [];
    for (const { name, number } of listed) {
      const known = before.find(({ generation }) => generation === number);
      const reader = known?.reader ?? this.#topics.reader(name);
      const end = await reader.end();
      if (end === null) return undefined;
      // One that was cut is looked through from its beginning.
      const goesOn = known !== undefined && known.end <= end;
      const summary = goesOn ? known.summary : new TopicSummary();
      await reader.read(goesOn ? known.end : 0, end, ({ payload }) => {
        const entry = readEntry(payload);
        if (entry !== null) summary.add(entry);
      });
      looked.push({ summary, generation: number, reader, end });
    }
    if (looked.length > 1) this.#looked.set(shard, looked);
    else this.#looked.delete(shard);
    return newest(looked);
  }
}

/** Where the reading goes on, and up to where. */
type Position = Pick<Looked, 'generation' | 'reader' | 'end'>;

/** Converts an entry for followers; null if it does not concern them or this release cannot read it. */
function shardEntry(payload: Buffer): ShardEntry | null {
  const entry = readEntry(payload);
  if (entry === null) return null;
  const { kind, sequence, key, value } = entry;
  const epoch = epochOf(sequence);
  if (kind === EntryKind.OPENED) return { kind: 'opened', epoch, owner: value };
  if (key.startsWith(OWN)) return null;
  if (kind === EntryKind.PUT) return { kind: 'put', epoch, key, value };
  return kind === EntryKind.FORGET ? { kind: 'put', epoch, key, value: null } : null;
}
