import { EntryKind, type StateEntryInit } from './state-entry.js';

/** The keys and values that the log holds. */
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

  [Symbol.iterator](): Iterator<readonly [key: string, value: Uint8Array]> {
    return this.#values[Symbol.iterator]();
  }
}
