import { EntryKind, NO_VALUE, type StateEntry } from './state-entry.js';

/**
 * Sequences of a gateway begin at the next multiple of this, each time that it opens the log: what a gateway before it
 * writes late, or has copied meanwhile, is older by its sequence, wherever it stands.
 */
const EPOCH = 2 ** 32;

/** Which opening of the log an entry belongs to, by its sequence. */
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

/** What the entries of one topic, or of several, say together. */
export class StateReplay {
  /** The largest sequence of all. */
  sequence = 0;
  /** Sequence of the last COMPLETE entry; 0 for a topic whose writer did not come to the end of what it had to copy. */
  complete = 0;
  readonly #known = new Map<string, Known>();
  /** Of whom opened the log last, up to here. */
  #epoch = 0;

  /** Takes the next entry of a topic. */
  add({ kind, sequence, key, value }: StateEntry): void {
    this.sequence = Math.max(this.sequence, sequence);
    const epoch = epochOf(sequence);
    switch (kind) {
      case EntryKind.COMPLETE:
        this.complete = Math.max(this.complete, sequence);
        break;
      case EntryKind.OPENED:
        this.#epoch = Math.max(this.#epoch, epoch);
        break;
      case EntryKind.PUT:
      case EntryKind.FORGET:
        // Refused to whom it was put for: another gateway had opened the log.
        if (epoch < this.#epoch) break;
        this.#learn(key, { sequence, value: kind === EntryKind.PUT ? value : null });
        break;
      case EntryKind.CLOSED:
      case EntryKind.HEARTBEAT:
      // For those that follow the log.
    }
  }

  /** Takes what a topic with a higher number says: when it was complete, it had all that is older. */
  followedBy(next: StateReplay): void {
    this.sequence = Math.max(this.sequence, next.sequence);
    if (next.complete === 0) return;
    this.complete = Math.max(this.complete, next.complete);
    for (const [key, { sequence }] of this.#known) if (sequence < next.complete) this.#known.delete(key);
    for (const [key, known] of next.#known) this.#learn(key, known);
  }

  /** The sequence that the next gateway begins with. */
  get nextEpoch(): number {
    return (epochOf(this.sequence) + 1) * EPOCH;
  }

  *values(): Generator<readonly [key: string, value: Uint8Array]> {
    for (const [key, { value }] of this.#known) if (value !== null) yield [key, value];
  }

  /** A send that was given up may have come late: what was put after it, holds. */
  #learn(key: string, known: Known): void {
    if ((this.#known.get(key)?.sequence ?? 0) <= known.sequence) this.#known.set(key, known);
  }
}
