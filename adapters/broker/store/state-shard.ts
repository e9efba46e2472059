import type { Awaitable } from '../../../src/contract/index.js';
import type { StoreError } from './store-error.js';

/**
 * The durable state of the kit is divided into shards: ordered key/value logs, each with one owner at a time. Keys, values
 * and what an owner says of itself are opaque to stores. A broker that is alone uses one shard.
 */
export interface ShardOpening {
  /** Number of the shard, from 0. */
  readonly shard: number;
  /** Number of shards. The first opening that succeeds fixes it: later, a store throws `INVALID` for another number. */
  readonly shardCount: number;
  /** What the new owner says of itself, for those that follow the shard. */
  readonly owner: Uint8Array;
  /**
   * Epoch of the opening that this one is to replace: `FENCED` if another opening was the last one, or if there was none.
   * Null to replace whichever was the last.
   */
  readonly expectedEpoch: number | null;
  /**
   * Called with all that the shard holds before its present owner is fenced, and again if that has changed meanwhile. What it
   * throws rejects the opening, and the present owner goes on.
   */
  readonly accept: (values: Iterable<ShardValue>) => void;
  /**
   * Called once if the store finds, at whatever moment, that another owner has opened the shard or that its state is gone;
   * with the error that `put` fails with from then on. The first `put` or `check` that fails with `FENCED` has found it. Not
   * called once the shard is closed.
   */
  readonly fenced: (error: StoreError) => void;
}

/** A key and its value. */
export type ShardValue = readonly [key: string, value: Uint8Array];

/** A key and its new value; null forgets the key. */
export type ShardChange = readonly [key: string, value: Uint8Array | null];

/** A shard of the durable state that this broker has opened. */
export interface StateShard {
  /**
   * Number of this opening, higher than that of every opening before: the leader epoch and coordinator epoch of what
   * belongs to the shard (KIP-101, KIP-98).
   */
  readonly epoch: number;
  /** Returns all that was put and not forgotten, by this owner and by those before. */
  load(signal: AbortSignal): Awaitable<Iterable<ShardValue>>;
  /**
   * Makes changes, all or none even if the process ends meanwhile, in their order and that of the calls. Settles once they would
   * be found after a restart, as far as the store is durable. The memory of the values may change after that.
   *
   * @throws StoreError `FENCED` once another owner has opened the shard; `INVALID` for what the engine cannot hold.
   */
  put(changes: readonly ShardChange[]): Awaitable<void>;
  /**
   * Settles if the shard was still this owner's at a moment after the call. Calls that overlap may share one answer of the engine.
   *
   * @throws StoreError `FENCED`.
   */
  check(signal: AbortSignal): Awaitable<void>;
  /**
   * Gives the shard back, once what was put has settled. Called after all other methods, also once it is fenced, and then also
   * after the shard was opened again. Changes nothing of what the shard holds.
   */
  close(signal: AbortSignal): Awaitable<void>;
}

/**
 * What a follower of a shard reads. An entry with an epoch lower than one that was read before is void, since its owner was
 * fenced; so is an opening with the same epoch as one that was read before.
 */
export type ShardEntry =
  | { readonly kind: 'opened'; readonly epoch: number; readonly owner: Uint8Array }
  | { readonly kind: 'put'; readonly epoch: number; readonly key: string; readonly value: Uint8Array | null }
  /**
   * What was read before does not count any more: the newest opening follows, and then all that the shard holds, each value
   * with the epoch of that opening or a later one.
   */
  | { readonly kind: 'reset' };
