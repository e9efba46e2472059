import type { ShardEntry, ShardValue } from '../../broker/index.js';

/** A follower's view of a shard. Applies entries as `ShardEntry` specifies. */
export class ShardView {
  readonly #values = new Map<string, Uint8Array>();
  #epoch = -1;
  #owner: string | null = null;
  readonly add = (entry: ShardEntry): void => {
    if (entry.kind === 'reset') {
      this.#values.clear();
      this.#epoch = -1;
      this.#owner = null;
      return;
    }
    const { kind, epoch } = entry;
    if (epoch < this.#epoch || (kind === 'opened' && epoch === this.#epoch)) return;
    this.#epoch = epoch;
    if (kind === 'opened') this.#owner = Buffer.from(entry.owner).toString();
    else if (entry.value === null) this.#values.delete(entry.key);
    else this.#values.set(entry.key, Uint8Array.from(entry.value));
  };

  /** The highest epoch; -1 for a shard that was never opened. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Owner record as text; null for a shard that was never opened. */
  get owner(): string | null {
    return this.#owner;
  }

  get values(): readonly ShardValue[] {
    return [...this.#values];
  }
}
