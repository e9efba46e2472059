import type { StateBench } from './state-bench.js';

/**
 * What a store may lack, by name:
 *
 * - `durable`: a new store over the engine finds what the stores before it have put;
 * - `shared`: several stores over the engine may be open at the same time, as those of several brokers are;
 * - `shards`: the state may have more than one shard;
 * - `followShard`: the store has that method.
 */
export type StateCapability = 'durable' | 'shared' | 'shards' | 'followShard';

/** What a case needs: a capability, or the option `refusedChange`. */
export type StateNeed = StateCapability | 'refusedChange';

/** A case as its file has it. */
export interface StateCase {
  readonly name: string;
  readonly needs?: readonly StateNeed[];
  readonly run: (bench: StateBench) => Promise<void>;
}
