import type { Awaitable } from '../../src/contract.js';

/** State of the kit's parts, kept by the store over restarts: each part has keys that begin with its own prefix. */
export interface DurableState {
  /** What was kept under keys with this prefix, without it, as it was at `open`. */
  load(prefix: string): Iterable<readonly [key: string, value: Buffer]>;
  /** Keeps a value; null forgets it. Puts of one key never overtake each other. */
  put(key: string, value: Uint8Array | null): Awaitable<void>;
}
