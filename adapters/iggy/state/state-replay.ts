import { EntryKind, NO_VALUE, type StateEntry } from './state-entry.js';

/**
 * Sequences of a gateway begin at the next multiple of this, each time that it opens the shard: what a gateway before it
 * writes late, or has copied meanwhile, is older by its sequence, wherever it stands.
 */
const EPOCH = 2 ** 32;

/** Which opening of the shard an entry belongs to, by its sequence. */
export function epochOf(sequence: number): number {
  return Math.floor(sequence / EPOCH);
}

/** Numbers the entries that this gateway writes. */
export class EntrySequence {
  /** Sequence of the entry that was numbered last. */
  last = 0;

  /** Makes the next entry. */
  entry(kind: EntryKind, key = '', value: Uint8Array = NO_VALUE): StateEntry {
    return { kind, key, value, sequence: ++this.last };
  }
}

/** The value of a key, or null once it is forgotten. */
interface Known {
  readonly sequence: number;
  readonly value: Uint8Array | null;
}

/** What is known of a topic, or of several together, without what they hold. */
export class TopicSummary {
  /** The largest sequence of all. */
  sequence = 0;
  /** Sequence of the last COMPLETE entry; 0 for a topic whose writer did not come to the end of what it had to copy. */
  complete = 0;
  /** The largest sequence of an entry that counts, besides openings. */
  settled = 0;
  /** Of whom opened the shard last, up to here. */
  #epoch = 0;

  /** Takes the next entry of a topic. Returns whether it counts, and is no opening. */
  add({ kind, sequence }: StateEntry): boolean {
    this.sequence = Math.max(this.sequence, sequence);
    const epoch = epochOf(sequence);
    if (kind === EntryKind.OPENED) this.#epoch = Math.max(this.#epoch, epoch);
    // Refused to whom it was written for: another gateway had opened the shard.
    if (kind === EntryKind.OPENED || epoch < this.#epoch) return false;
    this.settled = Math.max(this.settled, sequence);
    if (kind === EntryKind.COMPLETE) this.complete = Math.max(this.complete, sequence);
    return true;
  }
}

/**
 * Returns the topic that the owner of the shard writes to, or wrote to last; null if no topic is complete. This is not always
 * the highest generation: a gateway that was overtaken while it rewrote the shard leaves behind a topic that is not used.
 */
export function newest<Topic extends { readonly summary: TopicSummary }>(topics: readonly Topic[]): Topic | null {
  let found: Topic | null = null;
  for (const topic of topics) {
    const { complete, settled } = topic.summary;
    if (complete > 0 && settled > (found?.summary.settled ?? 0)) found = topic;
  }
  return found;
}

/** What the entries of one topic, or of several, say together. */
export class StateReplay {
  readonly summary: TopicSummary = new TopicSummary();
  readonly #known = new Map<string, Known>();

  /** Takes the next entry of a topic. */
  add(entry: StateEntry): void {
    if (!this.summary.add(entry)) return;
    const { kind, sequence, key, value } = entry;
    if (kind === EntryKind.PUT) this.#learn(key, { sequence, value });
    if (kind === EntryKind.FORGET) this.#learn(key, { sequence, value: null });
  }

  /** Takes what a topic with a higher number says: when it was complete, it had all that is older. */
  followedBy(next: StateReplay): void {
    const { summary } = this;
    const { sequence, complete } = next.summary;
    summary.sequence = Math.max(summary.sequence, sequence);
    if (complete === 0) return;
    summary.complete = Math.max(summary.complete, complete);
    for (const [key, known] of this.#known) if (known.sequence < complete) this.#known.delete(key);
    for (const [key, known] of next.#known) this.#learn(key, known);
  }

  /** The sequence that the next gateway begins with. */
  get nextEpoch(): number {
    return (epochOf(this.summary.sequence) + 1) * EPOCH;
  }

  *values(): Generator<readonly [key: string, value: Uint8Array]> {
    for (const [key, { value }] of this.#known) if (value !== null) yield [key, value];
  }

  /** A send that was given up may have come late: what was put after it, holds. */
  #learn(key: string, known: Known): void {
    if ((this.#known.get(key)?.sequence ?? 0) <= known.sequence) this.#known.set(key, known);
  }
}
