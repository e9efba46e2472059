import type { ShardValue } from '../../broker/index.js';
import { EntryKind, type StateEntryInit } from './state-entry.js';

/** Keys that are the adapter's, and none of the kit's. */
export const OWN = 'iggy/';

/** The keys and values that a shard holds. */
export class StateValues {
  readonly #values = new Map<string, Uint8Array>();
  #bytes = 0;

  /** Bytes of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Applies a change that the log has confirmed. */
  apply({ kind, key, value }: StateEntryInit): void {
    const before = this.#values.get(key);
    if (before !== undefined) this.#bytes -= key.length + before.length;
    if (kind === EntryKind.PUT) {
      this.#values.set(key, value);
      this.#bytes += key.length + value.length;
    } else if (kind === EntryKind.FORGET) {
      this.#values.delete(key);
    }
  }

  /** Replaces everything. */
  replace(values: Iterable<readonly [key: string, value: Uint8Array]>): void {
    this.#values.clear();
    this.#bytes = 0;
    for (const [key, value] of values) this.apply({ kind: EntryKind.PUT, key, value });
  }

  /** A copy, with changes that are not confirmed yet. */
  with(changes: readonly StateEntryInit[]): Map<string, Uint8Array> {
    const values = new Map(this.#values);
    for (const { kind, key, value } of changes) {
      if (kind === EntryKind.PUT) values.set(key, value);
      else if (kind === EntryKind.FORGET) values.delete(key);
    }
    return values;
  }

  /** What the kit has put. */
  *ofKit(): Generator<ShardValue> {
    for (const entry of this.#values) if (!entry[0].startsWith(OWN)) yield entry;
  }

  /** What the adapter has put under keys with this prefix, without it. */
  *own(prefix: string): Generator<ShardValue> {
    const whole = OWN + prefix;
    for (const [key, value] of this.#values) if (key.startsWith(whole)) yield [key.slice(whole.length), value];
  }
}
