import type { ShardEntry, ShardValue } from '../../broker/index.js';

/** What a follower knows of a shard: adds up entries as `ShardEntry` says. */
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

  /** What the owner says of itself; null for a shard that was never opened. */
  get owner(): string | null {
    return this.#owner;
  }

  get values(): readonly ShardValue[] {
    return [...this.#values];
  }
}
