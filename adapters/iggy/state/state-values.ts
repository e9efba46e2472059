import type { ShardValue } from '../../broker/index.js';
import { EntryKind, type StateEntryInit } from './state-entry.js';

/** Prefix of the adapter's own keys. */
export const OWN = 'iggy/';

/** Keys and values of a shard. */
export class StateValues {
  readonly #values = new Map<string, Uint8Array>();
  #bytes = 0;

  /** Size of the keys and values in bytes. */
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

  /** Returns a copy with changes applied that are not confirmed yet. */
  with(changes: readonly StateEntryInit[]): Map<string, Uint8Array> {
    const values = new Map(this.#values);
    for (const { kind, key, value } of changes) {
      if (kind === EntryKind.PUT) values.set(key, value);
      else if (kind === EntryKind.FORGET) values.delete(key);
    }
    return values;
  }

  /** Yields the kit's values. */
  *ofKit(): Generator<ShardValue> {
    for (const entry of this.#values) if (!entry[0].startsWith(OWN)) yield entry;
  }

  /** Yields the adapter's values whose keys have this prefix, with the prefix removed. */
  *own(prefix: string): Generator<ShardValue> {
    const whole = OWN + prefix;
    for (const [key, value] of this.#values) if (key.startsWith(whole)) yield [key.slice(whole.length), value];
  }
}
