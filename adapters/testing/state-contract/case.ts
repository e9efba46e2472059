import type { StateBench } from './state-bench.js';

/**
 * Optional capabilities of a store:
 *
 * - `durable`: a new store over the engine loads the state of earlier stores;
 * - `shared`: several stores over the engine may be open at the same time, as with several brokers;
 * - `shards`: the state may have more than one shard;
 * - `followShard`: the store implements `followShard`.
 */
export type StateCapability = 'durable' | 'shared' | 'shards' | 'followShard';

/** Requirement of a case: a capability, or the option `refusedChange`. */
export type StateNeed = StateCapability | 'refusedChange';

/** Definition of a case. */
export interface StateCase {
  readonly name: string;
  readonly needs?: readonly StateNeed[];
  readonly run: (bench: StateBench) => Promise<void>;
}
