import type { ShardGenerations } from './shard-generations.js';
import { EntryKind, type StateEntry, type StateEntryInit } from './state-entry.js';
import { OvertakenError } from './overtaken.js';
import type { EntrySequence } from './state-replay.js';
import type { StateTopic } from './state-topic.js';
import type { StateValues } from './state-values.js';

/** Entries that one send should carry at most, and bytes of their values. */
export const MAX_ENTRIES = 1000;
export const MAX_BYTES: number = 4 * 1024 * 1024;

/** A shard is written anew when its topic has this many bytes, and so many times more than what is left of it. */
const MIN_REWRITE_BYTES = 16 * 1024 * 1024;
const REWRITE_FACTOR = 4;

/** What a rewriter works on. */
export interface RewriterContext {
  readonly generations: ShardGenerations;
  readonly sequence: EntrySequence;
  readonly values: StateValues;
  /** What this gateway says of itself to those that follow the shard. */
  readonly owner: Uint8Array;
}

/** Writes a shard anew into the topic of the next generation. */
export class StateRewriter {
  readonly #context: RewriterContext;
  /** Bytes that the topic may grow by before it is written anew, after that has failed. */
  #patience = 0;

  constructor(context: RewriterContext) {
    this.#context = context;
  }

  /** Whether a topic has grown so far that it is to be written anew. */
  isDue({ bytes }: StateTopic): boolean {
    const most = Math.max(MIN_REWRITE_BYTES, REWRITE_FACTOR * this.#context.values.bytes);
    return bytes >= most + this.#patience;
  }

  /**
   * Writes the shard anew in place of a topic that has grown. Where that fails, the topic stays in use, and what was begun is
   * dropped when the shard is opened next.
   *
   * @returns The topic to go on with; null for the one before.
   * @throws OvertakenError
   */
  async rewrite(before: StateTopic): Promise<StateTopic | null> {
    const { sequence, owner } = this.#context;
    try {
      const topic = await this.copy(before);
      // The new topic counts only if no other gateway has opened the old one meanwhile. A later one finds both.
      await before.append([sequence.entry(EntryKind.OPENED, '', owner)]);
      this.#patience = 0;
      return topic;
    } catch (error) {
      if (error instanceof OvertakenError) throw error;
      this.#patience = before.bytes;
      return null;
    }
  }

  /**
   * Writes all that is known, and changes that are to be put, in place of a topic that has lost entries.
   *
   * @throws StoreError, IggyCommandError
   */
  async replaceCut(before: StateTopic, changes: readonly StateEntryInit[]): Promise<StateTopic> {
    const { generations, sequence, owner } = this.#context;
    const listed = await generations.list();
    if (listed.some(({ shard, number }) => shard !== null && number > generations.last))
      throw new OvertakenError(before.name);
    const topic = await this.copy(null, changes);
    try {
      await before.append([sequence.entry(EntryKind.OPENED, '', owner)]);
    } catch (error) {
      await topic.drop();
      throw error;
    }
    return topic;
  }

  /**
   * Makes the next topic, with all that is known and changes that are to be put. It begins with the opening, so that those
   * that follow the shard learn who owns it.
   *
   * @param before - The topic that is followed until then: it shows that this gateway is alive.
   * @throws OvertakenError when another gateway has opened that topic.
   */
  async copy(before: StateTopic | null, changes: readonly StateEntryInit[] = []): Promise<StateTopic> {
    const { generations, sequence, values, owner } = this.#context;
    const whole = values.with(changes);
    const topic = await generations.create();
    let entries: StateEntry[] = [sequence.entry(EntryKind.OPENED, '', owner)];
    let bytes = 0;
    for (const [key, value] of whole) {
      entries.push(sequence.entry(EntryKind.PUT, key, value));
      bytes += value.length;
      if (bytes < MAX_BYTES && entries.length < MAX_ENTRIES) continue;
      await topic.append(entries);
      await before?.append([sequence.entry(EntryKind.CHECK)]);
      entries = [];
      bytes = 0;
    }
    await topic.append([...entries, sequence.entry(EntryKind.COMPLETE)]);
    return topic;
  }
}
