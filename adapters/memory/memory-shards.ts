import { type ShardChange, type ShardOpening, type StateShard, StoreError } from '../broker/index.js';

/** Estimated overhead of an entry of the durable state in bytes. */
const ENTRY_BYTES = 64;

/** The values of a shard and its newest opening. */
interface Shard {
  readonly values: Map<string, Uint8Array>;
  /** -1 before the first opening. */
  epoch: number;
  fenced: ((error: StoreError) => void) | null;
}

/** The durable state of the broker. It exists as long as this object. */
export class MemoryShards {
  readonly #maxBytes: number;
  readonly #shards = new Map<number, Shard>();
  /** 0 before the first opening. */
  #shardCount = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Opens a shard and fences its owner. @throws StoreError `FENCED`, `INVALID` */
  open({ shard: index, shardCount, expectedEpoch, accept, fenced }: ShardOpening): StateShard {
    if (this.#shardCount !== 0 && this.#shardCount !== shardCount) {
      const expected = `expected ${String(this.#shardCount)}, with which the state was created`;
      throw new StoreError('INVALID', `the memory store: number of shards: "${String(shardCount)}"; ${expected}`);
    }
    const shard: Shard = this.#shards.get(index) ?? { values: new Map<string, Uint8Array>(), epoch: -1, fenced: null };
    if (expectedEpoch !== null && expectedEpoch !== shard.epoch) throw fencedError(index);
    accept(shard.values);
    this.#shards.set(index, shard);
    this.#shardCount = shardCount;
    const epoch = ++shard.epoch;
    shard.fenced?.(fencedError(index));
    shard.fenced = fenced;
    const check = (): void => {
      if (shard.epoch !== epoch) throw fencedError(index);
    };
    return {
      epoch,
      load: () => [...shard.values].sort(([a], [b]) => (a < b ? -1 : 1)),
      put: (changes) => {
        check();
        this.#put(shard.values, changes);
      },
      check,
      close: () => {
        if (shard.epoch === epoch) shard.fenced = null;
      },
    };
  }

  #put(values: Map<string, Uint8Array>, changes: readonly ShardChange[]): void {
    // If a key has several changes, the last one counts.
    const latest = changes.length === 1 ? changes : new Map(changes);
    let growth = 0;
    for (const [key, value] of latest) {
      const before = values.get(key);
      if (before !== undefined) growth -= bytesOf(key, before);
      if (value !== null) growth += bytesOf(key, value);
    }
    if (growth > 0 && this.#bytes + growth > this.#maxBytes) {
      const limit = `its limit is ${String(this.#maxBytes)} (maxStateBytes)`;
      throw new StoreError('FULL', `the memory store has no room for ${String(growth)} more bytes of state: ${limit}`);
    }
    this.#bytes += growth;
    for (const [key, value] of latest) {
      if (value === null) values.delete(key);
      // Copy the value: a small Buffer is a slice of a pool of 8 KiB, and would keep the whole pool in memory.
      else values.set(key, new Uint8Array(value));
    }
  }
}

function bytesOf(key: string, value: Uint8Array): number {
  return key.length + value.length + ENTRY_BYTES;
}

function fencedError(shard: number): StoreError {
  return new StoreError('FENCED', `another broker has opened shard ${String(shard)} of this memory store`);
}
