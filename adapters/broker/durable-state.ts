import { type Awaitable, isPromise } from '../../src/contract/index.js';
import { asBuffer } from './as-buffer.js';
import type { StateShard } from './store/state-shard.js';

/** State of the kit's parts, kept by the store over restarts: each part has keys that begin with its own prefix. */
export interface DurableState {
  /**
   * What was kept under keys with this prefix, without it, as it was at `open`. Only until all parts are open: after
   * that nothing is held in memory for it.
   */
  load(prefix: string): Iterable<readonly [key: string, value: Buffer]>;
  /** Keeps a value; null forgets it. Puts of one key never overtake each other. */
  put(key: string, value: Uint8Array | null): Awaitable<void>;
}

/** The shard that a broker owns. */
export interface OwnedShard {
  load(): ReturnType<StateShard['load']>;
  put: StateShard['put'];
}

/** The durable state over a shard, which keeps the order of puts itself. */
export class StoredState implements DurableState {
  readonly #owned: OwnedShard;
  readonly #loaded = new Map<string, Uint8Array>();
  /** Puts that have not settled; none of these rejects. */
  readonly #puts = new Set<Promise<void>>();

  constructor(owned: OwnedShard) {
    this.#owned = owned;
  }

  /** Loads what was put before. */
  async open(): Promise<void> {
    this.#loaded.clear();
    for (const [key, value] of await this.#owned.load()) this.#loaded.set(key, value);
  }

  /** All parts are open: what was loaded, they have. */
  settled(): void {
    this.#loaded.clear();
  }

  *load(prefix: string): Generator<readonly [key: string, value: Buffer]> {
    for (const [key, value] of this.#loaded) {
      if (!key.startsWith(prefix)) continue;
      yield [key.slice(prefix.length), asBuffer(value)];
    }
  }

  put(key: string, value: Uint8Array | null): Awaitable<void> {
    const kept = this.#owned.put([[key, value]]);
    if (isPromise(kept)) {
      const forget = (): void => {
        this.#puts.delete(settled);
      };
      const settled = Promise.resolve(kept).then(forget, forget);
      this.#puts.add(settled);
    }
    return kept;
  }

  /** Waits for all puts, of which some are nobody's who waits: the store is closed after them. */
  async close(): Promise<void> {
    await Promise.all(this.#puts);
  }
}
